/**
 * The server is asked before the client is answered, so what the client gets is the truth: the
 * server's own refusal, or that there is no server, or that it does not speak WebSocket after all.
 */
import { describe, expect, test } from 'bun:test'
import { relayTo, startGateway, type RunningGateway } from '../support/gateway.ts'
import { runPeer, startPeer } from '../support/peer.ts'
import { dialTcp, listenTcp, type TcpConnection } from '../support/tcp.ts'
import { encodeFrame, Opcode, switchAnswer, upgradeRequest } from '../support/websocket.ts'

describe("a server's refusal", () => {
  test('reaches the client with its status, headers, cookies and body', async () => {
    await using server = await startPeer('http-server.mjs')
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const result = await runPeer('ws-client.mjs', `ws://${gateway.host}/ws-refused`)
    expect(result).toMatchObject({
      ok: false,
      status: 403,
      headers: {
        'content-type': 'text/plain',
        'x-reason': 'members only',
        'set-cookie': ['a=1', 'b=2'],
      },
      body: 'not for you',
    })
    const answered = await gateway.event('handshake-rejected')
    expect(answered).toMatchObject({ path: '/ws-refused', status: 403 })
    expect(gateway.events.some((event) => event.type === 'session-opened')).toBe(false)
  }, 10_000)

  test('leaves the client its connection, for a page and for another try', async () => {
    await using server = await startPeer('http-server.mjs')
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/ws-refused'))
    expect(await client.message()).toMatchObject({ status: 403, body: 'not for you' })
    client.send('GET /hello HTTP/1.1\nHost: gateway.test\n\n')
    expect(await client.message()).toMatchObject({ status: 200, body: 'hello' })
    client.send(upgradeRequest('/ws'))
    expect((await client.message()).status).toBe(101)
    client.send(encodeFrame(Opcode.text, 'after all', { isMasked: true }))
    expect((await client.frame()).payload.toString()).toBe('after all')
  }, 10_000)

  test('is no refusal of the gateway: a redirect passes as it is', async () => {
    const redirect = 'HTTP/1.1 302 Found\nLocation: https://elsewhere.example.com/\n'
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(`${redirect}Content-Length: 0\n\n`)
    })
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    const answer = await client.message()
    expect(answer.status).toBe(302)
    expect(answer.headers['location']).toBe('https://elsewhere.example.com/')
  }, 5_000)
})

describe('the headers of a handshake that succeeds', () => {
  test('reach the server and the client, those of the gateway added', async () => {
    await using server = await startPeer('ws-server.mjs', '--name=behind')
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `ws://${gateway.host}/?room=%31`
    const result = await runPeer('ws-client.mjs', url, '--sizes=1', '--header=Cookie:a=1')
    const opened = await gateway.event('session-opened')
    expect(result).toMatchObject({
      ok: true,
      headers: { 'x-peer': 'behind', 'sluice-session': opened.session },
    })
    const { url: path, headers } = await server.line((line) => line['event'] === 'open')
    expect(path).toBe('/?room=%31')
    expect(headers).toMatchObject({
      host: gateway.host,
      cookie: 'a=1',
      'x-forwarded-for': '127.0.0.1',
      'sluice-session': opened.session,
    })
  }, 10_000)
})

const quickTimeouts = (host: string) => `
listeners: ["127.0.0.1:0"]
upstreams:
  slow: { endpoints: ["ws://${host}"], timeout: { connect: 80ms, answer: 80ms } }
routes: [{ upstream: slow }]
`

