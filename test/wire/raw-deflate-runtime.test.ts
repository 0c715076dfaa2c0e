// Compression through the private object inside zlib's streams. These tests fail where a runtime changes
// it: everything `raw-deflate.ts` relies on is said here.

import { createDeflateRaw, inflateRawSync, deflateRawSync, constants } from 'node:zlib'
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  deflaterBytes,
  flushTail,
  inflaterBytes,
  RawDeflate,
  RawInflate,
} from '../../src/wire/raw-deflate.ts'
import { Random } from '../support/random.ts'

const random = new Random(1)
const noise = Buffer.from(Array.from({ length: 300_000 }, () => random.below(256)))
const { Z_SYNC_FLUSH: finishFlush } = constants

/** All that comes of the input, and of how many pieces; undefined: it is corrupt. */
function inflateAll(inflater: RawInflate, input: Buffer) {
  const pieces: Buffer[] = []
  inflater.feed(input)
  while (!inflater.isDone) pieces.push(Buffer.from(inflater.next()))
  return inflater.isCorrupt ? undefined : { bytes: Buffer.concat(pieces), pieces }
}

test('the streams of the pinned runtime have the object inside, with what is used of it', () => {
  const stream: object = createDeflateRaw()
  expect(stream).toHaveProperty('_handle')
  const handle = '_handle' in stream ? stream._handle : undefined
  for (const name of ['init', 'writeSync', 'reset', 'close'])
    expect(handle).toHaveProperty(name, expect.any(Function))
})

describe('a deflater', () => {
  test.each([1, 6, 9])('of level %d writes what zlib reads, message after message', (level) => {
    for (let windowBits = 9; windowBits <= 15; windowBits++) {
      const deflater = new RawDeflate(windowBits, level)
      const payload = fc.oneof(
        fc.string({ maxLength: 300 }).map((each) => Buffer.from(each)),
        fc.nat({ max: 3_000 }).map((start) => noise.subarray(start, start + 400)),
      )
      let stream = Buffer.alloc(0)
      let plain = Buffer.alloc(0)
      fc.assert(
        fc.property(payload, (each) => {
          stream = Buffer.concat([stream, deflater.deflate(each)])
          plain = Buffer.concat([plain, each])
        }),
        { numRuns: 60, endOnFailure: true },
      )
      expect(inflateRawSync(stream, { finishFlush, windowBits }).equals(plain)).toBe(true)
      expect(inflateAll(new RawInflate(windowBits), stream)?.bytes.equals(plain)).toBe(true)
      deflater.close()
    }
  })

  test('ends each flush with the four bytes that messages leave out', () => {
    const deflater = new RawDeflate(15, 1)
    for (const text of ['', 'a', 'Hello Hello', noise.toString('latin1', 0, 70_000)]) {
      const flushed = Buffer.from(deflater.deflate(Buffer.from(text)))
      expect(flushed.subarray(-4)).toEqual(flushTail)
    }
  })

  test('says nothing where there is nothing to say since its last flush', () => {
    const deflater = new RawDeflate(15, 1)
    deflater.deflate(Buffer.from('Hello'))
    expect(deflater.deflate(Buffer.alloc(0)).length).toBe(0)
    expect(deflater.deflate(Buffer.from('more')).length).toBeGreaterThan(4)
  })

  test('writes results of every length around the 64 KB there is room for', () => {
    const deflater = new RawDeflate(15, 1)
    const lengths = new Set<number>()
    for (let length = 62_000; length < 62_400; length++) {
      deflater.reset()
      const flushed = Buffer.from(deflater.deflate(noise.subarray(0, length)))
      if (Math.abs(flushed.length - 65_536) > 20) continue
      lengths.add(flushed.length)
      expect(flushed.subarray(-4)).toEqual(flushTail)
      const inflated = inflateRawSync(flushed, { finishFlush })
      expect(inflated.equals(noise.subarray(0, length)), `${length} bytes`).toBe(true)
    }
    expect(lengths.size).toBeGreaterThan(20)
  })

  test('writes what is many times longer than that', () => {
    const flushed = Buffer.from(new RawDeflate(15, 1).deflate(noise))
    expect(inflateRawSync(flushed, { finishFlush }).equals(noise)).toBe(true)
  })

  test('refers back to what it wrote before, until it is reset', () => {
    const deflater = new RawDeflate(15, 1)
    const text = noise.subarray(0, 500)
    const first = deflater.deflate(text).length
    expect(deflater.deflate(text).length).toBeLessThan(50)
    deflater.reset()
    const again = Buffer.from(deflater.deflate(text))
    expect(again.length).toBe(first)
    expect(inflateRawSync(again, { finishFlush }).equals(text)).toBe(true)
  })
})

