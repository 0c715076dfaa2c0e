// What sessions share of compression: the budget is kept, and nothing of one session comes out at another.

import { describe, expect, test } from 'bun:test'
import { Compression } from '../../src/wire/compression.ts'
import { deflaterBytes, flushTail, inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { deflatedMessage, inflatedMessages, noise } from '../support/framed.ts'

describe('the budget', () => {
  test('has room to its last byte for a message, and to three quarters for what is kept', () => {
    const compression = new Compression(1_000)
    expect(compression.couldKeep(751)).toBe(false)
    expect(compression.take(751, true)).toBe(false)
    expect(compression.take(750, true)).toBe(true)
    expect(compression.take(1, true)).toBe(false)
    expect(compression.take(251, false)).toBe(false)
    expect(compression.take(250, false)).toBe(true)
    expect(compression).toMatchObject({ usedBytes: 1_000, refusals: 3 })
    compression.give(1_000)
    expect(compression.usedBytes).toBe(0)
  })

  test('gets back what each window took', () => {
    const compression = new Compression(10_000_000)
    const deflater = compression.openDeflater(12, 1, true)
    expect(compression.usedBytes).toBe(deflaterBytes(12))
    const inflater = compression.openInflater(10)
    expect(compression.usedBytes).toBe(deflaterBytes(12) + inflaterBytes(10))
    if (deflater !== undefined) compression.closeDeflater(deflater, 12)
    expect(compression.usedBytes).toBe(inflaterBytes(10))
    if (inflater !== undefined) compression.closeInflater(inflater, 10)
    expect(compression.usedBytes).toBe(0)
  })

  test('refuses a window that it has no room for', () => {
    const compression = new Compression(deflaterBytes(15))
    expect(compression.openDeflater(15, 1, true)).toBeUndefined()
    const deflater = compression.openDeflater(15, 1, false)
    expect(deflater).toBeDefined()
    expect(compression.openInflater(8)).toBeUndefined()
    expect(compression.refusals).toBe(2)
    if (deflater !== undefined) compression.closeDeflater(deflater, 15)
  })
})

describe('a message that is compressed by itself', () => {
  const first = Buffer.concat([noise(100), noise(100)])
  const second = Buffer.concat([noise(100), Buffer.alloc(100, 'x')])

  /** As its receiver has it. */
  function sent(compression: Compression, payload: Buffer, windowBits = 15, level = 1): Buffer {
    return Buffer.from(compression.deflateOnce(payload, windowBits, level))
  }

  test('refers to none before it, of whatever session', () => {
    const compression = new Compression(0)
    // One that is too long to be remembered uses the same deflater.
    sent(compression, Buffer.concat([noise(20_000), first]))
    const messages = [first, second].map((payload) => sent(compression, payload))
    for (const [index, payload] of [first, second].entries())
      expect(inflatedMessages(messages[index] ?? first).equals(payload)).toBe(true)
    expect(inflatedMessages(...messages).equals(Buffer.concat([first, second]))).toBe(true)
  })

  test('is compressed once for all who get it, also while others are', () => {
    const compression = new Compression(0)
    const once = sent(compression, first)
    for (let other = 0; other < 7; other++) sent(compression, noise(200 + other))
    // Its memory may be used again meanwhile, for something else of the same length.
    const reused = Buffer.from(first)
    expect(sent(compression, reused).equals(once)).toBe(true)
    expect(compression.reusedMessages).toBe(1)
  })

  test('is not that of a receiver before it, if it is another by one byte or longer', () => {
    const compression = new Compression(0)
    const memory = Buffer.from(first)
    sent(compression, memory)
    second.copy(memory)
    for (const payload of [memory, second.subarray(0, 150), Buffer.concat([second, second])])
      expect(inflatedMessages(sent(compression, payload)).equals(payload)).toBe(true)
    memory[0]! ^= 1
    expect(inflatedMessages(sent(compression, memory)).equals(memory)).toBe(true)
    expect(compression.reusedMessages).toBe(0)
  })

  test('stays within the window of its receiver, whoever got it before with a larger one', () => {
    const distant = Buffer.concat([noise(300), Buffer.alloc(1_000), noise(300)])
    const compression = new Compression(0)
    const large = sent(compression, distant)
    // 9 + 7 is 15 + 1: there is a deflater for each of the two.
    for (const level of [1, 7])
      expect(sent(compression, distant, 9, level).length).toBeGreaterThan(large.length + 100)
  })

  test('is forgotten when eight others have come, and at once if it is long', () => {
    const compression = new Compression(0)
    sent(compression, first)
    for (let other = 0; other < 8; other++) sent(compression, noise(200 + other))
    sent(compression, first)
    expect(compression.reusedMessages).toBe(0)
    for (let time = 0; time < 2; time++) sent(compression, noise(16_385))
    expect(compression.reusedMessages).toBe(0)
  })
})

test('the shared inflater begins anew with each message, also behind one that was not read to its end', () => {
  const compression = new Compression(0)
  const long = Buffer.alloc(200_000, 'long')
  const unfinished = compression.sharedInflater()
  unfinished.feed(Buffer.concat([deflatedMessage(long), flushTail]))
  expect(unfinished.next()).toHaveLength(65_536)
  const corrupt = compression.sharedInflater()
  corrupt.feed(Buffer.from('ffff', 'hex'))
  corrupt.next()
  const inflater = compression.sharedInflater()
  inflater.feed(Buffer.concat([deflatedMessage('Hello'), flushTail]))
  expect(inflater.next().toString()).toBe('Hello')
  expect([inflater.isDone, inflater.isCorrupt]).toEqual([true, false])
})
