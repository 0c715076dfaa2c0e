/**
 * `sluice upstreams` and `sluice split`, typed at a gateway that runs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { UpstreamInfo } from '../../src/proxy/upstream-info.ts'
import { startAdminOf } from '../support/admin.ts'
import { runCommand, startCommand, type Result } from '../support/command.ts'
import { startGatewayHere } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openWebSocket } from '../support/websocket.ts'

const token = 's3cret'
let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

/** A gateway with two upstreams, of which nobody listens at the second, and what is typed at it. */
async function start(more = '') {
  const gateway = startGatewayHere(`
listeners: ["127.0.0.1:0"]
upstreams:
  chat: { endpoints: [{ url: "ws://${server.host}", sessions: 2000 }] ${more} }
  chat-next: { endpoints: [{ url: "ws://127.0.0.1:1", weight: 7, backup: true }] }
routes: [{ name: all, upstream: { chat: 1, chat-next: 0 } }]
`)
  const admin = await startAdminOf(gateway, { token })
  return {
    gateway,
    admin,
    type: (...args: readonly string[]): Promise<Result> =>
      runCommand([...args, '--admin', admin.url], { env: { SLUICE_TOKEN: token } }),
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]()
      await gateway[Symbol.asyncDispose]()
    },
  }
}

const done = (stdout: string): Result => ({ exitCode: 0, stdout: `${stdout}\n`, stderr: '' })
const refused = (stderr: string): Result => ({ exitCode: 1, stdout: '', stderr: `${stderr}\n` })

describe('sluice upstreams', () => {
  test('lists every endpoint: how it is, since when and why', async () => {
    await using running = await start()
    using _client = await openWebSocket(`ws://${running.gateway.host}/`)
    const { stdout } = await running.type('upstreams')
    const [head, ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^UPSTREAM +ENDPOINT +STATE +SINCE +SESSIONS +WEIGHT +LATENCY +WHY$/)
    expect(rows).toEqual([
      expect.stringMatching(
        /^chat +ws:\/\/\S+ +healthy +\d+m?s +1 of 2,000 +1 +[\d.]+ ms +nothing has failed so far$/,
      ),
      expect.stringMatching(/^chat-next +ws:\/\/127\.0\.0\.1:1 +healthy +\d+m?s +0 +7 backup  .*$/),
    ])
  })

  test('shows an endpoint that was removed for as long as it has sessions', async () => {
    await using running = await start()
    using _client = await openWebSocket(`ws://${running.gateway.host}/`)
    const url = `ws://${server.host}`
    await running.type('upstreams', 'remove', 'chat', url)
    const { stdout } = await running.type('upstreams')
    expect(stdout).toMatch(new RegExp(`^chat +${url} +removed +1 +its sessions go on$`, 'm'))
  })

  test('shows sessions that have lost their server, and the log tells of them', async () => {
    await using lost = await startPeer('ws-server.mjs')
    await using gateway = startGatewayHere(`
listeners: ["127.0.0.1:0"]
upstreams: { chat: { endpoints: ["ws://${lost.host}"], failover: transparent } }
routes: [{ upstream: chat }]
`)
    await using admin = await startAdminOf(gateway, { token })
    using _client = await openWebSocket(`ws://${gateway.host}/`)
    using _other = await openWebSocket(`ws://${gateway.host}/`)
    await lost.kill()
    expect(await gateway.event('sessions-stranded')).toMatchObject({
      upstream: 'chat',
      sessions: 2,
    })
    const { stdout } = await runCommand(['upstreams', '--admin', admin.url])
    expect(stdout).toMatch(/^chat +none +2 +without a server, until one takes them over$/m)
  })

  test('prints what the admin port answers as JSON', async () => {
    await using running = await start()
    const { stdout } = await running.type('upstreams', '--json')
    const { upstreams } = JSON.parse(stdout) as { upstreams: readonly UpstreamInfo[] }
    expect(upstreams).toMatchObject([
      { name: 'chat', endpoints: [{ state: 'healthy', limit: 2000 }] },
      { name: 'chat-next' },
    ])
  })

  test('is summed up by sluice status', async () => {
    await using running = await start()
    await running.type('upstreams', 'drain', 'chat', `ws://${server.host}`)
    const { stdout } = await running.type('status')
    expect(stdout).toMatch(/\n\nUPSTREAM +HEALTHY +ENDPOINTS\nchat +0 +1\nchat-next +1 +1\n$/)
  })

  test('explains its commands, and does not take one of them for a file', async () => {
    for (const args of [
      ['upstreams', 'help', 'add'],
      ['upstreams', 'add', '--help'],
    ]) {
      const { exitCode, stdout } = await runCommand(args)
      expect([exitCode, stdout]).toEqual([
        0,
        expect.stringContaining('sluice upstreams add [options] <upstream> <url> [file]'),
      ])
    }
    const { exitCode, stderr } = await runCommand(['upstreams', 'drain', 'chat'])
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("missing required argument 'url'"),
    ])
  })
})

