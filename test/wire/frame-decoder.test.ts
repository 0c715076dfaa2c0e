// Frames, read for whoever looks at their payloads: unmasked, control frames whole, data as it arrives.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FrameDecoder } from '../../src/wire/frame-decoder.ts'
import type { FrameRules } from '../../src/wire/frame-header.ts'
import { frames } from '../support/frame-arbitraries.ts'
import { judge } from '../support/frame-oracle.ts'
import { closeFrame, frame, type FrameParts, someKey } from '../support/frames.ts'
import { type Cuts, everyCutting, pieces } from '../support/pieces.ts'
import { fromClient, fromServer } from '../support/scanning.ts'

const compressed = { ...fromServer, mayCompress: true }

interface Read {
  /** Opcode and payload of each control frame and of each message, which may lack its end. */
  readonly messages: readonly (readonly [number, string])[]
  /** Messages that came whole. */
  readonly whole: number
  readonly closeCode: number | undefined
  readonly violation: string | undefined
}

function read(input: Buffer, rules: FrameRules, cuts: Cuts = []): Read {
  const decoder = new FrameDecoder(rules)
  const messages: [number, string][] = []
  let data: [number, string] | undefined
  let whole = 0
  for (const piece of pieces(input, cuts)) {
    decoder.feed(piece)
    while (decoder.next()) {
      const text = decoder.payload.toString('latin1')
      if (decoder.opcode >= 8) messages.push([decoder.opcode, text])
      else if (data === undefined) messages.push((data = [decoder.opcode, text]))
      else {
        expect(decoder.opcode).toBe(data[0])
        data[1] += text
      }
      if (decoder.opcode >= 8 || !decoder.isMessageEnd) continue
      data = undefined
      whole++
    }
  }
  const { closeCode, violation } = decoder
  return { messages, whole, closeCode, violation: violation?.code }
}

/** As `read`, and as the oracle says, however the bytes are cut. */
function readAsOracle(input: Buffer, rules: FrameRules): Read {
  const whole = read(input, rules)
  const verdict = judge(input, rules)
  expect([whole.whole, whole.closeCode, whole.violation]).toEqual([
    verdict.messages,
    verdict.closeCode,
    verdict.violation,
  ])
  for (const cuts of everyCutting(input.length))
    if (cuts.length !== 2) expect(read(input, rules, cuts)).toEqual(whole)
  return whole
}

function join(...parts: readonly FrameParts[]): Buffer {
  return Buffer.concat(parts.map(frame))
}

