// Whole frames that were read and leave as they are: without a copy, and never with what is not theirs.

import { describe, expect, test } from 'bun:test'
import { Compression } from '../../src/wire/compression.ts'
import { FrameDecoder } from '../../src/wire/frame-decoder.ts'
import { MessageWriter } from '../../src/wire/message-writer.ts'
import { framesIn } from '../support/framed.ts'
import { frame, type FrameParts, someKey } from '../support/frames.ts'
import { everyCutting, pieces } from '../support/pieces.ts'
import { fromClient, fromServer } from '../support/scanning.ts'

describe('whole frames that were read', () => {
  /** Reads the frames of a chunk and passes those that are chosen on where they lie. */
  function passed(
    writer: MessageWriter,
    chunk: Buffer,
    isChosen: (index: number) => boolean = () => true,
  ): void {
    const isMasked = (chunk[1]! & 0x80) !== 0
    const decoder = new FrameDecoder(isMasked ? fromClient : fromServer)
    decoder.feed(chunk)
    for (let index = 0; decoder.next(); index++) {
      if (!isChosen(index)) continue
      const { opcode, payload, isMessageEnd: isLast } = decoder
      if (opcode >= 8) writer.control(opcode, payload, decoder)
      else writer.data({ opcode, payload, isFirst: true, isLast }, payload.length, decoder)
    }
  }
  const parts = ['one', 'x'.repeat(200), 'three', 'four', 'five']
  const message = (payload: string): FrameParts => ({ opcode: 1, payload })
  const joinFrames = (...list: readonly FrameParts[]) => Buffer.concat(list.map(frame))
  const payloadsIn = (bytes: Buffer) =>
    framesIn(bytes).map(({ payload }) => payload.toString('latin1'))

  test('leave as the memory they came in', () => {
    const writer = new MessageWriter(false, undefined)
    const chunk = joinFrames(...parts.map(message), { opcode: 9, payload: 'ping' })
    const before = Buffer.from(chunk)
    passed(writer, chunk)
    expect(writer.bytes).toBe(chunk.length)
    const taken = writer.take()
    expect(taken).toEqual(before)
    expect(taken.buffer).toBe(chunk.buffer)
    expect(taken.byteOffset).toBe(chunk.byteOffset)
  })

  test('of a client have keys of their own', () => {
    const writer = new MessageWriter(true, undefined)
    const chunk = joinFrames(...parts.map((part) => ({ ...message(part), key: someKey })))
    passed(writer, chunk)
    const taken = writer.take()
    expect(payloadsIn(taken)).toEqual(parts)
    const keys = [taken.toString('hex', 2, 6), taken.toString('hex', 9 + 4, 9 + 8)]
    expect(new Set([...keys, Buffer.from([...someKey]).toString('hex')]).size).toBe(3)
  })

  test('leave without what was taken out from among them, from whichever chunk they are', () => {
    for (const key of [undefined, someKey])
      for (let left = 0; left < parts.length; left++)
        for (const other of [undefined, 0, 2]) {
          const writer = new MessageWriter(key !== undefined, undefined)
          const chunk = joinFrames(...parts.map((part) => ({ ...message(part), key })))
          passed(writer, chunk, (index) => index !== left && index !== other)
          passed(writer, joinFrames({ ...message('more'), key }))
          writer.control(10, Buffer.from('pong'))
          passed(writer, joinFrames({ ...message('last'), key }))
          const wanted = parts.filter((_, index) => index !== left && index !== other)
          expect(payloadsIn(writer.take())).toEqual([...wanted, 'more', 'pong', 'last'])
        }
  })

  test('are no longer touched where something else follows them: more of their chunk is to be read', () => {
    for (const key of [undefined, someKey]) {
      const next = joinFrames({ ...message('two'), key })
      for (const isOwn of [true, false]) {
        const writer = new MessageWriter(key !== undefined, undefined)
        const chunk = Buffer.concat([joinFrames({ ...message('one'), key }), next])
        passed(writer, chunk, (index) => index === 0)
        const before = Buffer.from(chunk)
        if (isOwn) writer.control(9, Buffer.from('p'))
        else passed(writer, joinFrames({ ...message('p'), key }))
        expect(payloadsIn(writer.take())).toEqual(['one', 'p'])
        expect(chunk).toEqual(before)
      }
    }
  })

  test('of a chunk of the same shape as the one before are those of that chunk', () => {
    const writer = new MessageWriter(false, undefined)
    passed(writer, joinFrames(message('one'), message('two')), (index) => index === 0)
    passed(writer, joinFrames(message('six'), message('ten')), (index) => index === 1)
    expect(payloadsIn(writer.take())).toEqual(['one', 'ten'])
  })

  test('are compressed all the same where they are long enough', () => {
    const compression = new Compression(0)
    const deflate = {
      compression,
      windowBits: 15,
      level: 1,
      isTakeover: false,
      thresholdBytes: 100,
    }
    const writer = new MessageWriter(false, deflate)
    passed(writer, joinFrames(message('short'), message('x'.repeat(200))))
    expect(framesIn(writer.take()).map(({ reserved }) => reserved)).toEqual([0, 4])
  })
})

describe.each([
  ['of a client', fromClient, someKey],
  ['of a server', fromServer, undefined],
] as const)('frames %s that come in parts', (_, rules, key) => {
  const parts = [
    { opcode: 2, payload: 'x'.repeat(150) },
    { opcode: 9, payload: 'ping' },
    { opcode: 1, payload: 'end' },
  ]
  const input = Buffer.concat(parts.map((part) => frame({ ...part, key })))
  const payloads = parts.map(({ payload }) => payload)

  test.each([
    ['each by itself', true],
    ['put together', false],
  ])('leave as they came, %s, however they are cut', (__, isTakenEach) => {
    for (const cuts of everyCutting(input.length)) {
      const decoder = new FrameDecoder(rules)
      const writer = new MessageWriter(rules.isMasked, undefined)
      const taken: Buffer[] = []
      for (const piece of pieces(input, cuts)) {
        decoder.feed(piece)
        while (decoder.next()) {
          const { opcode, payload, isMessageEnd: isLast } = decoder
          if (opcode >= 8) writer.control(opcode, payload, decoder)
          else writer.data({ opcode, payload, isFirst: true, isLast }, payload.length, decoder)
        }
        if (isTakenEach) taken.push(Buffer.from(writer.take()))
      }
      const written = Buffer.concat([...taken, writer.take()])
      expect(written).toHaveLength(input.length)
      expect(framesIn(written).map(({ payload }) => payload.toString())).toEqual(payloads)
    }
  })
})
