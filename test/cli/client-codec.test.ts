/**
 * The handshake and the codec of `sluice connect` with a server of npm's `ws`, whatever the two agree on.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { clientCodec } from '../../src/cli/client-codec.ts'
import { shakeHands } from '../../src/cli/connect-handshake.ts'
import { readServer } from '../../src/cli/dial.ts'
import type { WholeMessage } from '../../src/wire/message-assembler.ts'
import { Opcode } from '../../src/wire/opcode.ts'
import { startPeer, type Peer } from '../support/peer.ts'

let server: Peer
beforeAll(async () => {
  server = await startPeer('deflate-server.mjs')
})
afterAll(() => server.stop())

const anyway = {
  trust: { ca: undefined, cert: undefined, key: undefined, isVerified: true },
  subprotocols: [],
  headers: [],
  timeoutMs: 10_000,
}
const messageBytes = 1024 * 1024

interface Message {
  readonly opcode: number
  readonly payload: Buffer
}

/** Sends all, and gives what came back for each, with what was agreed on. */
async function echoed(query: string, offersCompression: boolean, messages: readonly Message[]) {
  const place = readServer(`ws://${server.host}/?${query}`)
  if (place === undefined) throw new TypeError('no address')
  const { connection, agreement } = await shakeHands(place, { ...anyway, offersCompression })
  const { reader, writer, compression } = clientCodec(agreement, messageBytes)
  const echoes: WholeMessage[] = []
  const done = Promise.withResolvers<void>()
  connection.takeOver()
  connection.stream.handler = {
    streamOnData(chunk) {
      echoes.push(...reader.assemble(chunk))
      if (echoes.length === messages.length || reader.violation !== undefined) done.resolve()
    },
    streamOnDrain() {},
    streamOnEnd: () => done.resolve(),
    streamOnClose: () => done.resolve(),
  }
  for (const message of messages)
    writer.data({ ...message, isFirst: true, isLast: true }, message.payload.length)
  const sentBytes = writer.bytes
  connection.stream.write(writer.take())
  await done.promise
  connection.destroy()
  reader.release()
  writer.release()
  return { echoes, agreement, sentBytes, keptBytes: compression.usedBytes }
}

const text = (payload: string): Message => ({ opcode: Opcode.text, payload: Buffer.from(payload) })
const order = text(
  JSON.stringify({ type: 'order', items: Array.from({ length: 20 }, () => 'tea') }),
)

describe('a client', () => {
  test('offers compression only where it is asked for', async () => {
    const { echoes, agreement } = await echoed('', false, [order])
    expect(agreement).toBeUndefined()
    expect(echoes).toEqual([{ ...order, deflatedBytes: undefined }])
  })

  test('refers back to earlier messages, and reads a server that does', async () => {
    const { echoes, agreement, sentBytes } = await echoed('', true, [order, order, order])
    expect(agreement).toMatchObject({ clientTakeover: true, serverTakeover: true })
    const [first = 0, ...later] = echoes.map(({ deflatedBytes }) => deflatedBytes ?? Infinity)
    for (const bytes of later) expect(bytes).toBeLessThan(first / 2)
    expect(sentBytes).toBeLessThan(order.payload.length)
  })

  test.each([
    ['clientNoContextTakeover=true', { clientTakeover: false, serverTakeover: true }],
    ['serverNoContextTakeover=true', { clientTakeover: true, serverTakeover: false }],
    ['clientMaxWindowBits=10', { clientWindowBits: 10, serverWindowBits: 15 }],
    ['serverMaxWindowBits=9', { clientWindowBits: 15, serverWindowBits: 9 }],
    ['clientMaxWindowBits=8', { clientWindowBits: 8 }],
  ])('keeps to a server with %s', async (query, agreed) => {
    const { echoes, agreement } = await echoed(query, true, [order, text(''), order])
    expect(agreement).toMatchObject(agreed)
    expect(echoes.map(({ payload }) => payload)).toEqual([
      order.payload,
      Buffer.alloc(0),
      order.payload,
    ])
  })

  test('sends as it is what it cannot compress within 8 bits', async () => {
    const { sentBytes } = await echoed('clientMaxWindowBits=8', true, [order])
    expect(sentBytes).toBeGreaterThan(order.payload.length)
  })
})

const bits = fc.integer({ min: 9, max: 15 })
const settings = fc.record(
  {
    clientNoContextTakeover: fc.boolean(),
    serverNoContextTakeover: fc.boolean(),
    clientMaxWindowBits: bits,
    serverMaxWindowBits: bits,
    fragments: fc.boolean(),
  },
  { requiredKeys: [] },
)
/** Some that compress, some that do not, some longer than any window. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(fc.string({ maxLength: 40 }), fc.integer({ min: 0, max: 3_000 }))
    .map(([piece, count]) => Buffer.from(piece.repeat(count))),
)
const message = fc.oneof(
  payload.map((bytes) => ({ opcode: Opcode.binary, payload: bytes })),
  fc.string({ unit: 'grapheme', maxLength: 2_000 }).map(text),
)

test('every message comes back as it was, and all memory is given back', async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(message, { minLength: 1, maxLength: 12 }),
      async (asked, messages) => {
        const written = Object.entries(asked).map(([name, value]) => [name, JSON.stringify(value)])
        const query = new URLSearchParams(Object.fromEntries(written))
        const { echoes, keptBytes } = await echoed(query.toString(), true, messages)
        expect(echoes.map(({ opcode, payload: bytes }) => ({ opcode, payload: bytes }))).toEqual([
          ...messages,
        ])
        expect(keptBytes).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
}, 30_000)
