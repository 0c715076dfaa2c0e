// The memory that reading compressed messages takes from the budget, and gives back.

import { describe, expect, test } from 'bun:test'
import { inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { deflatedMessage } from '../support/framed.ts'
import { compressed, join, messagesIn, readAll, readerOf } from '../support/message-reading.ts'

describe('the memory for inflating', () => {
  const once = inflaterBytes(15)
  const inFragments = join(...compressed(deflatedMessage('Hello'), [3]))
  const inOne = join(...compressed(deflatedMessage('Hello')))

  test('is that of a window where one is kept, from the start until the end, whatever came', () => {
    for (const input of [Buffer.alloc(0), inOne, inFragments, inFragments.subarray(0, 6)]) {
      const { reader, compression } = readerOf({ isTakeover: true })
      readAll(reader, input)
      expect(compression.usedBytes).toBe(once)
      reader.release()
      reader.release()
      expect(compression.usedBytes).toBe(0)
    }
  })

  test('is taken for a message in pieces only, and given back with its end or that of the session', () => {
    const { reader, compression } = readerOf({})
    readAll(reader, inOne)
    expect(compression.usedBytes).toBe(0)
    readAll(reader, inFragments.subarray(0, 6))
    expect(compression.usedBytes).toBe(once)
    readAll(reader, inFragments.subarray(6))
    expect(compression.usedBytes).toBe(0)
    readAll(reader, inFragments.subarray(0, 6))
    reader.release()
    reader.release()
    expect(compression.usedBytes).toBe(0)
  })

  // A few senders of unfinished fragments once had everybody's fragmented messages refused.
  test('that is used up makes short messages in fragments wait for their end', () => {
    const { reader } = readerOf({ limitBytes: once - 1 })
    for (let round = 0; round < 3; round++) {
      expect(messagesIn(readAll(reader, inOne))).toEqual(['Hello'])
      expect(readAll(reader, inFragments.subarray(0, 6))).toEqual([])
      expect(messagesIn(readAll(reader, inFragments.subarray(6)))).toEqual(['Hello'])
    }
  })

  test('that is there again takes over what has waited', () => {
    const { reader, compression } = readerOf({ limitBytes: once })
    const text = 'x'.repeat(1_000)
    const frames = compressed(deflatedMessage(text), [2, 4])
    compression.take(once, false)
    expect(readAll(reader, join(...frames.slice(0, 1)))).toEqual([])
    compression.give(once)
    expect(messagesIn(readAll(reader, join(...frames.slice(1))))).toEqual([text])
    expect(compression.usedBytes).toBe(0)
  })
})

test('nothing is read once it was released, in the middle of a message or not', () => {
  const { reader } = readerOf({ isTakeover: true })
  reader.frames.feed(join(...compressed(deflatedMessage(Buffer.alloc(200_000)))))
  expect(reader.next()).toBe(true)
  reader.release()
  expect(reader.next()).toBe(false)
})