describe('an inflater', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])(
    'gives out %d bytes in pieces of at most 64 KB',
    (length) => {
      const input = deflateRawSync(Buffer.alloc(length, 'ab'), { finishFlush })
      const inflater = new RawInflate(15)
      const inflated = inflateAll(inflater, input)
      expect(inflated?.bytes.equals(Buffer.alloc(length, 'ab'))).toBe(true)
      for (const piece of inflated?.pieces ?? []) expect(piece.length).toBeLessThanOrEqual(65_536)
      // And it goes on behind it, wherever the last piece ended.
      const next = deflateRawSync(Buffer.from('next'), { finishFlush })
      expect(inflateAll(inflater, next)?.bytes.toString()).toBe('next')
    },
  )

  test('keeps its window from input to input, until it is reset', () => {
    const deflater = new RawDeflate(15, 6)
    const inflater = new RawInflate(15)
    const text = noise.subarray(0, 500)
    expect(inflateAll(inflater, Buffer.from(deflater.deflate(text)))?.bytes.equals(text)).toBe(true)
    const referring = Buffer.from(deflater.deflate(text))
    expect(inflateAll(inflater, referring)?.bytes.equals(text)).toBe(true)
    inflater.reset()
    expect(inflateAll(inflater, referring)).toBeUndefined()
  })

  test('may be fed byte by byte', () => {
    const inflater = new RawInflate(15)
    const input = deflateRawSync(noise.subarray(0, 300), { finishFlush })
    const parts = Array.from(input, (byte) => inflateAll(inflater, Buffer.from([byte]))?.bytes)
    expect(Buffer.concat(parts.filter((part) => part !== undefined))).toEqual(
      noise.subarray(0, 300),
    )
  })

  test('knows what is no DEFLATE, and can be used again when it is reset', () => {
    const inflater = new RawInflate(15)
    expect(inflateAll(inflater, Buffer.from('ff00ff', 'hex'))).toBeUndefined()
    inflater.reset()
    expect(inflater).toMatchObject({ isCorrupt: false, isDone: true })
    const input = deflateRawSync(Buffer.from('Hello'), { finishFlush })
    expect(inflateAll(inflater, input)?.bytes.toString()).toBe('Hello')
  })

  test('of which one finds its input corrupt does not disturb another', () => {
    const good = new RawInflate(15)
    expect(inflateAll(new RawInflate(15), Buffer.from('ff00ff', 'hex'))).toBeUndefined()
    const input = deflateRawSync(Buffer.from('Hello'), { finishFlush })
    expect(inflateAll(good, input)?.bytes.toString()).toBe('Hello')
  })

  // RFC 7692 §7.2.3.4. A piece for each became a frame each: 13 bytes to an endpoint for 3 of a client.
  test('gathers what blocks say that call themselves the last', () => {
    const letter = Buffer.from('4b0400', 'hex')
    const many = inflateAll(new RawInflate(15), Buffer.alloc(3 * 70_000, letter))
    expect(many?.bytes.equals(Buffer.alloc(70_000, 'a'))).toBe(true)
    expect(many?.pieces.map(({ length }) => length)).toEqual([65_536, 70_000 - 65_536])
    const empty = inflateAll(new RawInflate(15), Buffer.alloc(20_000, Buffer.from('0300', 'hex')))
    expect(empty?.bytes.length).toBe(0)
  })

  test('forgets its window behind such a block, as whoever writes it does', () => {
    const last = deflateRawSync(noise.subarray(0, 300))
    const deflater = new RawDeflate(15, 6)
    deflater.deflate(noise.subarray(0, 300))
    const referring = Buffer.from(deflater.deflate(noise.subarray(0, 300)))
    const inflater = new RawInflate(15)
    expect(inflateAll(inflater, last)?.bytes.length).toBe(300)
    expect(inflateAll(inflater, referring)).toBeUndefined()
  })
})

describe('memory', () => {
  test.each([
    ['2,000 inflaters', 8, inflaterBytes(8)],
    ['2,000 inflaters', 12, inflaterBytes(12)],
    ['2,000 inflaters', 15, inflaterBytes(15)],
    ['300 deflaters', 9, deflaterBytes(9)],
    ['300 deflaters', 12, deflaterBytes(12)],
    ['300 deflaters', 15, deflaterBytes(15)],
  ])(
    'of %s with a window of %d bits, full of what is worst, is as said, and given back',
    async (what, windowBits, saidBytes) => {
      const script = new URL('../support/window-memory.ts', import.meta.url).pathname
      const kind = what.split(' ')[1] ?? ''
      const child = Bun.spawn([process.execPath, script, kind, String(windowBits)])
      const measured: unknown = JSON.parse(await child.stdout.text())
      const { eachBytes, grownBytesEach } = measured as Record<string, number>
      expect(eachBytes).toBeLessThan(saidBytes * 1.1)
      expect(eachBytes).toBeGreaterThan(saidBytes * 0.7)
      // What is closed goes back to the allocator: a second wave fits into the memory of the first.
      expect(grownBytesEach).toBeLessThan(saidBytes * 0.2)
    },
    60_000,
  )
})