describe.each([
  ['a client', fromClient, someKey],
  ['a server', fromServer, undefined],
] as const)('what %s sends', (_, rules, key) => {
  const first = { opcode: 1, payload: 'Hel', isFinal: false, key }
  const last = { opcode: 0, payload: 'lo', key }
  const ping = { opcode: 9, payload: 'ping', key }

  test('is read unmasked and in order, with control frames inside messages', () => {
    const input = Buffer.concat([
      join(first, ping, last, { opcode: 2, key }, ping, { opcode: 10, key }),
      closeFrame(1000, 'bye', key),
    ])
    expect(readAsOracle(input, rules)).toEqual({
      messages: [
        [1, 'Hello'],
        [9, 'ping'],
        [2, ''],
        [9, 'ping'],
        [10, ''],
        [8, '\x03\xe8bye'],
      ],
      whole: 2,
      closeCode: 1000,
      violation: undefined,
    })
  })

  test.each([0, 1, 125, 126, 127, 65_535, 65_536, 100_001])(
    'has %d bytes as they were',
    (length) => {
      const payload = Buffer.from(Array.from({ length }, (__, index) => (index * 7) & 0xff))
      const input = join({ opcode: 2, payload, key }, { opcode: 1, payload: 'behind', key })
      for (const cuts of [[], [1], [2, 3, 5, 9, 13], [15, 17], [150, 303], [input.length - 9]]) {
        const { messages } = read(
          input,
          rules,
          cuts.filter((cut) => cut < input.length),
        )
        expect(messages[0]?.[1] === payload.toString('latin1')).toBe(true)
        expect(messages[1]).toEqual([1, 'behind'])
      }
    },
  )

  test.each([
    ['a message inside another', join(first, first)],
    ['a continuation of nothing', join(last)],
    ['a continuation behind a message', join(first, last, last)],
    ['a reserved opcode', join({ opcode: 3, key })],
    ['a reserved control opcode', join({ opcode: 11, key })],
    ['a fragmented ping', join({ opcode: 9, isFinal: false, key })],
    ['a ping of 126 bytes', join({ opcode: 9, payload: 'x'.repeat(126), key })],
    ['RSV1', join({ opcode: 1, reserved: 4, key })],
    ['RSV2', join({ opcode: 1, reserved: 2, key })],
    [
      'the mask of the other side',
      join({ opcode: 1, key: key === undefined ? someKey : undefined }),
    ],
    ['a length of 125 in two bytes', join({ opcode: 2, length: 125n, lengthBytes: 2, key })],
    [
      'a length of 65,535 in eight bytes',
      join({ opcode: 2, length: 65_535n, lengthBytes: 8, key }),
    ],
    ['a length with its top bit', join({ opcode: 2, length: 1n << 63n, key })],
    ['a Close of one byte', join({ opcode: 8, payload: '\x03', key })],
    ['a Close with a code that may not travel', closeFrame(1006, '', key)],
    ['a Close whose reason is no text', closeFrame(1000, Buffer.from('ff', 'hex'), key)],
  ])('is refused with %s, behind what was in order', (__, bad) => {
    const input = Buffer.concat([join(first, ping, last, ping), bad, join(ping)])
    const { messages, violation, whole } = readAsOracle(input, rules)
    expect(violation).toBe('PROTOCOL_VIOLATION')
    expect(whole).toBeGreaterThanOrEqual(1)
    expect(messages.filter(([opcode]) => opcode === 9)).toHaveLength(2)
  })

  test('ends with a Close, which may be empty, and no more of it is read or kept', () => {
    const input = Buffer.concat([join({ opcode: 8, key }), join(ping)])
    expect(readAsOracle(input, rules)).toMatchObject({ messages: [[8, '']], closeCode: 1005 })
    for (const end of [input, join({ opcode: 3, key }, ping)]) {
      const decoder = new FrameDecoder(rules)
      decoder.feed(end)
      while (decoder.next());
      decoder.feed(join(ping))
      expect(decoder.next()).toBe(false)
      expect(decoder.takeUnread()).toHaveLength(0)
    }
  })

  test('is what the oracle says, valid or not, however it is cut', () => {
    const changes = fc.array(fc.tuple(fc.nat({ max: 80 }), fc.nat({ max: 255 })), { maxLength: 3 })
    const offsets = fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: 6 })
    fc.assert(
      fc.property(frames(rules), changes, offsets, (input, changed, unordered) => {
        for (const [offset, byte] of changed) if (offset < input.length) input[offset] = byte
        const { messages, ...outcome } = read(Buffer.from(input), rules)
        const verdict = judge(input, rules)
        expect(outcome).toEqual({
          whole: verdict.messages,
          closeCode: verdict.closeCode,
          violation: verdict.violation,
        })
        const cuts = unordered.filter((cut) => cut < input.length).toSorted((a, b) => a - b)
        expect(read(input, rules, cuts)).toEqual({ messages, ...outcome })
      }),
      { numRuns: 500 },
    )
  })
})

