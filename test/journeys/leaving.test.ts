/** Leaving, as on SIGTERM: nobody new comes in, everybody inside is let finish or told to go. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { dialTcp, listenTcp } from '../support/tcp.ts'
import {
  encodeClose,
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

function leavingFrom(host: string, more = 'window: 20ms'): string {
  return `
listeners: ["127.0.0.1:0"]
routes: [{ upstream: "ws://${host}", timeout: { close: 100ms } }]
leave: { ${more} }
`
}

/** Resolves when new connections are refused. Those that were in the queue just then are reset. */
async function untilClosed(gateway: RunningGateway): Promise<void> {
  for (let code: unknown; code !== 'ECONNREFUSED';) {
    try {
      using _ = await dialTcp(gateway.port)
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code
    }
  }
}

describe('sessions', () => {
  test('are closed with 1012 on both sides, and then nothing is left', async () => {
    await using gateway = startGateway(leavingFrom(server.host))
    using first = await openWebSocket(`ws://${gateway.host}/a`)
    using second = await openWebSocket(`ws://${gateway.host}/b`)
    await gateway.gateway.leave()
    expect(await Promise.all([first.closed, second.closed])).toMatchObject([
      { code: 1012 },
      { code: 1012 },
    ])
    for (const path of ['/a', '/b']) {
      const heard = await server.line(({ event, url }) => event === 'close' && url === path)
      expect(heard).toMatchObject({ code: 1012 })
    }
    const ends = gateway.events.filter((event) => event.type === 'session-closed')
    expect(ends.map(({ end }) => [end.by, end.reason])).toEqual(
      Array(2).fill(['gateway', 'LEAVING']),
    )
    expect(await gateway.event('leaving')).toMatchObject({ sessions: 2 })
    expect(gateway.events.at(-1)).toEqual({ type: 'left' })
    expect(gateway.gateway.sessions).toBe(0)
    await untilClosed(gateway)
  }, 10_000)

  test('that do not answer the Close are cut, and leaving ends all the same', async () => {
    await using gateway = startGateway(leavingFrom(server.host))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/stubborn'))
    await client.until(/\r\n\r\n/)
    await gateway.gateway.leave()
    const { opcode, payload } = await client.frame()
    expect([opcode, payload.readUInt16BE()]).toEqual([Opcode.close, 1012])
    expect(await client.farewell).toBeOneOf(['ended', 'reset'])
    expect(gateway.gateway.sessions).toBe(0)
  }, 10_000)

  test('that are still open do not let anybody new in meanwhile', async () => {
    await using gateway = startGateway(leavingFrom(server.host))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/last'))
    await client.until(/\r\n\r\n/)
    const left = gateway.gateway.leave()
    expect((await client.frame()).opcode).toBe(Opcode.close)
    await untilClosed(gateway)
    expect(gateway.events.some((event) => event.type === 'left')).toBe(false)
    client.send(encodeClose(1012, '', { isMasked: true }))
    client.end()
    await left
  }, 10_000)

  test('go on, and new ones are let in, for as long as the delay', async () => {
    await using gateway = startGateway(leavingFrom(server.host, 'delay: 1s, window: 0ms'))
    const left = gateway.gateway.leave()
    using client = await openWebSocket(`ws://${gateway.host}/in-the-delay`)
    client.socket.send('hello')
    expect(await client.message(() => true)).toBe('hello')
    await left
    expect((await client.closed).code).toBe(1012)
  }, 10_000)
})

describe('a request under way', () => {
  /** Answers half, and the rest when it is told to. */
  async function listenHesitant() {
    const { promise: isAsked, resolve: ask } = Promise.withResolvers<void>()
    const { promise: isTold, resolve: finish } = Promise.withResolvers<void>()
    const upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send('HTTP/1.1 200 OK\nContent-Length: 8\n\nhalf')
      ask()
      await isTold
      connection.send('half')
    })
    return { upstream, isAsked, finish }
  }
  const request = 'GET /page HTTP/1.1\nHost: gateway.test\n\n'

  test('is answered whole, and only then is its connection ended', async () => {
    const { upstream, isAsked, finish } = await listenHesitant()
    using _ = upstream
    await using gateway = startGateway(leavingFrom(upstream.host))
    using client = await dialTcp(gateway.port)
    client.send(request)
    await isAsked
    await client.until(/half/)
    const left = gateway.gateway.leave()
    await untilClosed(gateway)
    finish()
    await client.until(/half/)
    expect(await client.farewell).toBe('ended')
    client.end()
    await left
  }, 10_000)

  test('that never ends is cut in the end', async () => {
    const { upstream, isAsked } = await listenHesitant()
    using _ = upstream
    await using gateway = startGateway(leavingFrom(upstream.host))
    using client = await dialTcp(gateway.port)
    client.send(request)
    await isAsked
    await gateway.gateway.leave()
    expect(await client.farewell).toBeOneOf(['ended', 'reset'])
  }, 15_000)

  test('to open a WebSocket is told that the gateway leaves, before its answer or right after', async () => {
    const { promise: isAsked, resolve: ask } = Promise.withResolvers<void>()
    const { promise: isTold, resolve: finish } = Promise.withResolvers<void>()
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      ask()
      await isTold
      connection.send(switchAnswer())
    })
    await using gateway = startGateway(leavingFrom(upstream.host))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    await isAsked
    const left = gateway.gateway.leave()
    await untilClosed(gateway)
    finish()
    const { status } = await client.message()
    const told = status === 101 ? (await client.frame()).payload.readUInt16BE() : status
    expect(told).toBeOneOf([503, 1012])
    client.end()
    await left
    expect(gateway.gateway.sessions).toBe(0)
  }, 15_000)
})

test('connections between two requests are ended', async () => {
  await using pages = await startPeer('http-server.mjs')
  await using gateway = startGateway(leavingFrom(pages.host))
  using busy = await openWebSocket(`ws://${gateway.host}/ws`)
  using client = await dialTcp(gateway.port)
  client.send('GET /hello HTTP/1.1\nHost: gateway.test\n\n')
  expect((await client.message()).body).toBe('hello')
  const left = gateway.gateway.leave()
  expect(await client.farewell).toBe('ended')
  client.end()
  await Promise.all([left, busy.closed])
}, 10_000)
