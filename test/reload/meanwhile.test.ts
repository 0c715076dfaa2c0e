/**
 * What is under way, or was agreed before, when a gateway is given another configuration.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { copyFileSync, unlinkSync } from 'node:fs'
import { makeCertificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { readYaml, reload } from '../support/reload.ts'
import { SlowEcho } from '../support/slow-echo.ts'
import { dialTcp } from '../support/tcp.ts'
import { openWebSocket, type WebSocketClient } from '../support/websocket.ts'

let first: SlowEcho
let second: SlowEcho
beforeEach(() => {
  first = new SlowEcho('server0')
  second = new SlowEcho('server1')
})
afterEach(async () => {
  await first.kill()
  await second.kill()
})

/** @param keys of the upstream `chat`. @param route its keys, but its name, path and upstream. */
function yaml(keys = '', route = '', path = '/chat'): string {
  return `
listeners: [{ name: a, address: 127.0.0.1, port: 0 }]
upstreams: { chat: { endpoints: ["${first.url}", "${second.url}"], balancer: first, ${keys} } }
routes: [{ name: chat, path: "${path}", upstream: chat, ${route} }]
leave: { window: 0s }
`
}

async function echoes(client: WebSocketClient, text: string): Promise<void> {
  client.socket.send(text)
  await client.message((heard) => heard === text)
}

/** @returns a client whose handshake was under way while the gateway was given this. */
async function openAcross(gateway: OpenGateway, next: string, path = '/chat') {
  const goOn = first.hold()
  const opening = openWebSocket(`ws://${gateway.host}${path}`)
  while (first.waiting === 0) await Bun.sleep(1)
  reload(gateway, next)
  goOn()
  return opening
}

const compressing = 'compression: { threshold: 1B }'
/** Long enough for everybody to compress it. */
const long = 'to be compressed '.repeat(100)

test.each([
  ['', compressing],
  [compressing, ''],
  ['compression: off', compressing],
  [compressing, 'compression: off'],
  ['framed: true, compression: off', ''],
])('a handshake under way keeps its compression: %p, then %p', async (before, after) => {
  await using gateway = startGatewayHere(yaml('', before))
  using client = await openAcross(gateway, yaml('', after))
  await echoes(client, long)
  await echoes(client, `${long}!`)
})

test.each([
  ['', compressing],
  [compressing, ''],
  [compressing, 'compression: off'],
  ['compression: off', 'framed: true, compression: off'],
  ['framed: true, compression: off', ''],
])('a session that moves keeps its framing: %p, then %p', async (before, after) => {
  const keys = 'failover: transparent'
  await using gateway = startGatewayHere(yaml(keys, before))
  using client = await openWebSocket(`ws://${gateway.host}/chat`)
  await echoes(client, long)
  reload(gateway, yaml(keys, after))
  await echoes(client, `${long}.`)
  await first.kill()
  await gateway.event('session-moved')
  await echoes(client, `${long}!`)
  await echoes(client, `${long}?`)
})

// What was passed end to end refers back to what another server has never seen.
test('a session that began where nobody moves does not move, though its upstream lets others', async () => {
  const moving = 'failover: transparent'
  await using gateway = startGatewayHere(yaml())
  using client = await openAcross(gateway, yaml(moving))
  await echoes(client, long)
  first.tellToGo()
  expect((await client.closed).code).toBe(1012)
  using later = await openWebSocket(`ws://${gateway.host}/chat`)
  await echoes(later, long)
  first.tellToGo()
  await gateway.event('session-moved')
  await echoes(later, long)
})

test('a session that could move does not where its upstream has been told to close, which its client hears', async () => {
  await using gateway = startGatewayHere(yaml('failover: transparent'))
  using client = await openWebSocket(`ws://${gateway.host}/chat`)
  reload(gateway, yaml('failover: close'))
  first.tellToGo()
  expect(await client.closed).toMatchObject({ code: 1012 })
  const { end } = await gateway.event('session-closed')
  expect(end).toMatchObject({ by: 'gateway', reason: 'SERVER_LOST' })
})

test('a session that moves asks for what its first server was asked for', async () => {
  const keys = 'failover: transparent'
  const rooms = 'forward: { path: "/rooms/{request.path.room}" }'
  const ids = 'forward: { path: "/ids/{request.path.id}" }'
  await using gateway = startGatewayHere(yaml(keys, rooms, '/chat/:room'))
  using _ = await openWebSocket(`ws://${gateway.host}/chat/blue`)
  reload(gateway, yaml(keys, ids, '/talk/:id'))
  first.tellToGo()
  await gateway.event('session-moved')
  expect(second.asked).toEqual(first.asked)
})

