/** `sluice run` whose file changes while sessions are open: by signal, by the file itself, and by mistake. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { runCommand, startCommand } from '../support/command.ts'
import { startEcho, type EchoServer } from '../support/echo-server.ts'
import { serveFile } from '../support/served-file.ts'
import { temporaryFile, temporaryPath } from '../support/temporary.ts'
import { openWebSocket, type WebSocketClient } from '../support/websocket.ts'

let echo: EchoServer
beforeAll(() => {
  echo = startEcho('echo')
})
afterAll(() => echo.stop())

const chat = () => `{ name: chat, path: /chat, upstream: "${echo.url}" }`

/** @param routes besides the chat. @param more of the file. */
function yamlWith(routes: readonly string[] = [], more = ''): string {
  return `
listeners: ["127.0.0.1:0"]
routes: [${[chat(), ...routes].join(', ')}]
leave: { window: 0ms }
${more}
`
}

const answering = (path: string, body: string) => `{ path: ${path}, respond: { body: ${body} } }`

let count = 0
/** Whether a session still passes messages, both ways. */
async function passes(client: WebSocketClient): Promise<boolean> {
  const text = `message ${++count}`
  client.socket.send(text)
  return (await client.message((each) => each === text)) === text
}

const statusOf = async (port: number, path: string) =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).status

