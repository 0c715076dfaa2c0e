/** Upgrades that the gateway refuses by itself, each with a status and a body that say why. */
import { describe, expect, test } from 'bun:test'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { startPeer } from '../support/peer.ts'
import { dialTcp, listenTcp, type HttpMessage, type TcpServer } from '../support/tcp.ts'
import { encodeFrame, Opcode, switchAnswer, upgradeRequest } from '../support/websocket.ts'

/** A server that must not be asked. */
function listenUnasked(): Promise<TcpServer> {
  return listenTcp(() => {})
}

function routesTo(host: string): string {
  return `
listeners: ["127.0.0.1:0"]
routes:
  - { path: /chat, upstream: "ws://${host}", origins: ["https://app.example.com"] }
  - { path: /pages, upstream: "http://${host}" }
`
}

/** Sends a request on a connection of its own. @returns the answer, and what its body says. */
async function ask(gateway: RunningGateway, request: string) {
  using client = await dialTcp(gateway.port)
  client.send(request)
  const answer = await client.message()
  return { answer, problem: problemOf(answer) }
}

function problemOf(answer: HttpMessage): unknown {
  expect(answer.headers['content-type']).toBe('application/problem+json')
  return JSON.parse(answer.body)
}

describe('without asking the server, an upgrade is refused', () => {
  test.each([
    ['with 404 where no route matches', upgradeRequest('/nowhere'), 404, 'NO_ROUTE'],
    ['with 400 where dots hide the path', upgradeRequest('/x/../chat'), 400, 'UNSAFE_PATH'],
    ['with 426 where only pages are served', upgradeRequest('/pages'), 426, 'UPGRADE_NOT_POSSIBLE'],
    [
      'with 426 if it is of another version of WebSocket',
      upgradeRequest('/chat', { 'Sec-WebSocket-Version': '8' }),
      426,
      'WEBSOCKET_VERSION',
    ],
    [
      'with 403 if a page of another origin asks',
      upgradeRequest('/chat', { Origin: 'https://evil.example.com' }),
      403,
      'ORIGIN_NOT_ALLOWED',
    ],
    [
      'with 400 if it names two origins',
      upgradeRequest('/chat', {
        Origin: 'https://app.example.com\r\nOrigin: https://evil.example.com',
      }),
      400,
      'MALFORMED_REQUEST',
    ],
    [
      'with 405 if it is a CONNECT in disguise',
      upgradeRequest('/chat').replace('GET', 'CONNECT'),
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'with 405 if it is a CONNECT',
      upgradeRequest('/chat').replace('GET /chat', 'CONNECT example.com:443'),
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'with 400 if its key is not sixteen bytes',
      upgradeRequest('/chat', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }),
      400,
      'MALFORMED_UPGRADE',
    ],
    [
      'with 400 if its method is not GET',
      upgradeRequest('/chat').replace('GET', 'PUT'),
      400,
      'MALFORMED_UPGRADE',
    ],
    [
      'with 400 if it announces a body',
      upgradeRequest('/chat', { 'Content-Length': '4' }),
      400,
      'MALFORMED_UPGRADE',
    ],
  ])(
    '%s',
    async (_, request, status, code) => {
      using upstream = await listenUnasked()
      await using gateway = startGateway(routesTo(upstream.host))
      const { answer, problem } = await ask(gateway, request)
      expect(answer.status).toBe(status)
      expect(problem).toMatchObject({ status, code })
      expect(upstream.accepted).toBe(0)
      await gateway.event('request-refused', (event) => event.code === code)
    },
    5_000,
  )

  test('saying which version is spoken, and what else can be upgraded to', async () => {
    using upstream = await listenUnasked()
    await using gateway = startGateway(routesTo(upstream.host))
    const old = await ask(gateway, upgradeRequest('/chat', { 'Sec-WebSocket-Version': '8' }))
    expect(old.answer.headers).toMatchObject({
      'sec-websocket-version': '13',
      upgrade: 'websocket',
    })
    const page = await ask(gateway, upgradeRequest('/pages'))
    expect(page.answer.headers['upgrade']).toBe('HTTP/1.1')
  }, 5_000)

  test('and if its body comes with it, the connection ends: the body is no request', async () => {
    using upstream = await listenUnasked()
    await using gateway = startGateway(routesTo(upstream.host))
    using client = await dialTcp(gateway.port)
    const body = 'GET /pages HTTP/1.1\r\nHost: gateway.test\r\n\r\n'
    client.send(upgradeRequest('/chat', { 'Content-Length': String(body.length) }) + body)
    expect((await client.message()).status).toBe(400)
    expect(await client.farewell).toBe('ended')
    expect(client.received).toBe('')
    expect(upstream.accepted).toBe(0)
  }, 5_000)
})

