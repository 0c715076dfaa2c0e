/**
 * `sluice status`, `sessions` and `close`: as processes, asking a gateway that runs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatAdmin, placeOf, readPlace } from '../../src/cli/admin-place.ts'
import type { SessionPage } from '../../src/proxy/session-list.ts'
import { startAdminOf } from '../support/admin.ts'
import { runCommand, startCommand } from '../support/command.ts'
import { freePort } from '../support/free-port.ts'
import { relayTo, startGatewayHere } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { startRawServer } from '../support/raw.ts'
import { dialTcp } from '../support/tcp.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openWebSocket, upgradeRequest } from '../support/websocket.ts'

const folder = temporaryFolder('admin')
const token = 's3cret-and-long-enough'
let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

describe('sluice status', () => {
  test('says how the gateway is, in words and as JSON', async () => {
    await using gateway = startGatewayHere(relayTo(`ws://${server.host}`, 'name: chat'))
    await using admin = await startAdminOf(gateway)
    using _client = await openWebSocket(`ws://${gateway.host}/`)
    const words = await runCommand(['status', '--admin', admin.url])
    expect(words.exitCode).toBe(0)
    expect(words.stdout).toMatch(/^sluice \d.*, process \d+: ready, up /)
    expect(words.stdout).toMatch(/\n1 session, [\d,]+ of [\d,]+ sockets\n/)
    expect(words.stdout).toMatch(/\nchat +1 +0\n/)
    const { stdout } = await runCommand(['status', '--json', '--admin', admin.url])
    expect(JSON.parse(stdout)).toMatchObject({ state: 'ready', sessions: 1 })
  })

  test('asks a Unix socket, and not by way of the proxy of the environment', async () => {
    const unix = join(folder, 'status.sock')
    await using gateway = startGatewayHere(relayTo(`ws://${server.host}`))
    await using _ = await startAdminOf(gateway, { unix })
    await using admin = await startAdminOf(gateway)
    const proxy = {
      http_proxy: 'http://127.0.0.1:1',
      HTTP_PROXY: 'http://127.0.0.1:1',
      no_proxy: '',
    }
    for (const place of [unix, `unix:${unix}`, admin.url])
      expect((await runCommand(['status', '--admin', place], { env: proxy })).exitCode).toBe(0)
  })
})

describe('sluice sessions', () => {
  test('lists who is connected, the oldest first, with a way to the next page', async () => {
    await using gateway = startGatewayHere(relayTo(`ws://${server.host}`, 'name: chat'))
    await using admin = await startAdminOf(gateway)
    using first = await openWebSocket(`ws://${gateway.host}/first?token=hidden`)
    using _second = await openWebSocket(`ws://${gateway.host}/second`)
    first.socket.send('x'.repeat(5_000))
    await first.message(() => true)
    const ask = ['sessions', '--admin', admin.url]
    const { stdout } = await runCommand(ask)
    const [head = '', ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^SESSION +ROUTE +ADDRESS +ENDPOINT +MOVES +AGE +IN +OUT +PATH$/)
    expect(rows).toEqual([
      expect.stringMatching(
        / chat +127\.0\.0\.1 +ws:\/\/\S+ +0 +\S+ +1 +4\.9 KB +1 +4\.9 KB +127\.0\.0\.1:\d+\/first$/,
      ),
      expect.stringMatching(/ chat +127\.0\.0\.1 .* 0 +0 B +0 +0 B +127\.0\.0\.1:\d+\/second$/),
    ])
    const page = await runCommand([...ask, '--limit', '1'])
    expect(page.stdout).toMatch(/There are more: add --after 1\n$/)
    const rest = await runCommand([...ask, '--json', '--after', '1', '--route', 'chat'])
    expect(JSON.parse(rest.stdout).sessions).toMatchObject([{ path: '/second' }])
    expect((await runCommand([...ask, '--route', 'none'])).stdout).toBe('No sessions.\n')
  })

  test('gives a terminal nothing to obey', async () => {
    await using upstream = await startRawServer(() => {})
    await using gateway = startGatewayHere(relayTo(`ws://127.0.0.1:${upstream.port}`))
    await using admin = await startAdminOf(gateway)
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/\x9b31mred'))
    await client.until(/\r\n\r\n/)
    const { stdout } = await runCommand(['sessions', '--admin', admin.url])
    expect(stdout).toContain(String.raw`/\u009b31mred`)
    expect(stdout).not.toContain('\x9b')
  })

  test('says what is wrong with a limit, and exits with 1', async () => {
    await using gateway = startGatewayHere(relayTo(`ws://${server.host}`))
    await using admin = await startAdminOf(gateway)
    expect(await runCommand(['sessions', '--limit', 'all', '--admin', admin.url])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: '✖ limit is a number from 1 to 1000\n',
    })
  })

  test('prints a long page whole', async () => {
    await using upstream = await startRawServer(() => {})
    await using gateway = startGatewayHere(relayTo(`ws://127.0.0.1:${upstream.port}`))
    await using admin = await startAdminOf(gateway)
    const clients = []
    for (let count = 0; count < 300; count++) {
      const client = await dialTcp(gateway.port)
      clients.push(client)
      client.send(upgradeRequest(`/${'long'.repeat(100)}`))
      await client.until(/\r\n\r\n/)
    }
    const { stdout } = await runCommand([
      'sessions',
      '--json',
      '--limit',
      '1000',
      '--admin',
      admin.url,
    ])
    expect(stdout.length).toBeGreaterThan(150_000)
    expect(JSON.parse(stdout).sessions).toHaveLength(300)
    for (const client of clients) client[Symbol.dispose]()
  })
})

describe('sluice close', () => {
  test('closes a session with the token of the environment', async () => {
    await using gateway = startGatewayHere(relayTo(`ws://${server.host}`))
    await using admin = await startAdminOf(gateway, { token })
    using client = await openWebSocket(`ws://${gateway.host}/`)
    const { session } = await gateway.event('session-opened')
    const args = [
      'close',
      session,
      '--admin',
      admin.url,
      '--code',
      '4001',
      '--reason',
      'moved house',
    ]
    expect(await runCommand(args, { env: { SLUICE_TOKEN: token } })).toEqual({
      exitCode: 0,
      stdout: `✔ closing ${session}\n`,
      stderr: '',
    })
    expect(await client.closed).toEqual({ code: 4001, reason: 'moved house' })
  })

  test.each([
    ['without a token', undefined, {}, 'set admin.token'],
    ['with none shown', token, {}, 'The token is read from SLUICE_TOKEN'],
    ['with a wrong one', token, { SLUICE_TOKEN: 'guess' }, 'not that of the configuration'],
  ])('%s closes nothing and says why', async (_, configured, env, sentence) => {
    await using gateway = startGatewayHere(relayTo(`ws://${server.host}`))
    await using admin = await startAdminOf(gateway, { token: configured })
    using _client = await openWebSocket(`ws://${gateway.host}/`)
    const { session } = await gateway.event('session-opened')
    const environment = { SLUICE_TOKEN: '', ...env }
    const { exitCode, stderr } = await runCommand(['close', session, '--admin', admin.url], {
      env: environment,
    })
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(sentence)])
    expect(gateway.gateway.sessions).toBe(1)
  })

  test('says that there is no such session', async () => {
    await using gateway = startGatewayHere(relayTo(`ws://${server.host}`))
    await using admin = await startAdminOf(gateway, { token })
    const args = ['close', '../status', '--admin', admin.url]
    const { exitCode, stderr } = await runCommand(args, { env: { SLUICE_TOKEN: token } })
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('No open session has this id')])
  })
})

describe('the configuration file', () => {
  /** `sluice run` with these further keys, in a folder of its own, and what asks it there. */
  function runIn(folder: string, more: string) {
    writeFileSync(join(folder, 'sluice.yaml'), `${relayTo(`ws://${server.host}`)}${more}`)
    return startCommand(['run'], { folder, env: { SLUICE_TOKEN: token } })
  }

  /** `status`, `sessions` and `close` as they are typed beside the file. */
  async function askIn(folder: string, gatewayPort: unknown, env: Record<string, string> = {}) {
    using client = await openWebSocket(`ws://127.0.0.1:${String(gatewayPort)}/chat`)
    const type = (...args: string[]) => runCommand(args, { folder, env })
    const status = await type('status', 'sluice.yaml')
    expect(status).toMatchObject({ exitCode: 0, stderr: '' })
    expect(status.stdout).toContain('\n1 session, ')
    const { stdout } = await type('sessions', '--json')
    const [session] = (JSON.parse(stdout) as SessionPage).sessions
    const id = session?.id ?? ''
    expect(await type('close', id, 'sluice.yaml', '--code', '4000')).toEqual({
      exitCode: 0,
      stdout: `✔ closing ${id}\n`,
      stderr: '',
    })
    expect((await client.closed).code).toBe(4000)
  }

  test('says where the admin port is, and its token, from the environment too', async () => {
    const folder = temporaryFolder('by-file')
    const port = await freePort()
    await using gateway = runIn(folder, `admin: { port: ${port}, token: "\${env:SLUICE_TOKEN}" }\n`)
    const listening = await gateway.line('listening')
    await askIn(folder, listening['port'], { SLUICE_TOKEN: token })
  })

  test('says at which Unix socket it is, where no token is needed', async () => {
    const folder = temporaryFolder('by-socket')
    await using gateway = runIn(folder, 'admin: unix:./admin.sock\n')
    expect(await gateway.line('admin-listening')).toMatchObject({
      unix: join(folder, 'admin.sock'),
    })
    await askIn(folder, (await gateway.line('listening'))['port'])
  })

  test('names a listener at a Unix socket by its path in sluice status', async () => {
    const folder = temporaryFolder('listener')
    writeFileSync(
      join(folder, 'sluice.yaml'),
      'listeners: [{ name: local, unix: ./in.sock }]\nroutes: [{ respond: {} }]\nadmin: unix:admin.sock\n',
    )
    await using gateway = startCommand(['run'], { folder })
    await gateway.line('capacity')
    const { stdout } = await runCommand(['status'], { folder })
    expect(stdout).toContain(`LISTENER  LISTENS ON`)
    expect(stdout).toMatch(new RegExp(`\nlocal +${join(folder, 'in.sock')} +0\n`))
  })
})

