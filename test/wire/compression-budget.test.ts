// What sessions share of compression: the budget, the shared inflater and deflaters, the messages remembered.

import { inflateRawSync, constants } from 'node:zlib'
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Compression } from '../../src/wire/compression.ts'
import { deflaterBytes, flushTail, inflaterBytes } from '../../src/wire/raw-deflate.ts'

const text = Buffer.from('{"type":"move","x":17,"y":-4}'.repeat(5))

function inflated(deflated: Buffer): Buffer {
  const stream = Buffer.concat([deflated, flushTail])
  return inflateRawSync(stream, { finishFlush: constants.Z_SYNC_FLUSH })
}

describe('the budget', () => {
  test('is for windows that are kept to three quarters, to the byte; all of it for messages under way', () => {
    const compression = new Compression(1_000)
    expect(compression.couldKeep(750)).toBe(true)
    expect(compression.couldKeep(751)).toBe(false)
    expect(compression.take(750, true)).toBe(true)
    expect(compression.take(1, true)).toBe(false)
    expect(compression.take(250, false)).toBe(true)
    expect(compression.take(1, false)).toBe(false)
    expect(compression).toMatchObject({ usedBytes: 1_000, refusals: 2 })
    compression.give(251)
    expect(compression.take(1, true)).toBe(true)
  })

  test('is never exceeded, and whole again when all is given back', () => {
    const request = fc.record({ bytes: fc.nat({ max: 400 }), isKept: fc.boolean() })
    fc.assert(
      fc.property(fc.array(request), (requests) => {
        const compression = new Compression(1_000)
        const taken = requests.filter(({ bytes, isKept }) => compression.take(bytes, isKept))
        expect(compression.usedBytes).toBe(taken.reduce((sum, { bytes }) => sum + bytes, 0))
        expect(compression.usedBytes).toBeLessThanOrEqual(1_000)
        expect(compression.refusals).toBe(requests.length - taken.length)
        for (const { bytes } of taken) compression.give(bytes)
        expect(compression.usedBytes).toBe(0)
      }),
    )
  })

  test('is taken from by what is opened, by its window, and given back by what is closed', () => {
    const compression = new Compression(deflaterBytes(15) + inflaterBytes(12))
    const deflater = compression.openDeflater(15, 1, false)
    const inflater = compression.openInflater(12)
    expect(compression.usedBytes).toBe(deflaterBytes(15) + inflaterBytes(12))
    expect(compression.openInflater(8)).toBeUndefined()
    expect(compression.openDeflater(9, 1, true)).toBeUndefined()
    if (deflater === undefined || inflater === undefined) throw new Error('not opened')
    compression.closeDeflater(deflater, 15)
    compression.closeInflater(inflater, 12)
    expect(compression.usedBytes).toBe(0)
  })
})

describe('a message on its own', () => {
  test('is compressed without the tail, with nothing of the ones before in it', () => {
    const compression = new Compression(0)
    const first = Buffer.from(compression.deflateOnce(text, 15, 1))
    compression.deflateOnce(Buffer.from('another'), 15, 1)
    const long = Buffer.alloc(20_000, text)
    expect(inflated(compression.deflateOnce(long, 15, 1)).equals(long)).toBe(true)
    expect(inflated(compression.deflateOnce(Buffer.from(text), 15, 1)).equals(text)).toBe(true)
    expect(inflated(first).equals(text)).toBe(true)
    expect(compression.usedBytes).toBe(0)
  })

  test('is remembered by its bytes, its window and its level', () => {
    const compression = new Compression(0)
    const reusedBy = (payload: Buffer, windowBits: number, level: number) => {
      const before = compression.reusedMessages
      expect(inflated(compression.deflateOnce(payload, windowBits, level)).equals(payload)).toBe(
        true,
      )
      return compression.reusedMessages - before
    }
    const changed = Buffer.from(text)
    changed[0] = 0x5b
    expect(reusedBy(text, 15, 1)).toBe(0)
    expect(reusedBy(Buffer.from(text), 15, 1)).toBe(1)
    expect(reusedBy(text, 14, 1)).toBe(0)
    expect(reusedBy(text, 15, 6)).toBe(0)
    expect(reusedBy(changed, 15, 1)).toBe(0)
    expect(reusedBy(text.subarray(1), 15, 1)).toBe(0)
    expect(reusedBy(text, 15, 1)).toBe(1)
  })

  test('is remembered as it was, also when its memory is used for another', () => {
    const compression = new Compression(0)
    const payload = Buffer.from(text)
    compression.deflateOnce(payload, 15, 1)
    payload.fill(0x78)
    expect(inflated(compression.deflateOnce(payload, 15, 1)).equals(payload)).toBe(true)
    expect(compression.reusedMessages).toBe(0)
  })

  test('is forgotten behind eight others, and a long one at once', () => {
    const compression = new Compression(0)
    compression.deflateOnce(text, 15, 1)
    for (let count = 0; count < 7; count++)
      compression.deflateOnce(Buffer.from(`message ${count}`), 15, 1)
    compression.deflateOnce(text, 15, 1)
    expect(compression.reusedMessages).toBe(1)
    compression.deflateOnce(Buffer.from('one more'), 15, 1)
    compression.deflateOnce(text, 15, 1)
    expect(compression.reusedMessages).toBe(1)
    for (const length of [16 * 1024 + 1, 16 * 1024 + 1, 16 * 1024, 16 * 1024])
      compression.deflateOnce(Buffer.alloc(length), 15, 1)
    expect(compression.reusedMessages).toBe(2)
  })
})

test('the shared inflater is ready for a message, whatever became of the one before', () => {
  const compression = new Compression(0)
  const deflated = Buffer.concat([compression.deflateOnce(text, 15, 1), flushTail])
  for (const before of ['ff00ff', '4b', '0300', '00ff']) {
    const spoiled = compression.sharedInflater()
    spoiled.feed(Buffer.from(before, 'hex'))
    spoiled.next()
    const inflater = compression.sharedInflater()
    inflater.feed(deflated)
    expect(Buffer.from(inflater.next()).equals(text)).toBe(true)
    expect(inflater).toMatchObject({ isDone: true, isCorrupt: false })
  }
})
