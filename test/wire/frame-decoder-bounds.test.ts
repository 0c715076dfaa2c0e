// How large frames and messages may be, and how many messages may begin, for whoever reads them.

import { describe, expect, test } from 'bun:test'
import { FrameDecoder } from '../../src/wire/frame-decoder.ts'
import type { FrameRules } from '../../src/wire/frame-header.ts'
import { frame, type FrameParts, someKey } from '../support/frames.ts'
import { fromClient, fromServer } from '../support/scanning.ts'

function join(...parts: readonly FrameParts[]): Buffer {
  return Buffer.concat(parts.map(frame))
}

describe('the bounds', () => {
  /** What is too big; undefined if nothing is. */
  function excessOf(rules: FrameRules, ...parts: readonly FrameParts[]): string | undefined {
    const decoder = new FrameDecoder(rules)
    decoder.feed(join(...parts))
    while (decoder.next());
    expect([undefined, 'MESSAGE_TOO_BIG']).toContain(decoder.violation?.code as never)
    return decoder.violation?.detail
  }
  const message = (...lengths: readonly number[]): FrameParts[] =>
    lengths.map((length, index) => ({
      opcode: index === 0 ? 2 : 0,
      isFinal: index === lengths.length - 1,
      payload: Buffer.alloc(length),
    }))
  const ofFrames = { ...fromServer, frameBytes: 300 }
  const ofMessages = { ...fromServer, messageBytes: 300 }

  test('of a frame and of a message are inclusive, and each message is for itself', () => {
    expect(excessOf(ofFrames, ...message(300, 300), ...message(300))).toBeUndefined()
    expect(excessOf(ofFrames, ...message(1, 301))).toBe('a frame is larger than 300 bytes')
    expect(
      excessOf(ofMessages, ...message(300), ...message(100, 0, 200), ...message(300)),
    ).toBeUndefined()
    expect(excessOf(ofMessages, ...message(100, 201))).toBe('a message is larger than 300 bytes')
    expect(excessOf(ofMessages, ...message(301))).toBe('a message is larger than 300 bytes')
  })

  test('are held against the header, before any payload', () => {
    const decoder = new FrameDecoder(ofFrames)
    decoder.feed(frame({ opcode: 2, length: 301n }))
    expect(decoder.next()).toBe(false)
    expect(decoder.violation?.code).toBe('MESSAGE_TOO_BIG')
  })

  test('of what is compressed leave room for what does not compress, in one frame or several', () => {
    const rules = { ...ofFrames, messageBytes: 300, mayCompress: true }
    const most = 300 + Math.ceil(300 / 8) + 1024
    const deflated = (...lengths: readonly number[]) =>
      message(...lengths).map((parts, index) => ({ ...parts, reserved: index === 0 ? 4 : 0 }))
    expect(excessOf(rules, ...deflated(most), ...deflated(most - 1, 1))).toBeUndefined()
    expect(excessOf(rules, ...deflated(most + 1))).toBe('a frame is larger than 300 bytes')
    expect(excessOf(rules, ...deflated(1, most))).toBe('a message is larger than 300 bytes')
  })

  test('are nothing to control frames', () => {
    const ping = { opcode: 9, payload: 'x'.repeat(125) }
    expect(excessOf({ ...fromServer, frameBytes: 0, messageBytes: 0 }, ping, ping)).toBeUndefined()
  })
})

describe('messages that may begin', () => {
  const message = (payload: string) => frame({ opcode: 1, payload, key: someKey })

  test('end before the first one too many, and the rest is given back', () => {
    const decoder = new FrameDecoder(fromClient)
    decoder.mostBegun = 1
    decoder.feed(Buffer.concat([message('a'), message('b'), message('c')]))
    expect(decoder.next()).toBe(true)
    expect(decoder.next()).toBe(false)
    expect([decoder.begun, decoder.isHeldBack]).toEqual([1, true])
    const rest = decoder.takeUnread()
    expect(rest).toEqual(Buffer.concat([message('b'), message('c')]))
    decoder.mostBegun = 3
    decoder.feed(rest.subarray(0, 1))
    expect(decoder.next()).toBe(false)
    expect(decoder.isHeldBack).toBe(false)
    decoder.feed(rest.subarray(1))
    expect([decoder.next(), decoder.payload.toString()]).toEqual([true, 'b'])
    expect([decoder.next(), decoder.payload.toString()]).toEqual([true, 'c'])
    expect([decoder.next(), decoder.begun]).toEqual([false, 3])
  })

  test('are counted once however many fragments they have, and hold no control frame back', () => {
    const decoder = new FrameDecoder(fromServer)
    decoder.mostBegun = 1
    const first = { opcode: 1, isFinal: false, payload: 'a' }
    decoder.feed(
      join(first, { opcode: 9 }, { opcode: 0, payload: 'b' }, { opcode: 10 }, { opcode: 8 }),
    )
    let read = 0
    while (decoder.next()) read++
    expect([read, decoder.begun, decoder.closeCode]).toEqual([5, 1, 1005])
  })
})
