// Where the last message ends within a limit, by an oracle that decodes every frame.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { lastMessageEnd } from '../../src/wire/message-ends.ts'
import { frames } from '../support/frame-arbitraries.ts'
import { judge } from '../support/frame-oracle.ts'
import { frame, someKey } from '../support/frames.ts'
import { lastEnd, placesIn } from '../support/message-places.ts'
import { fromClient, fromServer } from '../support/scanning.ts'

const message = frame({ opcode: 2, payload: 'abc' })
const first = frame({ opcode: 1, isFinal: false, payload: 'a' })
const ping = frame({ opcode: 9 })
const last = frame({ opcode: 0, payload: 'b' })

describe('the last message ends', () => {
  test('behind a message, not behind the fragments of one that goes on, nor pings inside of it', () => {
    const bytes = Buffer.concat([message, first, ping, last, message, first, ping])
    const end = 2 * message.length + first.length + ping.length + last.length
    expect(lastMessageEnd(bytes, Infinity)).toEqual({ end, messages: 3 })
    expect(lastMessageEnd(bytes, end - 1)).toEqual({ end: end - message.length, messages: 2 })
    expect(lastMessageEnd(bytes, message.length)).toEqual({ end: message.length, messages: 1 })
    expect(lastMessageEnd(bytes, message.length - 1)).toEqual({ end: 0, messages: 0 })
  })

  test('behind a control frame outside of a message, which is none', () => {
    const bytes = Buffer.concat([message, ping, ping, first])
    const end = message.length + 2 * ping.length
    expect(lastMessageEnd(bytes, Infinity)).toEqual({ end, messages: 1 })
  })

  test.each([125, 126, 65_535, 65_536])('behind a frame of %d bytes, masked or not', (length) => {
    for (const key of [undefined, someKey]) {
      const bytes = frame({ opcode: 2, payload: Buffer.alloc(length), key })
      const both = Buffer.concat([bytes, bytes])
      expect(lastMessageEnd(both, Infinity)).toEqual({ end: both.length, messages: 2 })
      expect(lastMessageEnd(both.subarray(0, -1), Infinity).end).toBe(bytes.length)
      for (let headerBytes = 0; headerBytes < 14; headerBytes++) {
        const cut = both.subarray(0, bytes.length + headerBytes)
        expect(lastMessageEnd(cut, Infinity)).toEqual({ end: bytes.length, messages: 1 })
      }
    }
  })

  test.each([
    ['a client', fromClient],
    ['a server', fromServer],
  ])('where the oracle says, in whatever %s sends, cut anywhere, within any limit', (_, rules) => {
    fc.assert(
      fc.property(frames(rules), fc.nat({ max: 400 }), fc.nat({ max: 400 }), (input, cut, most) => {
        const valid = input.subarray(0, judge(input, rules).passed)
        const bytes = valid.subarray(0, cut)
        expect(lastMessageEnd(bytes, most)).toEqual(lastEnd(placesIn(bytes), most))
      }),
      { numRuns: 500 },
    )
  })
})
