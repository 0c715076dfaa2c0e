/** How a session ends: what happens on one side happens on the other, and is reported. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { encodeClose } from '../../src/wire/frame-encoder.ts'
import { relayTo, startGateway, startTunnel } from '../support/gateway.ts'
import { heardIn } from '../support/heard.ts'
import { runPeer, startPeer, type Peer } from '../support/peer.ts'
import { rawConnect, startRawServer } from '../support/raw.ts'
import { dialTcp, listenTcp, type TcpConnection } from '../support/tcp.ts'
import {
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

/** A code as `ws` tells it, with its reason; 1005 is how a Close without a code is told. */
const closes: [number, string][] = [
  [1000, ''],
  [1000, 'done'],
  [1001, 'the page is left'],
  [1005, ''],
  [3000, ''],
  [4001, 'grüße 👋'],
]

describe('a Close of the client reaches the server as it is:', () => {
  test.each(closes)(
    '%i "%s"',
    async (code, reason) => {
      await using gateway = startGateway(relayTo(`ws://${server.host}`))
      const path = `/from-client-${code}-${reason.length}`
      const said = code === 1005 ? '' : `${code},${reason}`
      const url = `ws://${gateway.host}${path}`
      const result = await runPeer('ws-client.mjs', url, '--sizes=3', `--close=${said}`)
      expect(result).toMatchObject({ ok: true, close: { code, reason } })
      const heard = await server.line(({ event, url }) => event === 'close' && url === path)
      expect(heard).toMatchObject({ code, reason })
      const { end } = await gateway.event('session-closed')
      expect(end).toMatchObject({ by: 'client', code, reason: 'closed' })
    },
    10_000,
  )
})

describe('a Close of the server reaches the client as it is:', () => {
  test.each(closes)(
    '%i "%s"',
    async (code, reason) => {
      await using gateway = startGateway(relayTo(`ws://${server.host}`))
      const query = new URLSearchParams({ close: code === 1005 ? '' : `${code}`, reason })
      const url = `ws://${gateway.host}/?${query.toString()}`
      const result = await runPeer('ws-client.mjs', url, '--wait-close')
      expect(result).toMatchObject({ ok: true, close: { code, reason } })
      const { end } = await gateway.event('session-closed')
      expect(end).toMatchObject({ by: 'upstream', code, reason: 'closed' })
    },
    10_000,
  )
})

describe('a client that vanishes is gone for the server too:', () => {
  test.each<[string, (client: TcpConnection) => void, 'ended' | 'reset']>([
    ['its connection ends without a Close', (client) => client.end(), 'ended'],
    ['its connection is reset', (client) => client.reset(), 'reset'],
  ])(
    '%s',
    async (name, vanish, reason) => {
      await using gateway = startGateway(relayTo(`ws://${server.host}`))
      using client = await dialTcp(gateway.port)
      const path = `/vanish-${name.length}`
      client.send(upgradeRequest(path))
      await client.until(/\r\n\r\n/)
      await server.line(({ event, url }) => event === 'open' && url === path)
      vanish(client)
      const heard = await server.line(({ event, url }) => event === 'close' && url === path)
      expect(heard).toMatchObject({ code: 1006 })
      const { end } = await gateway.event('session-closed')
      expect(end).toMatchObject({ by: 'client', code: 1006, reason })
    },
    10_000,
  )

  /** Hears until the gateway ends the connection. */
  async function listenToTheEnd() {
    const { promise: received, resolve } = Promise.withResolvers<Buffer>()
    const upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(switchAnswer())
      await connection.farewell
      resolve(Buffer.from(connection.received, 'latin1'))
      connection.end()
    })
    return { upstream, received }
  }

  async function sendAndEnd(port: number, bytes: Buffer): Promise<TcpConnection> {
    const client = await dialTcp(port)
    client.send(upgradeRequest('/'))
    await client.until(/\r\n\r\n/)
    client.send(bytes)
    client.end()
    return client
  }

  test('in the middle of a message, of which the server gets the beginning and then the end', async () => {
    const { upstream, received } = await listenToTheEnd()
    using _ = upstream
    await using gateway = startTunnel(relayTo(`ws://${upstream.host}`))
    const half = encodeFrame(Opcode.text, 'a whole message', { isMasked: true }).subarray(0, 12)
    using __ = await sendAndEnd(gateway.port, half)
    expect(await received).toEqual(half)
  }, 5_000)

  test('in the middle of a long message, of which the server gets the beginning, framed or not', async () => {
    const { upstream, received } = await listenToTheEnd()
    using _ = upstream
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    const begun = Buffer.alloc(30_000, 'begun')
    const whole = encodeFrame(Opcode.text, Buffer.concat([begun, begun]), { isMasked: true })
    const half = whole.subarray(0, whole.length - begun.length)
    using __ = await sendAndEnd(gateway.port, half)
    expect(heardIn(await received)).toEqual([
      { opcode: Opcode.text, payload: begun, isWhole: false },
    ])
  }, 5_000)

  test('framed, in the middle of a short message, of which the server gets nothing', async () => {
    const { upstream, received } = await listenToTheEnd()
    using _ = upstream
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`, 'framed: true'))
    const whole = encodeFrame(Opcode.text, 'a whole message', { isMasked: true })
    using __ = await sendAndEnd(gateway.port, Buffer.concat([whole, whole.subarray(0, 12)]))
    const payload = Buffer.from('a whole message')
    expect(heardIn(await received)).toEqual([{ opcode: Opcode.text, payload, isWhole: true }])
  }, 5_000)
})

describe('a client that vanishes while the server is still being asked', () => {
  /** Never answers the first, accepts the second. */
  async function listenThoughtful() {
    const asked = Promise.withResolvers<void>()
    const left = Promise.withResolvers<string>()
    const upstream = await listenTcp(async (connection, index) => {
      await connection.until(/\r\n\r\n/)
      if (index === 2) return connection.send(switchAnswer())
      asked.resolve()
      left.resolve(await connection.farewell)
    })
    return { upstream, isAsked: asked.promise, isLeft: left.promise }
  }

  test('is gone for the server, and its place is free again', async () => {
    const { upstream, isAsked, isLeft } = await listenThoughtful()
    using _ = upstream
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`, 'limits: { sessions: 1 }'))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    await isAsked
    client.reset()
    expect(await isLeft).toBeOneOf(['ended', 'reset'])
    using next = await dialTcp(gateway.port)
    next.send(upgradeRequest('/'))
    expect((await next.message()).status).toBe(101)
  }, 5_000)

  // The dial that was given up told of a reset by the server, and that was not told to anybody.
  test('is reported as gone', async () => {
    const { upstream, isAsked } = await listenThoughtful()
    using _ = upstream
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    await isAsked
    client.reset()
    const refused = await gateway.event('request-refused')
    expect(refused).toMatchObject({ code: 'CLIENT_GONE', path: '/' })
  }, 5_000)
})

