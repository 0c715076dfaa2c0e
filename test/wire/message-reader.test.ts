// Messages as they are read: inflated, checked to be text, and given on piece by piece.

import { describe, expect, test } from 'bun:test'
import { MessageReader } from '../../src/wire/message-reader.ts'
import { RawDeflate } from '../../src/wire/raw-deflate.ts'
import { deflatedMessage, noise } from '../support/framed.ts'
import { frame, type FrameParts } from '../support/frames.ts'
import { compressed, join, messagesIn, readAll, readerOf } from '../support/message-reading.ts'
import { everyCutting, pieces } from '../support/pieces.ts'
import { fromServer } from '../support/scanning.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe.each([
  ['whose sender keeps its window', true],
  ['whose sender begins anew', false],
])('compressed messages %s', (_, isTakeover) => {
  test.each([
    ['§7.2.3.1, one block', 'c1 07 f2 48 cd c9 c9 07 00'],
    ['§7.2.3.1, two fragments', '41 03 f2 48 cd 80 04 c9 c9 07 00'],
    ['§7.2.3.3, a block without compression', 'c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00'],
    ['§7.2.3.4, a block that says it is the last', 'c1 08 f3 48 cd c9 c9 07 00 00'],
    ['§7.2.3.5, two blocks', 'c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00'],
  ])('of RFC 7692 are read as there: %s', (__, bytes) => {
    const input = hex(bytes)
    for (const cuts of [[], ...everyCutting(input.length)]) {
      const { reader } = readerOf({ isTakeover })
      const chunks = pieces(input, cuts)
      expect(messagesIn(readAll(reader, ...chunks, ...pieces(input, cuts)))).toEqual([
        'Hello',
        'Hello',
      ])
      expect(reader.frames.violation).toBeUndefined()
      reader.release()
    }
  })

  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])(
    'of %d bytes are as they were',
    (length) => {
      for (const payload of [noise(length), Buffer.alloc(length, 'ab')]) {
        const deflated = deflatedMessage(payload)
        const frames = [
          ...compressed(deflated),
          ...compressed(deflated, [0, Math.min(1, deflated.length), deflated.length]),
        ]
        const { reader, compression } = readerOf({ isTakeover })
        const messages = messagesIn(readAll(reader, join(...frames)))
        expect(messages.map((message) => message === payload.toString('latin1'))).toEqual([
          true,
          true,
        ])
        expect(compression.inflatedMessages).toBe(2)
        reader.release()
        expect(compression.usedBytes).toBe(0)
      }
    },
  )

  test('have control frames between their fragments, and others that are not compressed among them', () => {
    const { reader } = readerOf({ isTakeover })
    const [first, ...rest] = compressed(deflatedMessage('Hello'), [3], 1)
    const input = join(first ?? { opcode: 0 }, { opcode: 9, payload: 'p' }, ...rest, {
      opcode: 1,
      payload: 'plain',
    })
    const told = readAll(reader, input, join(...compressed(deflatedMessage('again'), [], 1)))
    expect(messagesIn(told)).toEqual(['Hello', 'plain', 'again'])
    expect(told.filter(([opcode]) => opcode === 9)).toEqual([[9, 'p']])
    reader.release()
  })

  test('are bounded by what comes of them, each by itself', () => {
    for (const cuts of [[], [5]]) {
      const exact = compressed(deflatedMessage(Buffer.alloc(200_000, 'x')), cuts)
      const { reader } = readerOf({ isTakeover, messageBytes: 200_000 })
      expect(messagesIn(readAll(reader, join(...exact, ...exact)))).toHaveLength(2)
      const past = compressed(deflatedMessage(Buffer.alloc(200_001, 'x')), cuts)
      const told = readAll(reader, join(...past, ...exact))
      expect(told.every(([, text]) => text.length <= 65_536)).toBe(true)
      expect(told.some(([, , , isLast]) => isLast)).toBe(false)
      expect(reader.frames.violation).toEqual({
        code: 'MESSAGE_TOO_BIG',
        detail: 'a message is larger than 200000 bytes',
      })
      expect(readAll(reader, join(...exact))).toEqual([])
      reader.release()
    }
  })

  test('that cannot be inflated are a violation at once, and nothing behind them is read', () => {
    const [fragment = { opcode: 0 }] = compressed(hex('ffffff'), [1])
    for (const bad of [compressed(hex('ffffff')), [fragment]]) {
      const { reader } = readerOf({ isTakeover })
      expect(readAll(reader, join(...bad))).toEqual([])
      expect(reader.frames.violation).toMatchObject({ code: 'INVALID_COMPRESSION' })
      expect(readAll(reader, join({ opcode: 1, payload: 'more' }))).toEqual([])
      reader.release()
    }
  })

  test('that are a bomb are inflated no further than to the bound', () => {
    const { reader } = readerOf({ isTakeover, messageBytes: 100_000 })
    const bomb = join(...compressed(deflatedMessage(Buffer.alloc(10_000_000))))
    expect(readAll(reader, bomb).map(([, text]) => text.length)).toEqual([65_536])
    expect(reader.frames.violation?.code).toBe('MESSAGE_TOO_BIG')
    expect(reader.next()).toBe(false)
    reader.release()
  })

  test('that are no text are a violation at that byte, however much more would be inflated', () => {
    const { reader } = readerOf({ isTakeover })
    const text = Buffer.concat([hex('ff'), Buffer.alloc(200_000, 'x')])
    expect(readAll(reader, join(...compressed(deflatedMessage(text), [], 1)))).toEqual([])
    expect(reader.frames.violation?.code).toBe('INVALID_TEXT')
    expect(reader.next()).toBe(false)
    reader.release()
  })

  test('are checked to be text', () => {
    for (const cuts of [[], [4]]) {
      const { reader } = readerOf({ isTakeover })
      const good = compressed(deflatedMessage('ünï'), cuts, 1)
      expect(messagesIn(readAll(reader, join(...good)))).toEqual([
        Buffer.from('ünï').toString('latin1'),
      ])
      readAll(reader, join(...compressed(deflatedMessage(hex('6162636465ff')), cuts, 1), ...good))
      expect(reader.frames.violation).toMatchObject({ code: 'INVALID_TEXT' })
      reader.release()
    }
  })
})

