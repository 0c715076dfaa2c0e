// Messages as they are written: compressed where that was agreed and is worth it, in frames that leave together.

import { describe, expect, test } from 'bun:test'
import { Compression } from '../../src/wire/compression.ts'
import { MessageWriter } from '../../src/wire/message-writer.ts'
import { deflaterBytes } from '../../src/wire/raw-deflate.ts'
import { framesIn, inflatedMessages, noise, type WrittenFrame } from '../support/framed.ts'

const json = Buffer.from(
  JSON.stringify({ rows: Array.from({ length: 30 }, (_, row) => ({ row })) }),
)

function writerOf({
  isTakeover = false,
  limitBytes = 10_000_000,
  thresholdBytes = 0,
  windowBits = 15,
}) {
  const compression = new Compression(limitBytes)
  const deflate = { compression, windowBits, level: 1, isTakeover, thresholdBytes }
  return { compression, writer: new MessageWriter(false, deflate) }
}

/** Writes a message in these pieces. @returns its frames. */
function send(writer: MessageWriter, ...parts: readonly (Buffer | string)[]): WrittenFrame[] {
  for (const [index, part] of parts.entries()) {
    const payload = Buffer.from(part)
    const isLast = index === parts.length - 1
    writer.data({ opcode: 1, payload, isFirst: index === 0, isLast }, payload.length)
  }
  return framesIn(writer.take())
}

/** What is left of the frames of a message on its receiver's side, before it is inflated. */
function joined(frames: readonly WrittenFrame[]): Buffer {
  return Buffer.concat(frames.map(({ payload }) => payload))
}

describe('without compression', () => {
  test('a message has the bytes of RFC 6455 §5.7, in one frame or in pieces', () => {
    const writer = new MessageWriter(false, undefined)
    writer.data({ opcode: 1, payload: Buffer.from('Hello'), isFirst: true, isLast: true }, 5)
    expect(writer.take().toString('hex')).toBe('810548656c6c6f')
    writer.data({ opcode: 1, payload: Buffer.from('Hel'), isFirst: true, isLast: false }, 5)
    writer.data({ opcode: 1, payload: Buffer.from('lo'), isFirst: false, isLast: true }, 2)
    expect(writer.take().toString('hex')).toBe('010348656c80026c6f')
  })

  test('a client masks its frames', () => {
    const writer = new MessageWriter(true, undefined)
    writer.control(9, Buffer.from('ping'))
    expect(send(writer, 'x'.repeat(200))).toEqual([
      { opcode: 9, isFinal: true, reserved: 0, payload: Buffer.from('ping') },
      { opcode: 1, isFinal: true, reserved: 0, payload: Buffer.from('x'.repeat(200)) },
    ])
  })
})

describe('frames', () => {
  test('leave together and in order, however much they grow', () => {
    const writer = new MessageWriter(false, undefined)
    const payloads = [1, 10, 100, 1_000, 10_000, 70_000, 3].map((length) => noise(length))
    for (const payload of payloads)
      writer.data({ opcode: 2, payload, isFirst: true, isLast: true }, payload.length)
    const { bytes } = writer
    const written = writer.take()
    expect(written).toHaveLength(bytes)
    expect(writer.bytes).toBe(0)
    expect(
      framesIn(written).map(({ payload }, index) => payload.equals(payloads[index] ?? written)),
    ).toEqual(payloads.map(() => true))
  })

  test('that were taken stay as they are', () => {
    const writer = new MessageWriter(false, undefined)
    writer.control(9, Buffer.from('one'))
    const taken = writer.take()
    writer.control(9, Buffer.from('two'))
    expect(taken.toString('latin1')).toBe('\x89\x03one')
    expect(writer.take().toString('latin1')).toBe('\x89\x03two')
    expect(writer.take()).toHaveLength(0)
  })
})

