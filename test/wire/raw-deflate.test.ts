// The part of the runtime's zlib that is not public: it does what zlib's own streams do.

import { describe, expect, test } from 'bun:test'
import { constants, inflateRawSync } from 'node:zlib'
import { flushTail, RawDeflate, RawInflate } from '../../src/wire/raw-deflate.ts'
import { deflatedMessage, inflatedMessages, noise } from '../support/framed.ts'

/** All of an input, in as many pieces as there are; each was overwritten since. */
function inflateAll(inflater: RawInflate, message: Buffer): Buffer {
  inflater.feed(Buffer.concat([message, flushTail]))
  const pieces: Buffer[] = []
  while (!inflater.isDone) {
    const piece = inflater.next()
    expect(piece.length).toBeLessThanOrEqual(65_536)
    pieces.push(Buffer.from(piece))
    expect(pieces.length).toBeLessThan(1_000)
  }
  return Buffer.concat(pieces)
}

function deflateOnce(deflater: RawDeflate, payload: Buffer): Buffer {
  const flushed = Buffer.from(deflater.deflate(payload))
  expect(flushed.subarray(-4)).toEqual(flushTail)
  return flushed.subarray(0, flushed.length - 4)
}

const hello = Buffer.from('Hello, hello, hello!')
/** Around the room for one result, of a kind that compresses and of one that grows. */
const payloads = [
  hello,
  Buffer.alloc(65_535, 'ab'),
  Buffer.alloc(65_536, 'ab'),
  Buffer.alloc(65_537, 'ab'),
  Buffer.alloc(1_000_000, 'abc'),
  noise(65_500),
  noise(65_520),
  noise(65_536),
  noise(200_000),
]

describe('deflating', () => {
  test('gives what zlib inflates again, of any length', () => {
    const deflater = new RawDeflate(15, 1)
    for (const payload of payloads) {
      deflater.reset()
      expect(inflatedMessages(deflateOnce(deflater, payload)).equals(payload)).toBe(true)
    }
    deflater.close()
  })

  test('refers back to what came before, as far as the window goes, until it is reset', () => {
    const deflater = new RawDeflate(9, 6)
    const payload = noise(200)
    const messages = [payload, payload].map((each) => deflateOnce(deflater, each))
    expect(messages[1]?.length).toBeLessThan(20)
    expect(inflatedMessages(...messages).equals(Buffer.concat([payload, payload]))).toBe(true)
    deflater.deflate(noise(512))
    expect(deflateOnce(deflater, payload).length).toBeGreaterThan(200)
    deflater.reset()
    const alone = deflateOnce(deflater, payload)
    expect(inflatedMessages(alone).equals(payload)).toBe(true)
    deflater.close()
  })

  test('has nothing to say of nothing, once it has said so', () => {
    const deflater = new RawDeflate(15, 1)
    deflater.deflate(hello)
    expect(deflater.deflate(Buffer.alloc(0))).toHaveLength(0)
    deflater.close()
  })
})

describe('inflating', () => {
  test('gives what was compressed, in pieces of at most 64 KB', () => {
    const inflater = new RawInflate(15)
    for (const payload of payloads)
      expect(inflateAll(inflater, deflatedMessage(payload)).equals(payload)).toBe(true)
    inflater.close()
  })

  test('goes on from one input to the next, and from one message to the next', () => {
    const deflater = new RawDeflate(15, 6)
    const inflater = new RawInflate(15)
    const payload = noise(300)
    for (let message = 0; message < 3; message++) {
      const deflated = deflateOnce(deflater, payload)
      inflater.feed(deflated.subarray(0, 10))
      const start = Buffer.from(inflater.next())
      expect(inflater.isDone).toBe(true)
      const rest = inflateAll(inflater, deflated.subarray(10))
      expect(Buffer.concat([start, rest]).equals(payload)).toBe(true)
    }
    deflater.close()
    inflater.close()
  })

  test('gives all that the beginning of a message says, and waits for nothing', () => {
    // The last repetition in it begins within the first 64 KB, and ends behind them.
    const deflated = deflatedMessage(Buffer.alloc(65_600, 'a'))
    for (let end = 1; end <= deflated.length; end++) {
      const start = deflated.subarray(0, end)
      const inflater = new RawInflate(15)
      inflater.feed(start)
      let bytes = 0
      while (!inflater.isDone) bytes += inflater.next().length
      const { length } = inflateRawSync(start, { finishFlush: constants.Z_SYNC_FLUSH })
      expect([end, bytes]).toEqual([end, length])
      inflater.close()
    }
  })

  test('reads on behind a block that says it is the last (RFC 7692 §7.2.3.4)', () => {
    const inflater = new RawInflate(15)
    const last = Buffer.from('f348cdc9c90700', 'hex')
    expect(inflateAll(inflater, Buffer.concat([last, Buffer.from([0])])).toString()).toBe('Hello')
    const twice = Buffer.concat([last, last, Buffer.from([0])])
    expect(inflateAll(inflater, twice).toString()).toBe('HelloHello')
    inflater.feed(last)
    expect(inflater.next().toString()).toBe('Hello')
    expect(inflateAll(inflater, Buffer.concat([last, Buffer.from([0])])).toString()).toBe('Hello')
    inflater.close()
  })

  test('tells what is no DEFLATE, is done with it, and is as new behind a reset', () => {
    const inflater = new RawInflate(15)
    const other = new RawInflate(15)
    inflater.feed(Buffer.from('ffffffff', 'hex'))
    expect(inflater.next()).toHaveLength(0)
    expect([inflater.isCorrupt, inflater.isDone]).toEqual([true, true])
    expect(inflateAll(other, deflatedMessage(hello)).equals(hello)).toBe(true)
    expect(other.isCorrupt).toBe(false)
    inflater.reset()
    expect([inflater.isCorrupt, inflater.isDone]).toEqual([false, true])
    expect(inflateAll(inflater, deflatedMessage(hello)).equals(hello)).toBe(true)
    expect(inflater.isCorrupt).toBe(false)
    inflater.close()
    other.close()
  })

  test('takes a sender for corrupt that refers back further than its window', () => {
    for (const [windowBits, isCorrupt] of [
      [15, false],
      [9, true],
    ] as const) {
      const deflater = new RawDeflate(15, 6)
      const inflater = new RawInflate(windowBits)
      for (const payload of [noise(300), Buffer.alloc(1_000)])
        inflateAll(inflater, deflateOnce(deflater, payload))
      expect(inflater.isCorrupt).toBe(false)
      inflateAll(inflater, deflateOnce(deflater, noise(300)))
      expect(inflater.isCorrupt).toBe(isCorrupt)
      deflater.close()
      inflater.close()
    }
  })

  test('reads within each window what was compressed within it, from 8 bits on', () => {
    const payload = Buffer.concat([noise(700), noise(700)])
    for (let windowBits = 9; windowBits <= 15; windowBits++) {
      const inflater = new RawInflate(windowBits)
      expect(inflateAll(inflater, deflatedMessage(payload, windowBits)).equals(payload)).toBe(true)
      inflater.close()
    }
    const smallest = new RawInflate(8)
    expect(inflateAll(smallest, deflatedMessage(noise(100))).equals(noise(100))).toBe(true)
    smallest.close()
  })
})
