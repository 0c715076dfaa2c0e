/**
 * Connections that open, talk and die at random, on both sides, for half a minute (CHURN_SECONDS) and for the same time
 * again: afterwards nothing may be left of them.
 */
import { expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { MessageAssembler } from '../../src/wire/message-assembler.ts'
import { Compression } from '../../src/wire/compression.ts'
import { encodeClose } from '../../src/wire/frame-encoder.ts'
import { Opcode } from '../../src/wire/opcode.ts'
import { encodeMessage, extensions, isCompressing } from '../support/compressing.ts'
import {
  startGatewayProcess,
  type GatewayProcess,
  type Holdings,
} from '../support/gateway-process.ts'
import { rawConnect, startRawServer, upgradeHead } from '../support/raw.ts'

/** Of each of the two minutes; shorter to try something out. */
const seconds = Number(process.env.CHURN_SECONDS ?? 30)
const workers = 40
const seed = 20_240_229

/** mulberry32: small, and the same everywhere. */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Life = (port: number, random: () => number) => Promise<void>

/** Of a client. */
function message(size: number): Buffer {
  return encodeMessage(Opcode.binary, Buffer.alloc(size, 'said'), { isMasked: true })
}

function join(port: number, target: string): Promise<Socket> {
  return rawConnect(port, target, extensions)
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => {})
    if (socket.destroyed) resolve()
    else socket.on('close', () => resolve())
  })
}

/** How a client's stay may go. What the server does is asked for in the path. */
const lives: readonly Life[] = [
  async function saysGoodbye(port, random) {
    const socket = await join(port, '/echo')
    const end = closed(socket)
    for (let count = random() * 10; count > 0; count--) socket.write(message(random() * 3000))
    socket.write(encodeClose(1000, 'bye', { isMasked: true }))
    socket.on('end', () => socket.end())
    socket.resume()
    await end
  },
  async function vanishes(port, random) {
    const socket = await join(port, '/echo')
    const end = closed(socket)
    socket.write(message(random() * 30_000))
    socket.resume()
    if (random() < 0.5) socket.resetAndDestroy()
    else socket.end()
    socket.on('end', () => socket.destroy())
    await end
  },
  async function losesItsServer(port, random) {
    const socket = await join(port, random() < 0.5 ? '/reset' : '/end')
    const end = closed(socket)
    socket.write(message(random() * 3000))
    socket.on('end', () => socket.end())
    socket.resume()
    await end
  },
  async function breaksTheProtocol(port) {
    const socket = await join(port, '/echo')
    const end = closed(socket)
    socket.write(encodeMessage(Opcode.binary, Buffer.alloc(10), { isMasked: false }))
    socket.on('end', () => socket.end())
    socket.resume()
    await end
  },
  async function leavesInTheHandshake(port) {
    const socket = connect(port, '127.0.0.1')
    const end = closed(socket)
    socket.write(upgradeHead('/echo', extensions), () => socket.destroy())
    await end
  },
  async function sendsHalfARequest(port) {
    const socket = connect(port, '127.0.0.1')
    const end = closed(socket)
    socket.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf', () =>
      socket.end(),
    )
    socket.resume()
    await end
  },
  async function asksForPages(port, random) {
    for (let count = random() * 5; count > 0; count--) {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { connection: 'close' },
      })
      expect(await response.text()).toBe('ok')
    }
  },
]

function serve(socket: Socket, target: string): void {
  socket.on('end', () => socket.end())
  if (target === '/reset') return void socket.once('data', () => socket.resetAndDestroy()).resume()
  if (target === '/end') return void socket.once('data', () => socket.end()).resume()
  const compression = new Compression(1024 * 1024)
  const decoder = new MessageAssembler(
    { isMasked: true, mayCompress: isCompressing, frameBytes: 65_536, messageBytes: 65_536 },
    isCompressing ? { compression, windowBits: 15, isTakeover: true } : undefined,
  )
  socket.on('close', () => decoder.release())
  socket.on('data', (chunk: Buffer) => {
    for (const { opcode, payload } of decoder.assemble(chunk)) {
      if (!socket.destroyed) socket.write(encodeMessage(opcode, payload, { isMasked: false }))
    }
  })
  socket.resume()
}

async function churn(port: number): Promise<number> {
  const until = performance.now() + seconds * 1000
  let count = 0
  const work = async (worker: number) => {
    const random = randomFrom(seed + worker)
    while (performance.now() < until) {
      const life = lives[Math.floor(random() * lives.length)]
      await life?.(port, random)
      count++
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)))
  return count
}

/**
 * What is held once everybody has left and the idle connections to the server have timed out. The
 * collector takes for a reference whatever looks like one on the stack, so the last few objects and
 * buffers may stay until something else has run there: a refused request does.
 */
async function settle(
  gateway: GatewayProcess,
  before: Holdings,
  mostLive = Infinity,
): Promise<Holdings> {
  let holdings = await gateway.holdings()
  const isBack = () =>
    holdings.live <= mostLive &&
    holdings.files === before.files &&
    Bun.deepEquals(holdings.objects, before.objects)
  for (let tries = 0; tries < 60 && !isBack(); tries++) {
    const socket = connect(gateway.port, '127.0.0.1')
    const end = closed(socket)
    socket.write('nonsense\r\n\r\n')
    socket.resume()
    await end
    holdings = await gateway.holdings()
  }
  return holdings
}

test(
  'after a while of connections dying at random nothing is left of them',
  async () => {
    await using server = await startRawServer(serve, extensions)
    await using gateway = await startGatewayProcess(`
listeners: ["127.0.0.1:0"]
routes:
  - upstream: ws://127.0.0.1:${server.port}
    timeout: { close: 1s }
limits: { compression-memory: 256MB } # for all at once, so that every window is one of a session
log: { level: off }
`)
    const before = await gateway.holdings()
    const first = await churn(gateway.port)
    const afterFirst = await settle(gateway, before)
    const second = await churn(gateway.port)
    const mostLive = afterFirst.live * 1.1
    const afterSecond = await settle(gateway, before, mostLive)
    console.info(
      `      ${first} and ${second} stays; live ${afterFirst.live} then ${afterSecond.live} bytes, resident ${afterFirst.rss} then ${afterSecond.rss}`,
    )
    expect(first).toBeGreaterThan(seconds * 100)
    for (const after of [afterFirst, afterSecond]) {
      expect(after.objects).toEqual(before.objects)
      expect(after.files).toBe(before.files)
      expect([after.sockets, after.sessions, after.windowBytes]).toEqual([0, 0, 0])
    }
    expect(afterSecond.live).toBeLessThanOrEqual(mostLive)
    expect(afterSecond.rss).toBeLessThanOrEqual(afterFirst.rss * 1.1)
  },
  (seconds * 2 + 60) * 1000,
)
