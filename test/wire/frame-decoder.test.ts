// Frames, read for whoever looks at their payloads: unmasked, control frames whole, data as it arrives.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FrameDecoder, wholeBytes } from '../../src/wire/frame-decoder.ts'
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
  if (input.length < 80)
    for (const cuts of everyCutting(input.length)) expect(read(input, rules, cuts)).toEqual(whole)
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

  test('of a compressed frame of up to 16 KB is all of it, and what is longer is not waited for', () => {
    for (const [length, isWaitedFor] of [
      [20, true],
      [wholeBytes, true],
      [wholeBytes + 1, false],
    ] as const) {
      const input = frame({ opcode: 1, reserved: 4, payload: Buffer.alloc(length) })
      const decoder = new FrameDecoder(compressed)
      decoder.feed(Buffer.from(input.subarray(0, -1)))
      expect(decoder.next()).toBe(!isWaitedFor)
      decoder.feed(Buffer.from(input.subarray(-1)))
      expect(decoder.next()).toBe(true)
      expect([decoder.payload.length, decoder.isMessageEnd]).toEqual([
        isWaitedFor ? length : 1,
        true,
      ])
    }
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