test('the cookies by which clients stick are none that others could come with', async () => {
  await using gateway = startGatewayHere(yaml())
  const status = async () => {
    const response = await fetch(`http://${gateway.host}/chat`, {
      headers: {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        origin: 'http://elsewhere.test',
        cookie: 'sluice=1',
      },
    })
    return response.status
  }
  expect(await status()).toBe(403)
  reload(gateway, yaml('sticky: { cookie: sluice }'))
  expect(await status()).toBe(101)
  reload(gateway, yaml('sticky: { cookie: other }'))
  expect(await status()).toBe(403)
})

test('a listener that is tried in vain says nothing of its certificate', async () => {
  const { cert, key } = makeCertificate()
  const gone = `${cert}.gone`
  copyFileSync(cert, gone)
  await using gateway = startGatewayHere(yaml())
  const next = yaml('tls: {}').replace(
    /^listeners: .*$/m,
    `listeners: [{ port: ${await freePort()}, address: 127.0.0.1, tls: { cert: "${cert}", key: "${key}" } }]`,
  )
  const told = next
    .replace('"ws:', '"wss:')
    .replace('"ws:', '"wss:')
    .replace('tls: {}', `tls: { ca: "${gone}" }`)
  const config = readYaml(told)
  unlinkSync(gone)
  expect(() => gateway.gateway.prepareReload(config)).toThrow(gone)
  expect(gateway.events.map(({ type }) => type)).not.toContain('certificate-loaded')
})

test('a connection that is kept belongs to its listener by the name that this has now', async () => {
  const port = await freePort()
  const named = (name: string) => `
listeners: [{ name: ${name}, address: 127.0.0.1, port: ${port} }]
routes: [{ path: /, listeners: [${name}], respond: { body: ${name} } }]
`
  await using gateway = startGatewayHere(named('old'))
  using client = await dialTcp(port)
  const ask = async () => {
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
    return (await client.message()).body
  }
  expect(await ask()).toBe('old')
  reload(gateway, named('new'))
  expect(await ask()).toBe('new')
})

test('a request under way is answered though its listener, its route and its upstream go', async () => {
  const held = Promise.withResolvers<Response>()
  const asked = Promise.withResolvers<void>()
  using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch() {
      asked.resolve()
      return held.promise
    },
  })
  const routes = `[{ path: /, upstream: "http://127.0.0.1:${server.port}" }]`
  await using gateway = startGatewayHere(`listeners: ["127.0.0.1:0"]\nroutes: ${routes}\n`)
  const answer = fetch(`http://${gateway.host}/`)
  await asked.promise
  reload(
    gateway,
    `listeners: ["127.0.0.1:${await freePort()}"]\nroutes: [{ path: /, respond: { body: new } }]\n`,
  )
  held.resolve(new Response('from the old one'))
  expect(await (await answer).text()).toBe('from the old one')
})

test('who waits for room at an endpoint is let in when there is more', async () => {
  const bounded = (sessions: number) =>
    yaml('queue: { sessions: 5, wait: 20s }').replace(
      /\["ws.*?\]/,
      `[{ url: "${first.url}", sessions: ${sessions} }]`,
    )
  await using gateway = startGatewayHere(bounded(1))
  using one = await openWebSocket(`ws://${gateway.host}/chat`)
  const opening = openWebSocket(`ws://${gateway.host}/chat`)
  while (gateway.gateway.upstreams.list()[0]?.waiting !== 1) await Bun.sleep(1)
  reload(gateway, bounded(2))
  using two = await opening
  await echoes(one, 'one')
  await echoes(two, 'two')
})

test('who waits for room at an upstream that goes is refused', async () => {
  const bounded = yaml('queue: { sessions: 5, wait: 20s }').replace(
    /\["ws.*?\]/,
    `[{ url: "${first.url}", sessions: 1 }]`,
  )
  await using gateway = startGatewayHere(bounded)
  using _ = await openWebSocket(`ws://${gateway.host}/chat`)
  const opening = openWebSocket(`ws://${gateway.host}/chat`).catch((error: unknown) => error)
  while (gateway.gateway.upstreams.list()[0]?.waiting !== 1) await Bun.sleep(1)
  reload(
    gateway,
    bounded.replace(/^upstreams.*$/m, '').replace('upstream: chat,', 'respond: { body: here }'),
  )
  const { code } = await gateway.event('request-refused')
  expect(code).toMatch(/ENDPOINT/)
  expect(await opening).toBeInstanceOf(Error)
})
