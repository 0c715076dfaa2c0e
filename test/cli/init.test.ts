/**
 * `sluice init` and `sluice schema`, as people use them.
 */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../support/load-config.ts'
import { runCommand } from '../support/command.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder('init')
const run = (...args: readonly string[]) => runCommand(args, { folder })
const written = (file: string) => readFileSync(join(folder, file), 'utf8')

describe('sluice init', () => {
  test('writes a file that passes check, and overwrites nothing', async () => {
    expect(await run('init')).toMatchObject({ exitCode: 0, stderr: '' })
    const text = written('sluice.yaml')
    expect(await run('check')).toMatchObject({ exitCode: 0 })
    const again = await run('init', '--to', 'ws://other:1')
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      '✖ sluice.yaml cannot be written: it is there already; name another file.\n',
    ])
    expect(written('sluice.yaml')).toBe(text)
  })

  test('takes the server, the port and the path, whatever YAML would make of them', async () => {
    const options = ['--to', 'wss://[::1]:9000/base', '--port', '9090', '--path', '/chat/:room/*']
    expect(await run('init', 'other.yaml', ...options)).toMatchObject({ exitCode: 0 })
    const loaded = loadConfig(written('other.yaml'), {
      file: 'other.yaml',
      env: {},
      readFile: () => '',
    })
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        listeners: [{ port: 9090 }],
        upstreams: [{ endpoints: [{ url: 'wss://[::1]:9000/base' }] }],
        routes: [{ path: '/chat/:room/*' }],
      },
    })
  })

  test('tells what is wrong by its options and writes nothing', async () => {
    const { exitCode, stderr } = await run(
      'init',
      'wrong.yaml',
      '--to',
      'localhost:9000',
      '--path',
      'chat',
    )
    expect(exitCode).toBe(2)
    expect(stderr).toBe(`✖ --path: must start with "/", not "chat"; did you mean "/chat"?

✖ --to: "localhost:9000" is not a URL such as ws://localhost:9000; did you mean "ws://localhost:9000"?

2 problems in the command line
`)
    expect((await run('check', 'wrong.yaml')).stderr).toContain('there is no such file')
  })

  test('has comments whose keys can be used as they stand', async () => {
    await run('init', 'plain.yaml')
    const used = written('plain.yaml').replace(
      /^( *)# (origins|limits|timeout|heartbeat|admin):/gm,
      '$1$2:',
    )
    expect(used).toContain('\n    origins: [')
    const loaded = loadConfig(used, { file: 'plain.yaml', env: {}, readFile: () => '' })
    expect(loaded).toMatchObject({
      ok: true,
      config: { admin: { port: 9090 }, routes: [{ heartbeat: { clientMs: 30_000 } }] },
    })
  })

  test('says why a file cannot be written', async () => {
    const { exitCode, stderr } = await run('init', 'no/such/file.yaml')
    expect([exitCode, stderr]).toEqual([
      1,
      '✖ no/such/file.yaml cannot be written: there is no folder no/such; make it first.\n',
    ])
  })
})

test('sluice schema prints a JSON Schema', async () => {
  const { exitCode, stdout } = await run('schema')
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    $schema: 'http://json-schema.org/draft-07/schema#',
    required: ['listeners', 'routes'],
    additionalProperties: false,
  })
})
