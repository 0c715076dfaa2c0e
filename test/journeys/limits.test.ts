/** What a route bounds, and what the protocol forbids: whoever oversteps is closed, and told why. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { relayTo, startGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { dialTcp, listenTcp, type Frame } from '../support/tcp.ts'
import {
  encodeClose,
  encodeFrame,
  Opcode,
  openWebSocket,
  switchAnswer,
  upgradeRequest,
} from '../support/websocket.ts'

let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

/** How the server saw the session end. */
function heardByServer(path: string) {
  return server.line(({ event, url }) => event === 'close' && url === path)
}

describe('a message larger than the route accepts', () => {
  const limited = 'limits: { message: 100B }'

  test('closes its sender with 1009 and the server with 1011, and never arrives', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`, limited))
    using client = await openWebSocket(`ws://${gateway.host}/too-big`)
    client.socket.send('x'.repeat(100))
    await client.message((text) => text.length === 100)
    client.socket.send('y'.repeat(101))
    expect((await client.closed).code).toBe(1009)
    expect(await heardByServer('/too-big')).toMatchObject({ code: 1011 })
    const { end, inbound } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'client', code: 1009, reason: 'MESSAGE_TOO_BIG' })
    expect(inbound.messages).toBe(1)
  }, 10_000)

  test('counts together with its fragments', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`, limited))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/fragments'))
    await client.until(/\r\n\r\n/)
    const [first, next] = [Opcode.text, 0].map((opcode) => {
      const frame = encodeFrame(opcode, 'x'.repeat(60), { isMasked: true })
      frame[0]! &= 0x7f // not the last one
      return frame
    })
    client.send(Buffer.concat([first!, next!]))
    expect(closeOf(await client.frame()).code).toBe(1009)
    client.send(encodeClose(1009, '', { isMasked: true }))
    expect(await heardByServer('/fragments')).toMatchObject({ code: 1011 })
  }, 10_000)

  test('from the server closes the server with 1009 and the client with 1011', async () => {
    const { promise: toServer, resolve } = Promise.withResolvers<Frame>()
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(switchAnswer())
      connection.send(encodeFrame(Opcode.text, 'x'.repeat(101), { isMasked: false }))
      resolve(await connection.frame())
      connection.end()
    })
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`, limited))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    await client.until(/\r\n\r\n/)
    expect(closeOf(await client.frame()).code).toBe(1011)
    expect(closeOf(await toServer).code).toBe(1009)
    client.send(encodeClose(1011, '', { isMasked: true }))
    client.end()
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'upstream', reason: 'MESSAGE_TOO_BIG' })
  }, 10_000)
})

describe('a client that violates the protocol is closed with 1002, its server with 1011:', () => {
  const masked = { isMasked: true }
  test.each<[string, Buffer]>([
    ['an unmasked frame', encodeFrame(Opcode.text, 'bare', { isMasked: false })],
    ['a reserved opcode', encodeFrame(3, 'x', masked)],
    ['a reserved bit', encodeFrame(0x40 | Opcode.text, 'x', masked)],
    ['a continuation of nothing', encodeFrame(0, 'x', masked)],
    ['a Close with a code that may not travel', encodeClose(1005, '', masked)],
    ['a Close whose reason is not UTF-8', encodeFrame(8, Buffer.from([3, 232, 0xff]), masked)],
  ])(
    '%s',
    async (name, frame) => {
      await using gateway = startGateway(relayTo(`ws://${server.host}`))
      using client = await dialTcp(gateway.port)
      const path = `/${name.replaceAll(' ', '-')}`
      client.send(upgradeRequest(path))
      await client.until(/\r\n\r\n/)
      client.send(encodeFrame(Opcode.text, 'before', masked))
      expect((await client.frame()).payload.toString()).toBe('before')
      client.send(frame)
      expect(closeOf(await client.frame()).code).toBe(1002)
      expect(await client.farewell).toBe('ended')
      expect(await heardByServer(path)).toMatchObject({ code: 1011 })
      client.end()
      const { end } = await gateway.event('session-closed')
      expect(end).toMatchObject({ by: 'client', code: 1002, reason: 'PROTOCOL_VIOLATION' })
    },
    10_000,
  )
})