test('an upload that is refused before it has arrived ends its connection, and is told so', async () => {
  await using gateway = startGateway(routesTo('127.0.0.1:1'))
  using client = await dialTcp(gateway.port)
  client.send('POST /nowhere HTTP/1.1\nHost: gateway.test\nContent-Length: 1000\n\nthe first bytes')
  expect(await client.message()).toMatchObject({ status: 404, headers: { connection: 'close' } })
  expect(await client.farewell).toBe('ended')
}, 5_000)

describe('origins', () => {
  test('a page of a listed origin may connect, and so may a client that is no page', async () => {
    await using server = await startPeer('ws-server.mjs')
    await using gateway = startGateway(routesTo(server.host))
    for (const more of [{ Origin: 'https://app.example.com' }, {}]) {
      using client = await dialTcp(gateway.port)
      client.send(upgradeRequest('/chat', more))
      expect((await client.message()).status).toBe(101)
    }
  }, 10_000)
})

describe('data that comes before the handshake is answered is refused with 400', () => {
  const early = encodeFrame(Opcode.text, 'early', { isMasked: true })

  test('if it comes together with the request', async () => {
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(switchAnswer())
    })
    await using gateway = startGateway(routesTo(upstream.host))
    using client = await dialTcp(gateway.port)
    const head = Buffer.from(upgradeRequest('/chat').replaceAll('\n', '\r\n'))
    client.send(Buffer.concat([head, early]))
    const answer = await client.message()
    expect(answer).toMatchObject({ status: 400, headers: { connection: 'close' } })
    expect(problemOf(answer)).toMatchObject({ code: 'EARLY_DATA' })
    expect(await client.farewell).toBe('ended')
  }, 5_000)

  test('if it comes while the server is thinking, whose connection is given up', async () => {
    const { promise: isAsked, resolve } = Promise.withResolvers<void>()
    const { promise: isGivenUp, resolve: giveUp } = Promise.withResolvers<string>()
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      resolve()
      giveUp(await connection.farewell)
    })
    await using gateway = startGateway(routesTo(upstream.host))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/chat'))
    await isAsked
    client.send(early)
    expect((await client.message()).status).toBe(400)
    expect(await isGivenUp).toBeOneOf(['ended', 'reset'])
    expect(gateway.gateway.sessions).toBe(0)
  }, 5_000)
})

test('a route with as many sessions as it may hold refuses with 503, until one is over', async () => {
  await using server = await startPeer('ws-server.mjs')
  await using gateway = startGateway(`
listeners: ["127.0.0.1:0"]
routes: [{ upstream: "ws://${server.host}", limits: { sessions: 2 } }]
`)
  const clients = await Promise.all([1, 2, 3].map(() => dialTcp(gateway.port)))
  for (const client of clients) client.send(upgradeRequest('/'))
  const answers = await Promise.all(clients.map((client) => client.message()))
  const statuses = answers.map(({ status }) => status)
  expect(statuses.toSorted((left, right) => left - right)).toEqual([101, 101, 503])
  const refused = answers.find(({ status }) => status === 503)
  expect(refused?.headers['retry-after']).toBe('1')
  expect(JSON.parse(refused?.body ?? '')).toMatchObject({ code: 'TOO_MANY_SESSIONS' })

  clients.find((_, index) => answers[index]?.status === 101)?.end()
  await gateway.event('session-closed')
  const again = clients.find((_, index) => answers[index] === refused)
  again?.send(upgradeRequest('/'))
  expect((await again?.message())?.status).toBe(101)
  for (const client of clients) client[Symbol.dispose]()
}, 10_000)