describe('a server that vanishes is gone for the client too:', () => {
  test('it is killed', async () => {
    await using mortal = await startPeer('ws-server.mjs')
    await using gateway = startGateway(relayTo(`ws://${mortal.host}`))
    using first = await openWebSocket(`ws://${gateway.host}/1`)
    using second = await openWebSocket(`ws://${gateway.host}/2`)
    await mortal.kill()
    expect(await Promise.all([first.closed, second.closed])).toMatchObject([
      { code: 1006 },
      { code: 1006 },
    ])
    const opened = gateway.events.filter((event) => event.type === 'session-opened')
    for (const { session } of opened) {
      const { end } = await gateway.event('session-closed', (event) => event.session === session)
      expect(end).toMatchObject({ by: 'upstream', code: 1006 })
    }
    expect(opened).toHaveLength(2)
    expect(gateway.gateway.sessions).toBe(0)
  }, 10_000)

  test('it ends right behind its last message, which still arrives', async () => {
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(switchAnswer())
      connection.send(encodeFrame(Opcode.text, 'last words', { isMasked: false }))
      connection.end()
    })
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    await client.until(/\r\n\r\n/)
    expect((await client.frame()).payload.toString()).toBe('last words')
    expect(await client.farewell).toBe('ended')
    client.end()
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'upstream', code: 1006, reason: 'ended' })
  }, 5_000)

  test('it resets its connection', async () => {
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(switchAnswer())
      await connection.frame()
      connection.reset()
    })
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    await client.until(/\r\n\r\n/)
    client.send(encodeFrame(Opcode.text, 'go', { isMasked: true }))
    await client.farewell
    client.end()
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'upstream', code: 1006, reason: 'reset' })
  }, 5_000)
})

// Regression: ending both sides at once left one of the gateway's ports in TIME_WAIT for each session.
test('after a Close and its answer the client is ended, and the server is left to end first', async () => {
  const answered = Promise.withResolvers<Socket>()
  let isServerEnded = false
  await using server = await startRawServer((socket) => {
    socket.on('end', () => (isServerEnded = true))
    socket.once('data', () => {
      socket.write(encodeClose(1000, '', { isMasked: false }))
      answered.resolve(socket)
    })
    socket.resume()
  })
  await using gateway = startGateway(relayTo(`ws://127.0.0.1:${server.port}`))
  const client = await rawConnect(gateway.port)
  client.write(encodeClose(1000, '', { isMasked: true }))
  client.resume()
  await new Promise((resolve) => client.on('end', resolve))
  client.end()
  await new Promise((resolve) => client.on('close', resolve))
  // A request of its own goes there and back: whatever the gateway would do by now it has done.
  await (await fetch(`http://${gateway.host}/`)).text()
  expect(isServerEnded).toBe(false)
  const socket = await answered.promise
  socket.end()
  expect((await gateway.event('session-closed')).end).toMatchObject({ by: 'client', code: 1000 })
})
