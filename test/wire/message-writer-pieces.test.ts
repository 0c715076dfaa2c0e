// Messages written: when they are compressed, how, in which frames, and what is kept for it. They are read
// back by the message reader, which an oracle has been compared with.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Compression } from '../../src/wire/compression.ts'
import { MessageReader } from '../../src/wire/message-reader.ts'
import { MessageWriter, type DeflateOptions } from '../../src/wire/message-writer.ts'
import { deflaterBytes } from '../../src/wire/raw-deflate.ts'
import { decode, type DecodedFrame } from '../support/frame-oracle.ts'
import { masked } from '../support/frames.ts'
import { Random } from '../support/random.ts'
import { fromClient, fromServer } from '../support/scanning.ts'
import { inflateOptions } from '../support/wire-messages.ts'

const text = Buffer.from('{"type":"move","x":17,"y":-4,"name":"player"}'.repeat(4))
const random = new Random(3)
const noise = Buffer.from(Array.from({ length: 2_000 }, () => random.below(256)))
const nothing = Buffer.alloc(0)

function deflating(compression: Compression, options: Partial<DeflateOptions> = {}) {
  const defaults = { windowBits: 15, level: 1, isTakeover: false, thresholdBytes: 0 }
  return { compression, ...defaults, ...options }
}

function largeBudget(): Compression {
  return new Compression(16 * 1024 * 1024)
}

function write(writer: MessageWriter, payload: Buffer, opcode = 1): Buffer {
  return writePieces(writer, [payload], opcode)
}

function writePieces(writer: MessageWriter, pieces: readonly Buffer[], opcode = 1): Buffer {
  for (const [index, payload] of pieces.entries()) {
    const isFirst = index === 0
    const isLast = index === pieces.length - 1
    writer.data({ opcode, payload, isFirst, isLast }, payload.length)
  }
  return writer.take()
}

interface Frame extends DecodedFrame {
  readonly payload: Buffer
}

function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let rest = bytes; rest.length > 0;) {
    const header = decode(rest)
    if (header === undefined) throw new Error('bytes behind the last frame')
    const end = header.headerBytes + Number(header.length)
    const sent = rest.subarray(header.headerBytes, end)
    const payload = header.key === undefined ? sent : masked(sent, header.key)
    frames.push({ ...header, payload })
    rest = rest.subarray(end)
  }
  return frames
}

function isCompressed(bytes: Buffer): boolean {
  return framesIn(bytes)[0]?.reserved === 4
}

/** What a peer reads of it. */
function readBack(bytes: Buffer, isTakeover = false, rules = fromServer): Buffer[] {
  const reader = new MessageReader({ ...rules, mayCompress: true }, inflateOptions({ isTakeover }))
  const messages: Buffer[] = []
  let parts: Buffer[] = []
  reader.frames.feed(Buffer.from(bytes))
  while (reader.next()) {
    parts.push(Buffer.from(reader.payload))
    if (!reader.isLast) continue
    messages.push(Buffer.concat(parts))
    parts = []
  }
  expect(reader.frames.violation).toBeUndefined()
  reader.release()
  return messages
}

