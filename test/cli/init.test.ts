/**
 * `sluice init` and `sluice schema`, as people use them.
 */
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'

const sluice = join(import.meta.dir, '../../bin/sluice')
const folder = mkdtempSync(join(tmpdir(), 'sluice-init-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([sluice, ...args], { cwd: folder })
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

const written = (file: string) => readFileSync(join(folder, file), 'utf8')

describe('sluice init', () => {
  test('writes a file that passes check, and overwrites nothing', () => {
    expect(run('init')).toMatchObject({ exitCode: 0, stderr: '' })
    const text = written('sluice.yaml')
    expect(run('check')).toMatchObject({ exitCode: 0 })
    const again = run('init', '--to', 'ws://other:1')
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      '✖ sluice.yaml cannot be written: it is there already; name another file.\n',
    ])
    expect(written('sluice.yaml')).toBe(text)
  })

  test('takes the server, the port and the path, whatever YAML would make of them', () => {
    const options = ['--to', 'wss://[::1]:9000/base', '--port', '9090', '--path', '/chat/:room/*']
    expect(run('init', 'other.yaml', ...options)).toMatchObject({ exitCode: 0 })
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

  test('tells what is wrong by its options and writes nothing', () => {
    const { exitCode, stderr } = run(
      'init',
      'wrong.yaml',
      '--to',
      'localhost:9000',
      '--path',
      'chat',
    )
    expect(exitCode).toBe(2)
    expect(stderr).toBe(`✖ --path: must start with "/", not "chat"; did you mean "/chat"?

✖ --to: unknown upstream "localhost:9000"; did you mean "ws://localhost:9000"?

2 problems in the command line
`)
    expect(run('check', 'wrong.yaml').stderr).toContain('there is no such file')
  })

  test('has comments whose keys can be used as they stand', () => {
    run('init', 'plain.yaml')
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

  test('says why a file cannot be written', () => {
    const { exitCode, stderr } = run('init', 'no/such/folder.yaml')
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('cannot be written')])
  })
})

test('sluice schema prints a JSON Schema', () => {
  const { exitCode, stdout } = run('schema')
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    $schema: 'http://json-schema.org/draft-07/schema#',
    required: ['listeners', 'routes'],
    additionalProperties: false,
  })
})
