/**
 * `sluice reload`, typed at an admin port that answers what a test wants it to.
 */
import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Operations } from '../../src/core/operations.ts'
import type { ReloadResult } from '../../src/core/reload.ts'
import { startAdminOf } from '../support/admin.ts'
import { runCommand } from '../support/command.ts'
import { relayTo, startGatewayHere } from '../support/gateway.ts'
import { fakeOperations, limitsChange, routeRemoval } from '../support/operations.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder('reload')
const token = 's3cret-and-long-enough'

/** Types `sluice reload` at a gateway whose operations are these. */
async function type(operations: Operations, ...args: readonly string[]) {
  await using gateway = startGatewayHere(relayTo('ws://127.0.0.1:1'))
  await using admin = await startAdminOf(gateway, { token }, operations)
  const env = { SLUICE_TOKEN: token }
  return await runCommand(['reload', ...args, '--admin', admin.url], { env, folder })
}

const typeFor = (result: ReloadResult, ...args: readonly string[]) =>
  type(fakeOperations({ result }), ...args)

describe('sluice reload', () => {
  test('says what has changed, a line each', async () => {
    expect(await typeFor({ outcome: 'reloaded', changes: [limitsChange, routeRemoval] })).toEqual({
      exitCode: 0,
      stdout: `✔ reloaded, 2 changes:
  route chat: limits.messages 50/s → 80/s; 412 sessions follow
  route lobby: removed; 1 session leaves
`,
      stderr: '',
    })
  })

  test('says that nothing has changed where the file is the same', async () => {
    const { stdout } = await typeFor({ outcome: 'reloaded', changes: [] })
    expect(stdout).toBe('✔ reloaded: nothing in the file has changed\n')
  })

  test('only asks what would change with --dry-run, and says that nothing was done', async () => {
    const operations = fakeOperations({ result: { outcome: 'tried', changes: [limitsChange] } })
    const { exitCode, stdout } = await type(operations, '--dry-run')
    expect([exitCode, stdout]).toEqual([
      0,
      `✔ the file can be taken; nothing was done yet. sluice reload makes 1 change:
  route chat: limits.messages 50/s → 80/s; 412 sessions follow
  ports are not bound by a dry run: whether they are free is not known
`,
    ])
    expect(operations.asked).toEqual(['dry run'])
  })

  test('prints what the admin port answers with --json', async () => {
    const { stdout } = await typeFor({ outcome: 'reloaded', changes: [limitsChange] }, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'reloaded',
      changes: [{ what: 'route chat', sessions: { count: 412, fate: 'follow' } }],
    })
  })

  test('prints what is wrong with the file of the gateway as sluice check does, and exits with 2', async () => {
    const file = join(folder, 'wrong.yaml')
    writeFileSync(file, 'listeners: [8080]\nroutse: []\n')
    const { stderr: problem } = await runCommand(['check', file])
    expect(problem).toContain('wrong.yaml:2:1')
    expect(await typeFor({ outcome: 'refused', problem })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `${problem}  nothing has changed: the gateway goes on with the configuration it has\n`,
    })
  })

  test('prints what cannot be had as a sentence of its own, and obeys nothing in it', async () => {
    const problem = 'cannot listen on 127.0.0.1:80: EACCES\x1b[2J'
    const { exitCode, stderr } = await typeFor({ outcome: 'refused', problem })
    expect([exitCode, stderr.split('\n')[0]]).toEqual([
      2,
      '✖ cannot listen on 127.0.0.1:80: EACCES\\x1b[2J',
    ])
  })

  test('reads a wrong file itself where it tells the admin port, and asks nobody', async () => {
    const file = join(folder, 'alone.yaml')
    writeFileSync(file, 'routes: 7\n')
    const { exitCode, stderr } = await runCommand(['reload', file])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('alone.yaml:1:9')])
    expect(stderr).toContain('the gateway goes on, and was not asked')
  })

  // It was never asked, so that its log and its metrics did not tell of it.
  test('lets the gateway say what is wrong with a file that still tells the admin port', async () => {
    const operations = fakeOperations({ result: { outcome: 'refused', problem: 'it says so' } })
    await using gateway = startGatewayHere(relayTo('ws://127.0.0.1:1'))
    await using admin = await startAdminOf(gateway, { token }, operations)
    const file = join(folder, 'elsewhere.yaml')
    writeFileSync(file, `routse: []\nadmin: { port: ${admin.port}, token: ${token} }\n`)
    const { exitCode, stderr } = await runCommand(['reload', file])
    expect([exitCode, stderr]).toEqual([
      2,
      '✖ it says so\n  nothing has changed: the gateway goes on with the configuration it has\n',
    ])
    expect(operations.asked).toEqual(['reload'])
  })

  test('says what is wrong with such a file itself where no gateway answers', async () => {
    const file = join(folder, 'nobody.yaml')
    writeFileSync(file, `routse: []\nadmin: 1\n`)
    const { exitCode, stderr } = await runCommand(['reload', file])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('nobody.yaml:1:1')])
    expect(stderr).toContain('nothing listens at')
  })

  test('exits with 1 where no gateway can be asked, or lets nobody in', async () => {
    const { exitCode, stderr } = await runCommand(['reload', '--admin', 'http://127.0.0.1:1'])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('nothing listens at')])
    await using gateway = startGatewayHere(relayTo('ws://127.0.0.1:1'))
    await using admin = await startAdminOf(gateway, { token }, fakeOperations())
    const stranger = await runCommand(['reload', '--admin', admin.url])
    expect([stranger.exitCode, stranger.stderr]).toEqual([
      1,
      expect.stringContaining('The token is read from SLUICE_TOKEN'),
    ])
  })
})