describe('a message', () => {
  test.each([
    [false, fromServer],
    [true, fromClient],
  ])('is one frame, masked: %p', (isMasked, rules) => {
    const bytes = write(new MessageWriter(isMasked, undefined), text)
    expect(framesIn(bytes)).toMatchObject([{ opcode: 1, isFinal: true, reserved: 0 }])
    expect(framesIn(bytes)[0]?.key !== undefined).toBe(isMasked)
    expect(readBack(bytes, false, rules)).toEqual([text])
  })

  test('in pieces is a frame for each, and control frames may come between them', () => {
    const writer = new MessageWriter(false, undefined)
    writer.data({ opcode: 2, payload: text, isFirst: true, isLast: false }, text.length)
    writer.control(9, Buffer.from('ping'))
    writer.data({ opcode: 2, payload: nothing, isFirst: false, isLast: true }, 0)
    expect(framesIn(writer.take())).toMatchObject([
      { opcode: 2, isFinal: false, payload: text },
      { opcode: 9, isFinal: true, payload: Buffer.from('ping') },
      { opcode: 0, isFinal: true, payload: nothing },
    ])
  })

  test('shorter than the threshold goes as it is; that is inclusive', () => {
    const options = deflating(largeBudget(), { thresholdBytes: text.length })
    const writer = new MessageWriter(false, options)
    expect(isCompressed(write(writer, text.subarray(1)))).toBe(false)
    expect(isCompressed(write(writer, text))).toBe(true)
  })

  test('is compressed where it is known to become longer than the threshold', () => {
    const writer = new MessageWriter(false, deflating(largeBudget(), { thresholdBytes: 1_000 }))
    writer.data({ opcode: 1, payload: text, isFirst: true, isLast: false }, 1_000)
    writer.data({ opcode: 1, payload: text, isFirst: false, isLast: true }, text.length)
    const bytes = writer.take()
    expect(framesIn(bytes)).toMatchObject([{ reserved: 4 }, { reserved: 0, opcode: 0 }])
    expect(readBack(bytes)).toEqual([Buffer.concat([text, text])])
  })

  test.each([
    ['noise', noise],
    ['nothing', nothing],
    ['a letter', Buffer.from('a')],
  ])('that compression would not make smaller goes as it is: %s', (_, payload) => {
    const compression = largeBudget()
    const bytes = write(new MessageWriter(false, deflating(compression)), payload)
    expect(framesIn(bytes)).toMatchObject([{ reserved: 0, payload }])
    expect(compression).toMatchObject({ deflatedMessages: 0, deflatedBytes: 0 })
  })

  test('may end with a piece that says nothing', () => {
    const writer = new MessageWriter(false, deflating(largeBudget()))
    const bytes = writePieces(writer, [text, nothing])
    expect(framesIn(bytes)[1]?.payload).toEqual(Buffer.from([0]))
    expect(readBack(bytes)).toEqual([text])
    const pieces = [nothing, nothing, text, nothing, nothing]
    expect(readBack(writePieces(writer, pieces))).toEqual([text])
    expect(readBack(writePieces(writer, [nothing, nothing]))).toEqual([nothing])
  })

  test('that says nothing has one byte where a window is kept (RFC 7692 §7.2.3.6)', () => {
    const writer = new MessageWriter(false, deflating(largeBudget(), { isTakeover: true }))
    const all = [nothing, text, nothing, nothing, text].map((each) => write(writer, each))
    for (const index of [0, 2, 3])
      expect(framesIn(all[index] ?? nothing)).toMatchObject([
        { reserved: 4, payload: Buffer.from([0]) },
      ])
    expect(readBack(Buffer.concat(all), true)).toEqual([nothing, text, nothing, nothing, text])
    writer.release()
  })

  test('is counted before and after', () => {
    const compression = largeBudget()
    const writer = new MessageWriter(false, deflating(compression))
    const [frame] = framesIn(write(writer, text))
    writePieces(writer, [text, text])
    expect(compression).toMatchObject({ deflatedMessages: 2, plainBytes: 3 * text.length })
    expect(compression.deflatedBytes).toBeGreaterThan(frame?.payload.length ?? Infinity)
    expect(compression.deflatedBytes).toBeLessThan(3 * text.length)
  })
})

describe('a window', () => {
  test('that is kept makes a message smaller that was there before', () => {
    const compression = largeBudget()
    const writer = new MessageWriter(false, deflating(compression, { isTakeover: true }))
    const first = write(writer, text)
    const second = write(writer, text)
    expect(second.length).toBeLessThan(first.length / 2)
    expect(readBack(Buffer.concat([first, second]), true)).toEqual([text, text])
    expect(compression.usedBytes).toBe(deflaterBytes(15))
    writer.release()
    expect(compression.usedBytes).toBe(0)
  })

  test('is not kept without takeover: each message can be read alone', () => {
    const compression = largeBudget()
    const writer = new MessageWriter(false, deflating(compression))
    const all = [write(writer, text), writePieces(writer, [text, text]), write(writer, text)]
    expect(compression.usedBytes).toBe(0)
    for (const bytes of all) expect(readBack(bytes).length).toBe(1)
  })

  test('of a message in pieces is given back at its end, or by release', () => {
    const compression = largeBudget()
    const writer = new MessageWriter(false, deflating(compression, { windowBits: 10 }))
    writer.data({ opcode: 1, payload: text, isFirst: true, isLast: false }, text.length)
    expect(compression.usedBytes).toBe(deflaterBytes(10))
    writer.data({ opcode: 1, payload: text, isFirst: false, isLast: true }, text.length)
    expect(compression.usedBytes).toBe(0)
    writer.data({ opcode: 1, payload: text, isFirst: true, isLast: false }, text.length)
    writer.release()
    writer.release()
    expect(compression.usedBytes).toBe(0)
  })

  test('that there is no memory for is done without, for as long as there is none', () => {
    const compression = new Compression(Math.ceil(deflaterBytes(15) / 0.75))
    const options = deflating(compression, { isTakeover: true })
    const [one, other] = [new MessageWriter(false, options), new MessageWriter(false, options)]
    const kept = [write(one, text)]
    expect(compression.refusals).toBe(0)
    // In one piece it needs no window of its own; in several it goes as it is.
    const alone = write(other, text)
    expect(isCompressed(alone)).toBe(true)
    const plain = writePieces(other, [text, text])
    expect(framesIn(plain)).toMatchObject([{ reserved: 0 }, { reserved: 0, opcode: 0 }])
    expect(compression.refusals).toBeGreaterThan(0)
    kept.push(write(one, text))
    one.release()
    const later = [write(other, text), write(other, text)]
    expect(later[1]?.length).toBeLessThan((later[0]?.length ?? 0) / 2)
    // A peer that keeps a window reads all of it.
    expect(readBack(Buffer.concat([alone, plain, ...later]), true).length).toBe(4)
    other.release()
    expect(compression.usedBytes).toBe(0)
  })
})