describe('a command that sluice upstreams does not have', () => {
  test.each([
    [['frob', 'chat', 'a.yaml'], 'its commands are add, remove, weight, drain, undrain, history'],
    [['darin', 'chat', 'ws://a:9000'], 'did you mean "drain"?'],
  ])('is told with those it has: %j', async (args, hint) => {
    const { exitCode, stdout, stderr } = await runCommand(['upstreams', ...args])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toStartWith(`error: unknown command '${args[0]}' of upstreams; ${hint}\n`)
  })

  test('is not taken for one that has too many arguments', async () => {
    const args = ['upstreams', 'drain', 'chat', 'ws://a:9000', 'a.yaml', 'b.yaml']
    const { exitCode, stderr } = await runCommand(args)
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("too many arguments for 'drain'"),
    ])
  })
})

describe('sluice upstreams add', () => {
  test('adds an endpoint with what is said of it', async () => {
    await using running = await start()
    const url = 'ws://127.0.0.1:2'
    const options = ['--weight', '3', '--sessions', '9', '--backup']
    expect(await running.type('upstreams', 'add', 'chat', 'WS://127.0.0.1:2/', ...options)).toEqual(
      done(`✔ ${url} is an endpoint of chat, until the gateway ends`),
    )
    expect(running.gateway.gateway.upstreams.endpoint('chat', url)).toMatchObject({
      weight: 3,
      limit: 9,
      isBackup: true,
      source: 'admin',
    })
  })

  test('obeys options that stand in front of its name, too', async () => {
    await using running = await start()
    const args = ['upstreams', '--admin', running.admin.url, '--json', 'add', 'chat', 'ws://b:1']
    const { stdout } = await runCommand(args, { env: { SLUICE_TOKEN: token } })
    expect(JSON.parse(stdout)).toMatchObject({ url: 'ws://b:1', weight: 1 })
  })

  test.each([
    [['chat', 'b:9000'], /^✖ url: must be a URL .*; did you mean "ws:\/\/b:9000"\?\n$/],
    [['chta', 'ws://b:9000'], '✖ There is no upstream "chta"; did you mean "chat"?\n'],
    [['chat', 'ws://b:9000', '--weight', 'many'], /^✖ weight: must be .*\n$/],
    [['chat', 'http://b:9000'], /^✖ The endpoints of one upstream speak the same/],
  ])('%j adds nothing, says why and exits with 1', async (args, said) => {
    await using running = await start()
    const { exitCode, stderr } = await running.type('upstreams', 'add', ...args)
    expect(exitCode).toBe(1)
    if (typeof said === 'string') expect(stderr).toBe(said)
    else expect(stderr).toMatch(said)
    expect(running.gateway.events.some(({ type }) => type === 'endpoint-added')).toBe(false)
  })
})

describe('sluice upstreams remove, weight, drain and undrain', () => {
  test('say what has become of the endpoint and its sessions', async () => {
    await using running = await start()
    const url = `ws://${server.host}`
    const one = (...args: readonly string[]) => running.type('upstreams', ...args)
    const stays = '; the one it has stays until it ends, as chat has failover: off'
    using client = await openWebSocket(`ws://${running.gateway.host}/`)
    expect(await one('weight', 'chat', url, '5')).toEqual(
      done(`✔ ${url} has weight 5, until the gateway ends`),
    )
    expect(await one('drain', 'chat', url)).toEqual(
      done(`✔ ${url} gets no new sessions, until the gateway ends${stays}`),
    )
    expect(await one('undrain', 'chat', url)).toEqual(done(`✔ ${url} takes sessions again`))
    expect(await one('remove', 'chat', url)).toEqual(
      done(`✔ ${url} is no endpoint of chat any more, until the gateway ends${stays}`),
    )
    expect(await one('remove', 'chat', url)).toEqual(refused(`✖ chat has no endpoint ${url}`))
    client.socket.send('still here')
    expect(await client.message(() => true)).toBe('still here')
  })

  test('change nothing without the token', async () => {
    await using running = await start()
    const args = ['upstreams', 'drain', 'chat', `ws://${server.host}`, '--admin', running.admin.url]
    const { exitCode, stderr } = await runCommand(args, { env: { SLUICE_TOKEN: '' } })
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('read from SLUICE_TOKEN')])
    expect(running.gateway.events.some(({ type }) => type === 'endpoint-changed')).toBe(false)
  })

  test('of an endpoint that is down say how it stands', async () => {
    await using running = await start(', health: { tcp: true, interval: 100ms }')
    const url = 'ws://127.0.0.1:1'
    await running.type('upstreams', 'add', 'chat', url)
    await running.gateway.event('endpoint-changed', ({ endpoint }) => endpoint === url)
    await running.type('upstreams', 'drain', 'chat', url)
    const { stdout } = await running.type('upstreams', 'undrain', 'chat', url)
    expect(stdout).toMatch(/^✔ ws:\/\/127\.0\.0\.1:1 is unhealthy: /)
  })
})