describe.each([
  ['where windows are kept', true],
  ['where they are not', false],
])('a compressed message, %s,', (_, isTakeover) => {
  test('is marked by RSV1 in its first frame, and goes on in continuations', () => {
    const { writer } = writerOf({ isTakeover })
    const marks = send(writer, json, json, 'end').map(({ opcode, isFinal, reserved }) => [
      opcode,
      isFinal,
      reserved,
    ])
    expect(marks).toEqual([
      [1, false, 4],
      [0, false, 0],
      [0, true, 0],
    ])
    expect(
      send(writer, json).map(({ opcode, isFinal, reserved }) => [opcode, isFinal, reserved]),
    ).toEqual([[1, true, 4]])
    writer.release()
  })

  test('is what zlib inflates again, whatever its pieces are', () => {
    const { writer, compression } = writerOf({ isTakeover })
    const sent = [
      [json],
      [json, json],
      [json, ''],
      ['', json],
      ['', ''],
      [json, '', 'x'],
      [noise(70_000), json],
      [Buffer.alloc(200_000, 'ab')],
      [json],
    ] as const
    const written: Buffer[] = []
    for (const parts of sent) {
      const message = Buffer.concat(parts.map((part) => Buffer.from(part)))
      const deflated = Buffer.from(joined(send(writer, ...parts)))
      if (isTakeover) written.push(deflated)
      else {
        expect(inflatedMessages(deflated).equals(message)).toBe(true)
        // The tail that was left out is added, so that another may follow.
        expect(inflatedMessages(deflated, deflated).equals(Buffer.concat([message, message]))).toBe(
          true,
        )
      }
    }
    const all = Buffer.concat(sent.flat().map((part) => Buffer.from(part)))
    if (isTakeover) expect(inflatedMessages(...written).equals(all)).toBe(true)
    expect(compression.deflatedMessages).toBe(sent.length)
    writer.release()
    expect(compression.usedBytes).toBe(0)
  })

  test('is not one below the threshold, which is inclusive and knows of what is still to come', () => {
    const { writer } = writerOf({ isTakeover, thresholdBytes: json.length })
    const isCompressed = (knownBytes: number, length = json.length) => {
      const payload = json.subarray(0, length)
      writer.data({ opcode: 1, payload, isFirst: true, isLast: true }, knownBytes)
      return framesIn(writer.take())[0]?.reserved === 4
    }
    expect(isCompressed(json.length)).toBe(true)
    expect(isCompressed(json.length - 1)).toBe(false)
    expect(isCompressed(json.length, 100)).toBe(true)
    writer.release()
  })

  test('has control frames between its pieces, which are never compressed', () => {
    const { writer } = writerOf({ isTakeover })
    writer.data({ opcode: 1, payload: json, isFirst: true, isLast: false }, json.length)
    writer.control(9, Buffer.from('ping'))
    writer.data({ opcode: 1, payload: json, isFirst: false, isLast: true }, json.length)
    const frames = framesIn(writer.take())
    expect(frames.map(({ opcode, reserved }) => [opcode, reserved])).toEqual([
      [1, 4],
      [9, 0],
      [0, 0],
    ])
    const data = frames.filter(({ opcode }) => opcode < 8)
    expect(inflatedMessages(joined(data)).equals(Buffer.concat([json, json]))).toBe(true)
    writer.release()
  })
})

describe('a window', () => {
  test('that is kept makes the same message shorter, and holds its memory until the end', () => {
    const { writer, compression } = writerOf({ isTakeover: true, windowBits: 12 })
    const [first, second, third] = [1, 2, 3].map(() => joined(send(writer, noise(500))).length)
    expect(first).toBeGreaterThan(500)
    expect(second).toBeLessThan(50)
    expect(third).toBeLessThan(50)
    expect(compression.usedBytes).toBe(deflaterBytes(12))
    writer.release()
    writer.release()
    expect(compression.usedBytes).toBe(0)
  })

  test('for a message in pieces has its memory until that has ended, or the session', () => {
    const { writer, compression } = writerOf({ windowBits: 12 })
    writer.data({ opcode: 1, payload: json, isFirst: true, isLast: false }, json.length)
    expect(compression.usedBytes).toBe(deflaterBytes(12))
    writer.data({ opcode: 1, payload: json, isFirst: false, isLast: true }, json.length)
    expect(compression.usedBytes).toBe(0)
    writer.data({ opcode: 1, payload: json, isFirst: true, isLast: false }, json.length)
    writer.release()
    expect(compression.usedBytes).toBe(0)
  })

  test('that may not be kept is one for a message in pieces, and none for others', () => {
    // Three quarters of it are for windows that are kept.
    const { writer, compression } = writerOf({ isTakeover: true, limitBytes: deflaterBytes(15) })
    for (let time = 0; time < 2; time++) {
      const inPieces = joined(send(writer, json, json))
      expect(inflatedMessages(inPieces).equals(Buffer.concat([json, json]))).toBe(true)
      expect(compression.usedBytes).toBe(0)
      expect(inflatedMessages(joined(send(writer, json))).equals(json)).toBe(true)
      expect(compression.usedBytes).toBe(0)
    }
  })

  test('that there is no memory for is none: a message in pieces goes as it is, others by themselves', () => {
    const { writer, compression } = writerOf({ isTakeover: true, limitBytes: 0 })
    const inPieces = send(writer, json, json)
    expect(inPieces.map(({ reserved }) => reserved)).toEqual([0, 0])
    expect(joined(inPieces).equals(Buffer.concat([json, json]))).toBe(true)
    const [alone] = send(writer, json)
    expect(alone?.reserved).toBe(4)
    expect(compression.refusals).toBeGreaterThan(0)
  })
})

test('a message that compression does not make shorter goes as it is, where nothing refers back to it', () => {
  const { writer, compression } = writerOf({})
  expect(send(writer, noise(2_000))).toEqual([
    { opcode: 1, isFinal: true, reserved: 0, payload: noise(2_000) },
  ])
  expect(compression.deflatedMessages).toBe(0)
})