describe('the same bytes for many', () => {
  test('are compressed once, however many writers there are', () => {
    const compression = largeBudget()
    const all = Array.from({ length: 5 }, () =>
      write(new MessageWriter(false, deflating(compression)), Buffer.from(text)),
    )
    for (const each of all) expect(each).toEqual(all[0] ?? nothing)
    expect(compression).toMatchObject({ reusedMessages: 4, deflatedMessages: 5 })
    expect(readBack(all[4] ?? nothing)).toEqual([text])
  })
})

describe('what is taken', () => {
  test('is all that was gathered, once', () => {
    const writer = new MessageWriter(false, undefined)
    writer.control(9, Buffer.from('a'))
    write(writer, text)
    expect(writer.bytes).toBe(0)
    expect(writer.take().length).toBe(0)
    writer.control(9, nothing)
    expect(writer.bytes).toBe(2)
  })

  test('stays as it is when more is written', () => {
    const writer = new MessageWriter(false, deflating(largeBudget()))
    const first = write(writer, text)
    const copy = Buffer.from(first)
    for (let count = 0; count < 20; count++) write(writer, noise)
    expect(first.equals(copy)).toBe(true)
  })

  // What 64 KB came to, compressed, once kept all of them in memory for as long as a slow receiver left it waiting.
  test('keeps no more than twice its memory', () => {
    for (const bytes of [100_000, 500_000]) {
      const writer = new MessageWriter(false, deflating(largeBudget()))
      const taken = write(writer, Buffer.alloc(bytes, text))
      expect(taken.buffer.byteLength).toBeLessThanOrEqual(2 * taken.length)
    }
  })
})

test('whatever is written is read back, compressed or not, masked or not, in pieces or not', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string({ maxLength: 50 }).map((each) => Buffer.from(each)),
      fc.nat({ max: 1_500 }).map((start) => noise.subarray(start, start + 300)),
      fc.nat({ max: 90_000 }).map((length) => Buffer.alloc(length, text)),
    ),
    { minLength: 1, maxLength: 4 },
  )
  const messages = fc.array(pieces, { minLength: 1, maxLength: 6 })
  const options = fc.record({
    windowBits: fc.integer({ min: 9, max: 15 }),
    level: fc.constantFrom(1, 6, 9),
    isTakeover: fc.boolean(),
    thresholdBytes: fc.constantFrom(0, 100),
  })
  fc.assert(
    fc.property(messages, options, fc.boolean(), (all, how, isMasked) => {
      const compression = largeBudget()
      const writer = new MessageWriter(isMasked, deflating(compression, how))
      const bytes = Buffer.concat(all.map((each) => writePieces(writer, each, 2)))
      const read = readBack(bytes, how.isTakeover, isMasked ? fromClient : fromServer)
      expect(read.length).toBe(all.length)
      for (const [index, each] of all.entries())
        expect(read[index]?.equals(Buffer.concat(each))).toBe(true)
      writer.release()
      expect(compression.usedBytes).toBe(0)
    }),
    { numRuns: 60 },
  )
})