describe('the admin port', () => {
  test('that is not there is said to be, with 1', async () => {
    expect(await runCommand(['status', '--admin', 'http://127.0.0.1:1'])).toMatchObject({
      exitCode: 1,
      stderr:
        '✖ nothing listens at http://127.0.0.1:1: is the gateway running, and with this configuration?\n',
    })
    const unix = join(folder, 'nobody.sock')
    expect((await runCommand(['status', '--admin', unix])).stderr).toContain(
      `nothing listens at ${unix}`,
    )
  })

  test('that is somebody else is not taken for Sluice', async () => {
    await using other = await startRawServer(() => {})
    const { exitCode, stderr } = await runCommand(['status', '--admin', `127.0.0.1:${other.port}`])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('and not as Sluice does')])
  })

  test('that the configuration does not have is explained, with 2', async () => {
    writeFileSync(join(folder, 'none.yaml'), relayTo('ws://127.0.0.1:1'))
    const { exitCode, stderr } = await runCommand(['status', 'none.yaml'], { folder })
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^✖ none\.yaml has no admin port: add "admin: .*" and send the gateway SIGHUP/,
      ),
    ])
    expect((await runCommand(['status', 'absent.yaml'])).exitCode).toBe(2)
  })

  test('needs no file where it is named, and whoever has half of one is told', async () => {
    const text = 'listeners: [8080]\nadmin: { port: 9090, token: "${env:SLUICE_UNSET}" }\n'
    writeFileSync(join(folder, 'half.yaml'), `${text}routes: [{ upstream: ws://localhost:1 }]\n`)
    const { exitCode, stderr } = await runCommand(['status', 'half.yaml'], { folder })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('the environment variable SLUICE_UNSET is not set')
    expect(stderr).toEndWith('\n  --admin URL asks a gateway without reading a file\n')
  })

  test.each([
    ['adm.sock', 'adm.sock'],
    ['./adm', './adm'],
    ['run/adm', 'run/adm'],
    ['unix:adm', 'adm'],
  ])('named %s is the path of a socket', (named, unix) => {
    expect(readPlace(named)).toMatchObject({ unix })
  })

  test('is a socket by any name if there is one', async () => {
    await using gateway = startGatewayHere(relayTo(`ws://${server.host}`))
    await using _ = await startAdminOf(gateway, { unix: join(folder, 'adm') })
    expect((await runCommand(['status', '--admin', 'adm'], { folder })).exitCode).toBe(0)
  })

  test.each([
    'https://127.0.0.1:9090',
    'http://127.0.0.1:9090/status',
    'http://a:b@127.0.0.1',
    '://',
    '',
  ])('named %p is refused', (named) => {
    expect(readPlace(named)).toBe(
      `--admin wants http://127.0.0.1:9090 or the path of a Unix socket, not ${named}`,
    )
  })

  test.each([
    ['http://127.0.0.1:9090', '127.0.0.1', 9090],
    ['127.0.0.1:9090', '127.0.0.1', 9090],
    ['http://[::1]:9090/', '::1', 9090],
    ['http://localhost', 'localhost', 80],
  ])('named %s is understood', (named, address, port) => {
    expect(readPlace(named)).toEqual({ address, port, unix: undefined })
  })

  test.each([
    ['127.0.0.1', 'http://127.0.0.1:9090'],
    ['0.0.0.0', 'http://127.0.0.1:9090'],
    ['::', 'http://[::1]:9090'],
    ['::1', 'http://[::1]:9090'],
  ])('of a configuration that listens on %s is asked at %s', (address, url) => {
    const place = placeOf({ address, port: 9090, unix: undefined, token: undefined }, 'sluice.yaml')
    if (typeof place === 'string') throw new Error(place)
    expect(formatAdmin(place)).toBe(url)
  })

  test('that is any free one has to be named', () => {
    const any = { address: '127.0.0.1', port: 0, unix: undefined, token: undefined }
    expect(placeOf(any, 'sluice.yaml')).toContain('lets admin.port be any')
  })
})