test('messages refer back to those before them where the sender keeps its window (RFC 7692 §7.2.3.2)', () => {
  const { reader } = readerOf({ isTakeover: true })
  const input = hex('c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00')
  expect(messagesIn(readAll(reader, input))).toEqual(['Hello', 'Hello'])
  reader.release()

  const deflater = new RawDeflate(15, 6)
  const long = readerOf({ isTakeover: true })
  for (const payload of [noise(100_000), noise(20_000), noise(20_000)]) {
    const flushed = deflater.deflate(payload)
    const frames = compressed(Buffer.from(flushed.subarray(0, flushed.length - 4)))
    expect(
      messagesIn(readAll(long.reader, join(...frames)))[0] === payload.toString('latin1'),
    ).toBe(true)
  }
  deflater.close()
  long.reader.release()
  expect(long.compression.usedBytes).toBe(0)
})

describe('text', () => {
  const textOf = (...parts: readonly string[]): FrameParts[] =>
    parts.map((part, index) => ({
      opcode: index === 0 ? 1 : 0,
      isFinal: index === parts.length - 1,
      payload: hex(part),
    }))

  function violationOf(...chunks: readonly Buffer[]): string | undefined {
    const reader = new MessageReader(fromServer, undefined)
    readAll(reader, ...chunks)
    return reader.frames.violation?.code
  }

  test('may have a character that two fragments or two chunks share, and may not end inside one', () => {
    const smile = 'f09f9880'
    for (let cut = 0; cut <= 8; cut += 2) {
      const shared = textOf(`61${smile.slice(0, cut)}`, '', `${smile.slice(cut)}62`)
      expect(violationOf(join(...shared, ...shared))).toBeUndefined()
      const ended = textOf('61', smile.slice(0, cut))
      expect(violationOf(join(...ended))).toBe(cut === 0 || cut === 8 ? undefined : 'INVALID_TEXT')
    }
    const whole = join(...textOf(`61${smile}62`, smile))
    for (const cuts of everyCutting(whole.length))
      expect(violationOf(...pieces(whole, cuts))).toBeUndefined()
  })

  test('is refused as soon as it cannot become one, before its frame has come', () => {
    const frameOf = frame({ opcode: 1, payload: hex('cebae1bdb9cf83cebcceb5f4908080656469746564') })
    // The third byte of the number past U+10FFFF is not awaited (Autobahn 6.4.2).
    const upTo = frameOf.indexOf(0x90)
    expect(violationOf(frameOf.subarray(0, upTo))).toBeUndefined()
    expect(violationOf(Buffer.from(frameOf.subarray(0, upTo)), hex('90'))).toBe('INVALID_TEXT')
  })

  test('is one thing, binary another', () => {
    expect(violationOf(join({ opcode: 2, payload: hex('ff') }))).toBeUndefined()
    expect(violationOf(join({ opcode: 1, payload: hex('ff') }))).toBe('INVALID_TEXT')
  })
})

test('a piece is cut where its frame goes on and is short enough to wait for, and not compressed', () => {
  const { reader } = readerOf({})
  const isCut = (parts: FrameParts, bytes: number) => {
    const input = frame(parts)
    reader.frames.feed(Buffer.from(input.subarray(0, bytes)))
    const first = [reader.next(), reader.isCut]
    reader.frames.feed(Buffer.from(input.subarray(bytes)))
    while (reader.next()) if (reader.isLast) expect(reader.isCut).toBe(false)
    return first
  }
  expect(isCut({ opcode: 2, payload: Buffer.alloc(16_384) }, 100)).toEqual([true, true])
  expect(isCut({ opcode: 2, payload: Buffer.alloc(16_385) }, 100)).toEqual([true, false])
  expect(isCut({ opcode: 2, payload: 'whole' }, 7)).toEqual([true, false])
  const deflated = deflatedMessage(noise(100_000))
  expect(isCut({ opcode: 2, reserved: 4, payload: deflated }, 70_000)).toEqual([true, false])
  reader.release()
})