describe('a piece', () => {
  test('is given as it arrives, and says whether it ends its frame and its message', () => {
    const decoder = new FrameDecoder(fromClient)
    const input = join(
      { opcode: 1, isFinal: false, payload: 'Hello', key: someKey },
      { opcode: 0, payload: 'you', key: someKey },
    )
    const told: unknown[] = []
    for (const piece of pieces(input, [8, 9, 11 + 7])) {
      decoder.feed(piece)
      while (decoder.next()) {
        const { payload, isFrameEnd, isMessageEnd, frameBytes } = decoder
        told.push([payload.toString(), isFrameEnd, isMessageEnd, frameBytes])
      }
    }
    expect(told).toEqual([
      ['He', false, false, 5],
      ['l', false, false, 5],
      ['lo', true, false, 5],
      ['y', false, false, 3],
      ['ou', true, true, 3],
    ])
  })

  test('comes after those before it, also where more arrives between the two', () => {
    const decoder = new FrameDecoder(fromClient)
    const message = (payload: string) => ({ opcode: 1, payload, key: someKey })
    decoder.feed(join(message('1'), message('2')))
    expect([decoder.next(), decoder.payload.toString()]).toEqual([true, '1'])
    decoder.feed(join(message('3')))
    expect([decoder.next(), decoder.payload.toString()]).toEqual([true, '2'])
    expect([decoder.next(), decoder.payload.toString()]).toEqual([true, '3'])
    expect(decoder.next()).toBe(false)
  })

  // A frame whose header was the end of a chunk once went on without it.
  test('is the first of its frame with the header, wherever that is cut', () => {
    const input = join({ opcode: 2, payload: 'x'.repeat(130), key: someKey })
    for (const cuts of everyCutting(input.length)) {
      const decoder = new FrameDecoder(fromClient)
      const starts: boolean[] = []
      for (const piece of pieces(input, cuts)) {
        decoder.feed(piece)
        while (decoder.next()) starts.push(decoder.isFrameStart)
      }
      expect(starts).toEqual(starts.map((_, index) => index === 0))
    }
  })

  test('that waits for its rate is told from one that waits for its end', () => {
    const decoder = new FrameDecoder(fromClient)
    decoder.mostBegun = 0
    const message = frame({ opcode: 1, payload: 'a', key: someKey })
    decoder.feed(message)
    expect([decoder.next(), decoder.isHeldBack]).toEqual([false, true])
    const unread = decoder.takeUnread()
    decoder.mostBegun = 1
    decoder.feed(Buffer.from(unread.subarray(0, 1)))
    expect([decoder.next(), decoder.isHeldBack]).toEqual([false, false])
    decoder.feed(Buffer.from(unread.subarray(1)))
    expect([decoder.next(), decoder.payload.toString()]).toEqual([true, 'a'])
  })

  test('says where it lies, unmasked, and whether the header of its frame is there', () => {
    const decoder = new FrameDecoder(fromClient)
    const ping = { opcode: 9, payload: 'ping', key: someKey }
    const long = { opcode: 2, payload: 'x'.repeat(200), key: someKey }
    const chunk = join(ping, long, long, ping)
    const told: unknown[] = []
    for (const piece of [chunk.subarray(0, 300), chunk.subarray(300)]) {
      decoder.feed(Buffer.from(piece))
      while (decoder.next()) {
        const { isFrameStart, frameStart, payloadStart, payloadEnd } = decoder
        const payload = decoder.chunk.toString('latin1', payloadStart, payloadEnd)
        expect(payload).toBe(decoder.payload.toString('latin1'))
        told.push([isFrameStart && frameStart, payloadStart, payloadEnd])
      }
    }
    expect(told).toEqual([
      [0, 6, 10],
      [10, 18, 218],
      [218, 226, 300],
      [false, 0, 126],
      [126, 132, 136],
    ])
  })

  test('is compressed if the first frame of its message was', () => {
    const decoder = new FrameDecoder(compressed)
    const message = [
      { opcode: 1, reserved: 4, isFinal: false, payload: 'a' },
      { opcode: 0, payload: 'b' },
    ]
    decoder.feed(join(...message, { opcode: 1, payload: 'c' }, ...message))
    const told: boolean[] = []
    while (decoder.next()) told.push(decoder.isCompressed)
    expect(told).toEqual([true, true, false, true, true])
  })
})