describe('sluice upstreams history', () => {
  test('says what an endpoint has been, and why', async () => {
    await using running = await start()
    const url = `ws://${server.host}`
    const time = '\\d{4}-\\d\\d-\\d\\dT\\S+Z'
    const before = await running.type('upstreams', 'history', 'chat', url)
    expect(before.stdout).toMatch(
      new RegExp(`^TIME +STATE +WHY\n${time} +healthy +nothing has failed so far\n$`),
    )
    await running.type('upstreams', 'drain', 'chat', url)
    await running.type('upstreams', 'undrain', 'chat', url)
    const after = await running.type('upstreams', 'history', 'chat', url)
    expect(after.stdout).toMatch(
      new RegExp(
        `^TIME +STATE +WHY\n${time} +draining +told to drain\n${time} +healthy +told to take sessions again\n$`,
      ),
    )
  })
})

describe('sluice split', () => {
  test('says and changes which share goes where', async () => {
    await using running = await start()
    expect(await running.type('split', 'all')).toEqual(done('chat=1 chat-next=0'))
    expect(await running.type('split', 'all', 'chat=95', 'chat-next=5')).toEqual(
      done('✔ chat=95 chat-next=5, until the gateway ends'),
    )
    const { stdout } = await running.type('split', 'all', '--json')
    expect(JSON.parse(stdout)).toEqual({ route: 'all', shares: { chat: 95, 'chat-next': 5 } })
  })

  test.each([
    [
      ['all', 'chat=95'],
      1,
      '✖ The route "all" leads to chat, chat-next: give each of them its share\n',
    ],
    [['all', 'chat=x', 'chat-next=1'], 1, '✖ The share of chat is a number from 0 to 1000\n'],
    [['al', 'chat=1'], 1, '✖ There is no route "al"; did you mean "all"?\n'],
    [['all', 'chat', 'chat-next'], 2, '✖ a share is an upstream and a number, chat-next=5\n'],
  ])('%j changes nothing: exit code %i', async (args, exitCode, stderr) => {
    await using running = await start()
    expect(await running.type('split', ...args)).toEqual({ exitCode, stdout: '', stderr })
    expect(running.gateway.events.some(({ type }) => type === 'split-changed')).toBe(false)
  })
})

test('the file says where the gateway is, behind everything else', async () => {
  const folder = temporaryFolder('upstreams')
  writeFileSync(
    join(folder, 'own.yaml'),
    `
listeners: ["127.0.0.1:0"]
admin: unix:./admin.sock
upstreams: { chat: "ws://${server.host}", next: ws://127.0.0.1:1 }
routes: [{ name: all, upstream: { chat: 1, next: 1 } }]
`,
  )
  await using gateway = startCommand(['run', 'own.yaml'], { folder })
  await gateway.line('capacity')
  const url = `ws://${server.host}`
  for (const args of [
    ['upstreams', 'own.yaml'],
    ['upstreams', 'add', 'chat', 'ws://127.0.0.1:2', 'own.yaml', '--weight', '2'],
    ['upstreams', 'weight', 'chat', url, '3', 'own.yaml'],
    ['upstreams', 'history', 'chat', url, 'own.yaml'],
    ['split', 'all', 'chat=1', 'next=0', 'own.yaml'],
    ['split', 'all', 'own.yaml'],
  ])
    expect(await runCommand(args, { folder })).toMatchObject({ exitCode: 0, stderr: '' })
})
