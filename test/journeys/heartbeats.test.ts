/**
 * Heartbeats: a side that is silent is pinged, one that stays silent is gone, and neither
 * side notices pings that were not meant for it.
 */
import { describe, expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { frame } from '../support/frames.ts'
import { relayTo, startGateway, startTunnel } from '../support/gateway.ts'
import { rawConnect, startRawServer } from '../support/raw.ts'
import { encodeFrame, Opcode } from '../support/websocket.ts'

interface Seen {
  readonly opcode: number
  readonly payload: string
}

/** Both ends of one session, as bare sockets that answer nothing by themselves. */
async function startSession(more: string, start = startGateway) {
  const accepted = Promise.withResolvers<Socket>()
  const upstream = await startRawServer((socket) => accepted.resolve(socket))
  const gateway = start(relayTo(`ws://127.0.0.1:${upstream.port}`, more))
  const client = await rawConnect(gateway.port)
  const server = await accepted.promise
  return {
    gateway,
    client: listen(client, true),
    server: listen(server, false),
    async [Symbol.asyncDispose]() {
      client.destroy()
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

/** Frames of at most 125 bytes that a side of ours hears, unmasked. */
function listen(socket: Socket, isClient: boolean) {
  const seen: Seen[] = []
  let bytes = Buffer.alloc(0)
  let onFrame: (() => void) | undefined
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const headBytes = isClient ? 2 : 6
      const end = headBytes + ((bytes[1] ?? 0) & 0x7f)
      if (bytes.length < headBytes || bytes.length < end) break
      const key = isClient ? Buffer.alloc(4) : bytes.subarray(2, 6)
      const payload = bytes.subarray(headBytes, end).map((byte, index) => byte ^ key[index & 3]!)
      seen.push({ opcode: bytes[0]! & 0x0f, payload: Buffer.from(payload).toString('latin1') })
      bytes = bytes.subarray(end)
    }
    onFrame?.()
  })
  socket.resume()
  const heard = () => new Promise<void>((resolve) => (onFrame = resolve))
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  return {
    socket,
    seen,
    closed,
    send: (opcode: number, text: string) =>
      socket.write(encodeFrame(opcode, Buffer.from(text, 'latin1'), { isMasked: isClient })),
    /** The frame that comes `index`-th. */
    async frame(index: number): Promise<Seen> {
      while (seen[index] === undefined) await heard()
      return seen[index]
    },
    /** Which is the first such frame, from there on; waits for it. */
    async find(isWanted: (frame: Seen) => boolean, from = 0): Promise<number> {
      for (let index = from; ; index++) {
        while (seen[index] === undefined) await heard()
        if (seen.slice(index, index + 1).some(isWanted)) return index
      }
    },
  }
}

describe('a silent side', () => {
  test('is pinged, and its answer ends here', async () => {
    await using session = await startSession('heartbeat: { client: 50ms, timeout: 5s }')
    const { client, server } = session
    const ping = await client.frame(0)
    expect(ping.opcode).toBe(Opcode.ping)
    client.send(Opcode.pong, ping.payload)
    client.send(Opcode.text, 'hello')
    expect(await server.frame(0)).toEqual({ opcode: Opcode.text, payload: 'hello' })
    expect((await client.frame(1)).opcode).toBe(Opcode.ping)
  })

  test('towards the upstream is pinged as by a client: masked', async () => {
    await using session = await startSession('heartbeat: { upstream: 50ms, timeout: 5s }')
    const { client, server } = session
    const ping = await server.frame(0)
    expect(ping.opcode).toBe(Opcode.ping)
    server.send(Opcode.pong, ping.payload)
    server.send(Opcode.text, 'hello')
    expect(await client.frame(0)).toEqual({ opcode: Opcode.text, payload: 'hello' })
  })

  test('whose answer never comes is gone: both connections end, and the log says which side', async () => {
    await using session = await startSession('heartbeat: { client: 50ms, timeout: 300ms }')
    const { client, server } = session
    await client.closed
    await server.closed
    const { end } = await session.gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'client', reason: 'SILENT', code: 1006 })
    expect(server.seen).toEqual([])
  })

  test('that says anything at all is alive', async () => {
    await using session = await startSession('heartbeat: { client: 50ms, timeout: 150ms }')
    const { client } = session
    for (let said = 0; said < 10; said++) {
      await client.frame(client.seen.length)
      client.send(Opcode.text, 'I am here, and answer no pings')
    }
    expect(session.gateway.gateway.sessions).toBe(1)
  })
})

describe('the other side’s own pings', () => {
  test('pass, with their answers', async () => {
    await using session = await startSession('heartbeat: { client: 10s }')
    const { client, server } = session
    server.send(Opcode.ping, 'from the server')
    expect(await client.frame(0)).toEqual({ opcode: Opcode.ping, payload: 'from the server' })
    client.send(Opcode.pong, 'from the server')
    expect(await server.frame(0)).toEqual({ opcode: Opcode.pong, payload: 'from the server' })
  })

  test('are not talked over: while one is unanswered there is no other', async () => {
    await using session = await startSession('heartbeat: { client: 400ms, timeout: 300ms }')
    const { client, server } = session
    server.send(Opcode.ping, 'from the server')
    await client.frame(0)
    await client.closed
    // RFC 6455 §5.5.3: it might have answered the latest only, and the server would have waited for ever.
    expect(client.seen.map((each) => each.payload)).toEqual(['from the server'])
  })
})

test('no ping is put into the middle of a frame, for whose end it waits in a tunnel', async () => {
  const more = 'heartbeat: { client: 300ms, timeout: 5s }'
  await using session = await startSession(more, startTunnel)
  const { client, server } = session
  const half = encodeFrame(Opcode.text, 'x'.repeat(100), { isMasked: false })
  server.socket.write(half.subarray(0, 60))
  await Bun.sleep(700) // two intervals: nothing may happen, so there is nothing to wait for
  server.socket.write(half.subarray(60))
  expect(await client.frame(0)).toEqual({ opcode: Opcode.text, payload: 'x'.repeat(100) })
  expect((await client.frame(1)).opcode).toBe(Opcode.ping)
})

test('framed, a ping does not wait for the end of a frame that is late, nor for that of a message', async () => {
  const more = 'framed: true\n    heartbeat: { client: 50ms, upstream: off, timeout: 5s }'
  await using session = await startSession(more)
  const { client, server } = session
  const late = encodeFrame(Opcode.text, 'x'.repeat(100), { isMasked: false })
  server.socket.write(late.subarray(0, 60))
  await client.find(isPing)
  const begun = frame({ opcode: Opcode.text, payload: 'begun, ', isFinal: false })
  server.socket.write(Buffer.concat([late.subarray(60), begun]))
  const begunAt = await client.find(({ payload }) => payload === 'begun, ')
  for (const { payload } of client.seen.filter(isPing)) client.send(Opcode.pong, payload)
  await client.find(isPing, begunAt)
  server.socket.write(frame({ opcode: 0, payload: 'ended' }))
  await client.find(({ payload }) => payload === 'ended')
  expect(client.seen.filter((each) => !isPing(each))).toEqual([
    { opcode: Opcode.text, payload: 'x'.repeat(100) },
    { opcode: Opcode.text, payload: 'begun, ' },
    { opcode: 0, payload: 'ended' },
  ])
})

function isPing({ opcode }: Seen): boolean {
  return opcode === Opcode.ping
}