describe.each([
  ['an upgrade', upgradeRequest('/')],
  ['a page', 'GET / HTTP/1.1\nHost: gateway.test\n\n'],
])('%s', (_, request) => {
  test('gets 502 when the server is down, and keeps its connection', async () => {
    const { host } = await portOfNobody()
    await using gateway = startGateway(relayTo(`ws://${host}`))
    await expectProblem(gateway, request, 502, 'UPSTREAM_UNREACHABLE')
  }, 5_000)

  test('gets 504 when the server accepts and never answers, and the server is left', async () => {
    const { promise: isLeft, resolve } = Promise.withResolvers<string>()
    using upstream = await listenTcp(async (connection) => resolve(await connection.farewell))
    await using gateway = startGateway(quickTimeouts(upstream.host))
    await expectProblem(gateway, request, 504, 'UPSTREAM_ANSWER_TIMEOUT')
    expect(await isLeft).toBeOneOf(['ended', 'reset'])
  }, 5_000)

  test('gets 504 when the server does not even accept', async () => {
    await using server = await startPeer('full-server.py')
    await using gateway = startGateway(quickTimeouts(server.host))
    await expectProblem(gateway, request, 504, 'UPSTREAM_CONNECT_TIMEOUT')
  }, 5_000)

  test('gets 502 when the server hangs up without an answer', async () => {
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.end()
    })
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    await expectProblem(gateway, request, 502, 'UPSTREAM_RESET')
  }, 5_000)

  test('gets 502 when the server answers in another protocol', async () => {
    using upstream = await listenTcp((connection) => connection.send('SSH-2.0-OpenSSH_9.2\n\n'))
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    await expectProblem(gateway, request, 502, 'UPSTREAM_MALFORMED')
  }, 5_000)

  // It was waited for as a head that is not whole, and the fault was told as a server that is slow.
  test('gets 502 when the server greets in another protocol, and waits', async () => {
    using upstream = await listenTcp((connection) => connection.send('SSH-2.0-OpenSSH_9.2'))
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    await expectProblem(gateway, request, 502, 'UPSTREAM_MALFORMED')
  }, 5_000)
})

describe('a 101 that does not fit the handshake counts as none: 502, if', () => {
  const offer = {
    'Sec-WebSocket-Protocol': 'chat.v1',
    'Sec-WebSocket-Extensions': 'permessage-deflate',
  }
  test.each<[string, Record<string, string>]>([
    ['its accept key is wrong', { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
    ['its subprotocol was not offered', { 'Sec-WebSocket-Protocol': 'chat.v2' }],
    ['its extension was not offered', { 'Sec-WebSocket-Extensions': 'x-unheard-of' }],
    ['it upgrades to something else', { Upgrade: 'h2c' }],
  ])(
    '%s',
    async (_, wrong) => {
      const { promise: isLeft, resolve } = Promise.withResolvers<string>()
      using upstream = await listenTcp(async (connection) => {
        await connection.until(/\r\n\r\n/)
        connection.send(switchAnswer(wrong))
        resolve(await connection.farewell)
      })
      await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
      await expectProblem(gateway, upgradeRequest('/', offer), 502, 'UPSTREAM_BAD_HANDSHAKE')
      expect(await isLeft).toBeOneOf(['ended', 'reset'])
      expect(gateway.gateway.sessions).toBe(0)
    },
    5_000,
  )

  test('nobody asked for it', async () => {
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(switchAnswer())
    })
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    const page = 'GET / HTTP/1.1\nHost: gateway.test\n\n'
    await expectProblem(gateway, page, 502, 'UPSTREAM_BAD_HANDSHAKE')
  }, 5_000)
})

/** Asks twice on one connection: a refusal of this kind says nothing against the client. */
async function expectProblem(
  gateway: RunningGateway,
  request: string,
  status: number,
  code: string,
): Promise<void> {
  using client: TcpConnection = await dialTcp(gateway.port)
  for (let turn = 0; turn < 2; turn++) {
    client.send(request)
    const answer = await client.message()
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(answer.body)).toMatchObject({ status, code })
  }
}

/** Where a server was a moment ago. */
async function portOfNobody(): Promise<{ host: string }> {
  using server = await listenTcp(() => {})
  return { host: server.host }
}