describe('a reload by SIGHUP', () => {
  test('takes new routes, and leaves sessions alone', async () => {
    await using served = await serveFile(yamlWith())
    using client = await openWebSocket(`ws://127.0.0.1:${served.port}/chat`)
    expect(await statusOf(served.port, '/new')).toBe(404)
    served.write(yamlWith([answering('/new', 'hello')]))
    const { changes } = await served.signal('SIGHUP', 'reloaded')
    expect(changes).toEqual([expect.stringMatching(/^route .*: added/)])
    expect(await statusOf(served.port, '/new')).toBe(200)
    expect(await passes(client)).toBeTrue()
    served.write(yamlWith())
    await served.signal('SIGHUP', 'reloaded')
    expect(await statusOf(served.port, '/new')).toBe(404)
    expect(await passes(client)).toBeTrue()
  }, 10_000)

  test('of a file that has not changed says that nothing has', async () => {
    await using served = await serveFile(yamlWith())
    expect(await served.signal('SIGHUP', 'reloaded')).toMatchObject({ changes: [] })
  }, 10_000)

  test.each([
    ['that is wrong', 'listners: [8080]\n', 'did you mean "listeners"?'],
    ['that is not YAML', 'routes: [', 'routes: ['],
    ['that names a port which is taken', undefined, 'EADDRINUSE'],
    ['that is gone', '', 'there is no such file'],
  ])(
    'of a file %s changes nothing, and says why',
    async (_, yaml, reason) => {
      await using served = await serveFile(yamlWith())
      using client = await openWebSocket(`ws://127.0.0.1:${served.port}/chat`)
      const taken = yamlWith([answering('/new', 'hello')]).replace(
        'listeners: [',
        `listeners: ["127.0.0.1:${echo.port}", `,
      )
      served.write(yaml ?? taken)
      if (yaml === '') rmSync(served.file)
      for (let time = 0; time < 2; time++) {
        const { problem } = await served.signal('SIGHUP', 'reload-refused')
        expect(problem).toContain(reason)
      }
      expect(await statusOf(served.port, '/new')).toBe(404)
      expect(await passes(client)).toBeTrue()
      served.write(yamlWith([answering('/new', 'hello')]))
      await served.signal('SIGHUP', 'reloaded')
      expect(await statusOf(served.port, '/new')).toBe(200)
      expect(await passes(client)).toBeTrue()
    },
    10_000,
  )

  test('that comes ten times at once is made, and its last state is that of the file', async () => {
    await using served = await serveFile(yamlWith())
    for (let version = 0; version < 10; version++) {
      served.write(yamlWith([answering(`/v${version}`, 'hello')]))
      process.kill(served.pid, 'SIGHUP')
    }
    while ((await statusOf(served.port, '/v9')) !== 200) await Bun.sleep(10)
    const problems = served.command.lines.filter(({ event }) => event === 'reload-refused')
    expect(problems).toEqual([])
  }, 10_000)

  test('changes the level of the log at once', async () => {
    await using served = await serveFile(yamlWith([answering('/page', 'hello')]))
    await statusOf(served.port, '/page')
    served.write(yamlWith([answering('/page', 'hello')], 'log: { level: debug }'))
    await served.signal('SIGHUP', 'reloaded')
    await statusOf(served.port, '/page')
    expect(await served.command.line('request-answered')).toMatchObject({ level: 'debug' })
    const before = served.command.lines.findIndex(({ event }) => event === 'reloaded')
    const told = served.command.lines.findIndex(({ event }) => event === 'request-answered')
    expect(told).toBeGreaterThan(before)
  }, 10_000)

  test('is refused where no file was named', async () => {
    const args = ['run', '--to', echo.url, '--port', '0', '--address', '127.0.0.1']
    await using gateway = startCommand(args)
    await gateway.ports()
    gateway.kill('SIGHUP')
    expect((await gateway.line('reload-refused'))['problem']).toContain(
      'without a configuration file',
    )
    expect(await runCommand([...args, '--watch'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--watch wants a file'),
    })
  }, 10_000)
})

describe('the admin port', () => {
  const admin = (place: string, token: string) =>
    yamlWith([], `admin: { ${place}, token: ${token} }`)
  const reload = (url: string, token: string) =>
    fetch(`${url}/reload`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
  const [oldToken, newToken] = ['an-old-token-of-some-length', 'a-new-token-of-some-length']

  test('moves with its file, answers whoever moved it, and takes a new token at once', async () => {
    await using served = await serveFile(admin('address: 127.0.0.1, port: 0', oldToken))
    const { port } = await served.command.line('admin-listening')
    const before = `http://127.0.0.1:${String(port)}`
    served.write(admin('address: 127.0.0.1, port: 0', newToken))
    expect((await reload(before, oldToken)).status).toBe(200)
    expect((await reload(before, oldToken)).status).toBe(401)
    const path = temporaryPath('admin.sock')
    served.write(admin(`unix: ${path}`, newToken))
    const moved = await reload(before, newToken)
    expect([moved.status, await moved.text()]).toEqual([200, expect.stringContaining('admin')])
    const status = await runCommand(['status', '--admin', path])
    expect(status.exitCode).toBe(0)
    expect(reload(before, newToken)).rejects.toThrow()
  }, 10_000)

  test('that cannot be bound leaves everything as it was', async () => {
    await using served = await serveFile(admin('address: 127.0.0.1, port: 0', oldToken))
    const { port } = await served.command.line('admin-listening')
    const taken = admin(`address: 127.0.0.1, port: ${echo.port}`, oldToken)
    served.write(taken.replace('routes: [', `routes: [${answering('/new', 'hello')}, `))
    const refused = await reload(`http://127.0.0.1:${String(port)}`, oldToken)
    expect([refused.status, await refused.text()]).toEqual([
      422,
      expect.stringContaining('the admin port cannot listen'),
    ])
    expect(await statusOf(served.port, '/new')).toBe(404)
  }, 10_000)
})

describe('sluice run --watch', () => {
  test('takes the file and those it refers to when they change, and tells what is wrong', async () => {
    const word = temporaryFile('word', 'hello')
    const referring = yamlWith([`{ path: /word, respond: { body: "\${file:${word}}" } }`])
    await using served = await serveFile(referring, { options: ['--watch'] })
    using client = await openWebSocket(`ws://127.0.0.1:${served.port}/chat`)
    const wordNow = async () => (await fetch(`http://127.0.0.1:${served.port}/word`)).text()
    expect(await wordNow()).toBe('hello')
    await served.command.lineAfter(() => writeFileSync(word, 'goodbye'), 'reloaded')
    expect(await wordNow()).toBe('goodbye')
    const refused = await served.command.lineAfter(
      () => served.write('routes: ['),
      'reload-refused',
    )
    expect(refused['problem']).toContain(served.file)
    expect(await wordNow()).toBe('goodbye')
    await served.command.lineAfter(() => served.write(referring), 'reloaded')
    expect(await passes(client)).toBeTrue()
  }, 20_000)
})
