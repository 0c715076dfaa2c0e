/**
 * The compiled file, alone: started with nothing on the PATH, in a folder where nothing is.
 */
import { beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand, startCommand, type CommandOptions } from '../support/command.ts'
import { compiledFile } from '../support/compiled-file.ts'
import { startPeer } from '../support/peer.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openWebSocket } from '../support/websocket.ts'

const root = join(import.meta.dir, '../..')
const empty = temporaryFolder('alone')
let alone: CommandOptions
beforeAll(() => {
  alone = { folder: empty, command: compiledFile(), env: { PATH: '' }, environment: 'none' }
}, 60_000)

/** Puts files into the folder for as long as the test takes. */
function withFiles(files: Readonly<Record<string, string>>): Disposable {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(empty, name), text)
  return {
    [Symbol.dispose]() {
      for (const name of Object.keys(files)) rmSync(join(empty, name))
    },
  }
}

describe('the compiled file', () => {
  test('says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const { exitCode, stdout, stderr } = await runCommand(['version'], alone)
    expect([exitCode, stdout, stderr]).toEqual([0, `sluice ${version} (Bun ${Bun.version})\n`, ''])
  })

  test('explains every command', async () => {
    const { stdout } = await runCommand(['help'], alone)
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '')
    expect(commands).toContain('run')
    for (const command of commands.filter((name) => name !== 'help'))
      expect(await runCommand(['help', command], alone)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('checks a configuration', async () => {
    using _ = withFiles({
      'sluice.yaml': 'listeners: [8080]\nroutes: [{ upstream: ws://localhost:9000 }]\n',
      'bad.yaml': 'listeners: [99999]\nroutes: [{ upstream: ws://localhost:9000 }]\n',
    })
    expect(await runCommand(['check'], alone)).toMatchObject({ exitCode: 0, stderr: '' })
    const { exitCode, stderr } = await runCommand(['check', 'bad.yaml'], alone)
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('bad.yaml:1:13')])
  })

  test('loads plugins, in TypeScript too', async () => {
    using _ = withFiles({
      'mine.ts':
        "import type { BalancerExtension } from 'sluice'\nconst mine: BalancerExtension = { type: 'mine', doc: 'Mine.', options: {}, create: () => ({ update() {}, choose: () => undefined }) }\nexport default { balancers: [mine] }\n",
      'sluice.yaml':
        'plugins: [mine.ts]\nlisteners: [8080]\nroutes: [{ upstream: chat }]\nupstreams: { chat: { endpoints: [ws://a], balancer: mine } }\n',
    })
    expect(await runCommand(['check'], alone)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('runs a gateway, and leaves in order', async () => {
    await using server = await startPeer('ws-server.mjs')
    const yaml = `listeners: ["127.0.0.1:0"]\nroutes: [{ upstream: "ws://${server.host}" }]\n`
    using _ = withFiles({ 'sluice.yaml': yaml })
    await using gateway = startCommand(['run'], alone)
    const [port] = await gateway.ports()
    using client = await openWebSocket(`ws://127.0.0.1:${port}/`)
    client.socket.send('through')
    expect(await client.message(() => true)).toBe('through')
    gateway.kill('SIGTERM')
    expect([await gateway.exitCode, (await client.closed).code]).toEqual([0, 1012])
    expect(gateway.lines.at(-1)).toMatchObject({ event: 'left' })
    expect(await gateway.stderr).toBe('')
  }, 15_000)

  test('has the demo inside: its page, byte for byte, and its socket', async () => {
    await using demo = startCommand(['demo', '--port', '0'], alone)
    const [port] = await demo.ports()
    const files = readdirSync(join(root, 'examples/whiteboard/page'))
    expect(files).toContain('index.html')
    for (const file of files) {
      const answer = await fetch(`http://127.0.0.1:${port}/${file === 'index.html' ? '' : file}`)
      const text = readFileSync(join(root, 'examples/whiteboard/page', file), 'utf8')
      expect([file, answer.status, await answer.text()]).toEqual([file, 200, text])
    }
    using board = await openWebSocket(`ws://127.0.0.1:${port}/board`)
    expect(await board.message(() => true)).toContain('"type":"welcome"')
    board.socket.close()
    demo.kill('SIGTERM')
    expect(await demo.exitCode).toBe(0)
  }, 15_000)

  test('talks to a server', async () => {
    await using server = await startPeer('ws-server.mjs')
    const options = { ...alone, input: 'hello\n' }
    const { stdout } = await runCommand(['connect', `ws://${server.host}/`], options)
    expect(stdout).toBe('hello\n')
  })

  // A gateway that is started in another folder must not become another gateway.
  test('takes neither an environment nor settings from the folder it is started in', async () => {
    using _ = withFiles({
      '.env': 'LEVEL=nonsense\n',
      'bunfig.toml': 'preload = ["./preload.ts"]\n',
      'preload.ts': 'console.error("preloaded")\n',
      'sluice.yaml':
        'listeners: [8080]\nroutes: [{ upstream: ws://localhost:9000 }]\nlog: { level: "${env:LEVEL:-info}" }\n',
    })
    expect(await runCommand(['check'], alone)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('leaves nothing behind where it ran', () => {
    expect(readdirSync(empty)).toEqual([])
  })
})