describe('a session that', () => {
  test('passes nothing for longer than the route allows is closed with 1001 on both sides', async () => {
    const idle = relayTo(`ws://${server.host}`, 'timeout: { idle: 60ms }')
    await using gateway = startGateway(idle)
    using client = await openWebSocket(`ws://${gateway.host}/idle`)
    expect((await client.closed).code).toBe(1001)
    expect(await heardByServer('/idle')).toMatchObject({ code: 1001 })
    const { end, durationMs } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'gateway', code: 1001, reason: 'IDLE' })
    expect(durationMs).toBeGreaterThanOrEqual(60)
  }, 10_000)

  test('passes something now and then is not idle', async () => {
    const idle = relayTo(`ws://${server.host}`, 'timeout: { idle: 1s, age: 1500ms }')
    await using gateway = startGateway(idle)
    using client = await openWebSocket(`ws://${gateway.host}/busy`)
    const timer = setInterval(() => client.socket.send('still here'), 50)
    await client.closed
    clearInterval(timer)
    const { end } = await gateway.event('session-closed')
    expect(end.reason).toBe('AGE')
  }, 15_000)

  test('is older than the route allows is closed with 1001 on both sides', async () => {
    const aged = relayTo(`ws://${server.host}`, 'timeout: { age: 60ms }')
    await using gateway = startGateway(aged)
    using client = await openWebSocket(`ws://${gateway.host}/aged`)
    expect((await client.closed).code).toBe(1001)
    expect(await heardByServer('/aged')).toMatchObject({ code: 1001 })
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'gateway', code: 1001, reason: 'AGE' })
  }, 10_000)

  test('is told to close, and closes on neither side, is cut', async () => {
    const { promise: toServer, resolve } = Promise.withResolvers<Frame>()
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(switchAnswer())
      resolve(await connection.frame())
    })
    const aged = relayTo(`ws://${upstream.host}`, 'timeout: { age: 40ms, close: 40ms }')
    await using gateway = startGateway(aged)
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    await client.until(/\r\n\r\n/)
    expect(closeOf(await client.frame()).code).toBe(1001)
    expect(closeOf(await toServer).code).toBe(1001)
    expect(await client.farewell).toBeOneOf(['ended', 'reset'])
    await gateway.event('session-closed')
    expect(gateway.gateway.sessions).toBe(0)
  }, 10_000)
})

function closeOf({ opcode, payload }: Frame): { code: number; reason: string } {
  expect(opcode).toBe(Opcode.close)
  return { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() }
}

describe('handshakes under way', () => {
  test('are refused with 503 past the limit of their listener, and let in again afterwards', async () => {
    const answers: (() => void)[] = []
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      answers.push(() => connection.send('HTTP/1.1 403 Forbidden\nContent-Length: 0\n\n'))
    })
    await using gateway = startGateway(`
listeners: [{ address: 127.0.0.1, port: 0, limits: { handshakes: 2 } }]
routes: [{ upstream: "ws://127.0.0.1:${upstream.port}" }]
`)
    const clients = await Promise.all([1, 2].map(() => dialTcp(gateway.port)))
    for (const client of clients) client.send(upgradeRequest('/'))
    while (answers.length < 2) await Bun.sleep(5)
    using third = await dialTcp(gateway.port)
    third.send(upgradeRequest('/'))
    expect((await third.message()).status).toBe(503)
    await gateway.event('request-refused', ({ code }) => code === 'TOO_MANY_HANDSHAKES')
    answers[0]?.()
    expect((await clients[0]!.message()).status).toBe(403)
    third.send(upgradeRequest('/'))
    while (answers.length < 3) await Bun.sleep(5)
    for (const client of clients) client[Symbol.dispose]()
  })
})

describe('sessions of one client', () => {
  test('are refused with 429 past their limit, which a trusted proxy counts by the address it tells', async () => {
    await using gateway = startGateway(`
listeners: [{ address: 127.0.0.1, port: 0, trusted-proxies: [127.0.0.1] }]
routes: [{ upstream: "ws://${server.host}", limits: { sessions-per-client: 1 } }]
`)
    const statusFor = async (address: string) => {
      const client = await dialTcp(gateway.port)
      client.send(upgradeRequest('/', { 'X-Forwarded-For': address }))
      const { status } = await client.message()
      return { client, status }
    }
    const first = await statusFor('192.0.2.1')
    const again = await statusFor('192.0.2.1')
    const other = await statusFor('192.0.2.2')
    expect([first.status, again.status, other.status]).toEqual([101, 429, 101])
    first.client[Symbol.dispose]()
    await gateway.event('session-closed', ({ address }) => address === '192.0.2.1')
    const anew = await statusFor('192.0.2.1')
    expect(anew.status).toBe(101)
    for (const { client } of [again, other, anew]) client[Symbol.dispose]()
  })
})
