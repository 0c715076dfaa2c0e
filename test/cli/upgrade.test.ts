/**
 * `sluice upgrade`, typed at an admin port at which an upgrade gets on as a test wants it to.
 */
import { describe, expect, test } from 'bun:test'
import { createServer, type AddressInfo } from 'node:net'
import type { Operations, UpgradeStep } from '../../src/core/operations.ts'
import { startAdminOf } from '../support/admin.ts'
import { runCommand, startCommand } from '../support/command.ts'
import { relayTo, startGatewayHere } from '../support/gateway.ts'
import { fakeOperations, Steps } from '../support/operations.ts'
import { readHead, startRawServer } from '../support/raw.ts'

const started: UpgradeStep = { step: 'started', pid: 123 }
const ready: UpgradeStep = { step: 'ready', pid: 123, version: '1.2.3', sessions: 1_412 }
const leaving = (sessions: number): UpgradeStep => ({ step: 'leaving', sessions })
const left: UpgradeStep = { step: 'left' }
const serving = '✔ process 123 serves, version 1.2.3; the 1,412 sessions of the old one leave\n'

/** A gateway with these operations, and the command typed at its admin port. */
async function startFor(operations: Operations) {
  const token = 's3cret-and-long-enough'
  const gateway = startGatewayHere(relayTo('ws://127.0.0.1:1'))
  const admin = await startAdminOf(gateway, { token }, operations)
  const args = ['upgrade', '--admin', admin.url]
  const env = { SLUICE_TOKEN: token }
  return {
    type: (...more: readonly string[]) => runCommand([...args, ...more], { env }),
    start: (...more: readonly string[]) => startCommand([...args, ...more], { env }),
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]()
      await gateway[Symbol.asyncDispose]()
    },
  }
}

async function typeFor(told: readonly UpgradeStep[], ...more: readonly string[]) {
  const steps = new Steps(...told)
  await using gateway = await startFor(fakeOperations({ steps }))
  void steps.end()
  return await gateway.type(...more)
}

describe('sluice upgrade', () => {
  test('follows the upgrade until the old process has left', async () => {
    expect(await typeFor([started, ready, leaving(412), leaving(1), left])).toEqual({
      exitCode: 0,
      stdout: `${serving}✔ the old process has left\n`,
      stderr: 'started pid 123 …\n1,412 sessions left\n412 sessions left\n1 session left\n',
    })
  })

  test('prints each step as JSON with --json', async () => {
    const { exitCode, stdout, stderr } = await typeFor([started, ready, left], '--json')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([started, ready, left])
    expect([exitCode, stderr]).toEqual([0, ''])
  })

  test('exits with 1 where the new process does not serve, and says why', async () => {
    const problem = 'the new process has ended with exit code 1'
    expect(await typeFor([started, { step: 'failed', problem }])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `started pid 123 …\n✖ ${problem}; the gateway goes on as if nothing had been\n`,
    })
  })

  test('marks a problem once, also where it comes with a mark', async () => {
    const problem = '✖ c.yaml cannot be read: there is no such file.'
    const { stderr } = await typeFor([started, { step: 'failed', problem }])
    expect(stderr).toContain('\n✖ c.yaml cannot be read')
  })

  test('prints what is wrong with the file of the new process in lines of their own', async () => {
    const problem = '✖ listeners: is missing\n    sluice.yaml:1:1\n1 problem in sluice.yaml\n'
    const { exitCode, stderr } = await typeFor([started, { step: 'failed', problem }])
    expect([exitCode, stderr]).toEqual([
      1,
      `started pid 123 …\n✖ the new process could not take over; the gateway goes on as if nothing had been\n${problem}`,
    ])
  })

  test('says what to do where no upgrade can begin', async () => {
    const why = 'this is process 1 of a container: start a new container beside it'
    await using gateway = await startFor(fakeOperations({ steps: why }))
    expect(await gateway.type()).toEqual({ exitCode: 1, stdout: '', stderr: `✖ ${why}\n` })
  })

  test('takes nobody else for a gateway', async () => {
    await using other = await startRawServer(() => {})
    const place = ['--admin', `127.0.0.1:${other.port}`]
    const { exitCode, stderr } = await runCommand(['upgrade', ...place])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('and not as Sluice does')])
  })

  test('is calm when the old process ends without a last word', async () => {
    await using gateway = await startEnding(started, ready, leaving(7))
    expect(await gateway.type()).toEqual({
      exitCode: 0,
      stdout: `${serving}✔ the old process tells no more, as when it has ended; 123 serves\n`,
      stderr: 'started pid 123 …\n1,412 sessions left\n7 sessions left\n',
    })
  })

  test('is not when it does so before the new one serves', async () => {
    await using gateway = await startEnding(started)
    expect(await gateway.type()).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'started pid 123 …\n✖ the gateway has ended the connection before a new process served: see its log, and sluice status\n',
    })
  })

  test('is followed no more at Ctrl-C, and the upgrade goes on', async () => {
    const steps = new Steps(started, ready)
    await using gateway = await startFor(fakeOperations({ steps }))
    await using command = gateway.start('--json')
    while (command.lines.length < 2) await Bun.sleep(5)
    command.kill('SIGINT')
    expect(await command.exitCode).toBe(1)
    expect(await command.stderr).toBe(
      '✖ followed no more; the upgrade goes on, and the log tells of it\n',
    )
    steps.tell(leaving(3), left)
    await steps.end()
  })
})

/** An admin port that tells these steps and is gone, as that of a process that is killed. */
async function startEnding(...steps: readonly UpgradeStep[]) {
  const head =
    'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n'
  const chunks = steps.map((step) => {
    const line = `${JSON.stringify(step)}\n`
    return `${line.length.toString(16)}\r\n${line}\r\n`
  })
  const server = createServer((socket) => {
    readHead(socket, () => socket.end(head + chunks.join('')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    type: () => runCommand(['upgrade', '--admin', `http://127.0.0.1:${port}`]),
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}
