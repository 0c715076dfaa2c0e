// What a scanner counts, what it bounds, and where it stops.

import { describe, expect, test } from 'bun:test'
import { FrameScanner } from '../../src/wire/frame-scanner.ts'
import { closeFrame, frame, someKey } from '../support/frames.ts'
import { fromClient, fromServer, scan, scanAsOracle } from '../support/scanning.ts'

const text = frame({ opcode: 1, payload: 'Hello' })

describe('the bound of a frame', () => {
  const rules = { ...fromServer, frameBytes: 300 }
  const tooBig = { code: 'MESSAGE_TOO_BIG', detail: 'a frame is larger than 300 bytes' }

  test('is inclusive', () => {
    const within = frame({ opcode: 2, payload: new Uint8Array(300) })
    const past = frame({ opcode: 2, payload: new Uint8Array(301) })
    expect(scanAsOracle(within, rules).violation).toBeUndefined()
    expect(scanAsOracle(past, rules).violation).toEqual(tooBig as never)
  })

  test('is found in the header, before any payload', () => {
    const header = frame({ opcode: 2, length: 301n })
    expect(scanAsOracle(header, rules)).toMatchObject({ passed: 0, violation: tooBig })
    const huge = frame({ opcode: 2, length: (1n << 63n) - 1n })
    expect(scanAsOracle(huge, rules)).toMatchObject({ passed: 0, violation: tooBig })
  })

  test('holds for a continuation too', () => {
    const first = frame({ opcode: 2, isFinal: false, payload: 'x' })
    const next = frame({ opcode: 0, payload: new Uint8Array(301) })
    const scanned = scanAsOracle(Buffer.concat([first, next]), rules)
    expect(scanned).toMatchObject({ passed: first.length, violation: tooBig })
  })

  test('is nothing to control frames', () => {
    const ping = frame({ opcode: 9, payload: 'x'.repeat(125) })
    expect(scanAsOracle(ping, { ...fromServer, frameBytes: 0, messageBytes: 0 }).passed).toBe(127)
  })
})

describe('the bound of a message', () => {
  const rules = { ...fromServer, messageBytes: 10 }
  const tooBig = { code: 'MESSAGE_TOO_BIG', detail: 'a message is larger than 10 bytes' }

  /** A message in frames of these lengths, with a ping between them. */
  function fragments(...lengths: number[]): Buffer {
    const frames = lengths.flatMap((length, index) => [
      frame({
        opcode: index === 0 ? 1 : 0,
        isFinal: index === lengths.length - 1,
        payload: 'x'.repeat(length),
      }),
      frame({ opcode: 9, payload: 'a ping of some bytes' }),
    ])
    return Buffer.concat(frames)
  }

  test('is inclusive, over all its fragments', () => {
    for (const lengths of [[10], [5, 5], [0, 10], [10, 0], [3, 3, 3, 1]])
      expect(scanAsOracle(fragments(...lengths), rules).violation).toBeUndefined()
    for (const lengths of [[11], [5, 6], [0, 11], [10, 1], [3, 3, 3, 1, 0, 1]])
      expect(scanAsOracle(fragments(...lengths), rules).violation).toEqual(tooBig as never)
  })

  test('is for each message anew', () => {
    const many = Buffer.concat([fragments(5, 5), fragments(10), fragments(1, 9)])
    expect(scanAsOracle(many, rules)).toMatchObject({ messages: 3, violation: undefined })
  })

  test('leaves what passed before at a boundary', () => {
    const scanned = scanAsOracle(Buffer.concat([text, fragments(11)]), rules)
    expect(scanned).toMatchObject({ passed: text.length, toBoundary: 0, messages: 1 })
  })
})

describe('messages are counted', () => {
  test('when their last byte has passed', () => {
    const scanner = new FrameScanner(fromServer)
    scanner.pass(text.subarray(0, text.length - 1))
    expect([scanner.messages, scanner.bytesToBoundary]).toEqual([0, 1])
    expect(scanner.isAtBoundary).toBe(false)
    scanner.pass(text.subarray(text.length - 1))
    expect([scanner.messages, scanner.bytesToBoundary]).toEqual([1, 0])
    expect(scanner.isAtBoundary).toBe(true)
  })

  test('once however many fragments they have', () => {
    const message = [
      frame({ opcode: 1, isFinal: false, payload: 'a' }),
      frame({ opcode: 9 }),
      frame({ opcode: 0, isFinal: false }),
      frame({ opcode: 0, payload: 'b' }),
    ]
    expect(scanAsOracle(Buffer.concat(message.slice(0, 3)), fromServer).messages).toBe(0)
    expect(scanAsOracle(Buffer.concat([...message, ...message]), fromServer).messages).toBe(2)
  })

  test('when they are empty', () => {
    const empty = frame({ opcode: 2 })
    expect(scanAsOracle(empty, fromServer).messages).toBe(1)
    expect(scanAsOracle(Buffer.concat([empty, empty, text]), fromServer).messages).toBe(3)
    const masked = frame({ opcode: 2, key: someKey })
    expect(scanAsOracle(masked, fromClient).messages).toBe(1)
  })

  test('and control frames are none', () => {
    const controls = [frame({ opcode: 9 }), frame({ opcode: 10 }), closeFrame(1000)]
    expect(scanAsOracle(Buffer.concat(controls), fromServer).messages).toBe(0)
  })
})

describe('bytes are counted', () => {
  test('with headers, and only those that passed', () => {
    const scanner = new FrameScanner(fromServer)
    scanner.pass(Buffer.concat([text, frame({ opcode: 9, payload: 'ping' }), text.subarray(0, 1)]))
    expect(scanner.bytes).toBe(7 + 6)
    scanner.pass(text.subarray(1))
    expect(scanner.bytes).toBe(7 + 6 + 7)
    scanner.pass(frame({ opcode: 3 }))
    expect(scanner.bytes).toBe(7 + 6 + 7)
  })
})

test('a frame of more than 4 GiB has a boundary at its last byte', () => {
  const scanner = new FrameScanner({ ...fromServer, frameBytes: Infinity, messageBytes: Infinity })
  scanner.pass(Buffer.concat([frame({ opcode: 2, length: 0x3_0000_0005n }), text]))
  expect(scanner.bytesToBoundary).toBe(0x3_0000_0005 - text.length)
})

describe('nothing passes', () => {
  test('behind a Close, in the same piece or another', () => {
    const close = closeFrame(1000, 'bye')
    const input = Buffer.concat([text, close, text])
    const wanted = { passed: text.length + close.length, messages: 1, closeCode: 1000 }
    expect(scanAsOracle(input, fromServer)).toMatchObject({ ...wanted, violation: undefined })
    expect(scan(input, fromServer, [12, 16, 17, 18])).toMatchObject(wanted)
  })

  test('behind a violation, even what would be valid', () => {
    const bad = frame({ opcode: 3 })
    for (const cuts of [[], [7], [9], [7, 9], [8, 9, 12]])
      expect(scan(Buffer.concat([text, bad, text, text]), fromServer, cuts)).toMatchObject({
        passed: text.length,
        messages: 1,
        closeCode: undefined,
      })
  })

  test('and a second violation is not told', () => {
    const scanner = new FrameScanner(fromServer)
    scanner.pass(frame({ opcode: 3 }))
    scanner.pass(frame({ opcode: 1, key: someKey }))
    expect(scanner.violation?.detail).toBe('a reserved opcode')
  })

  test('of a control frame until it is whole', () => {
    const ping = frame({ opcode: 9, payload: 'x'.repeat(125), key: someKey })
    const scanner = new FrameScanner(fromClient)
    for (const byte of ping.subarray(0, -1))
      expect(scanner.pass(Buffer.from([byte])).length).toBe(0)
    expect(scanner.isAtBoundary).toBe(true)
    expect(scanner.pass(Buffer.from(ping.subarray(-1)))).toEqual(ping)
  })

  test('of a header until it is whole', () => {
    const message = frame({ opcode: 2, payload: new Uint8Array(65_536), key: someKey })
    const scanner = new FrameScanner(fromClient)
    expect(scanner.pass(Buffer.from(message.subarray(0, 13))).length).toBe(0)
    expect(scanner.isAtBoundary).toBe(true)
    expect(scanner.pass(Buffer.from(message.subarray(13, 14)))).toEqual(message.subarray(0, 14))
    expect(scanner.bytesToBoundary).toBe(65_536)
  })
})

describe('a piece that passes whole', () => {
  test('is passed on as the same memory', () => {
    const scanner = new FrameScanner(fromServer)
    for (const piece of [text, text.subarray(0, 4), text.subarray(4)])
      expect(scanner.pass(piece)).toBe(piece)
  })

  test('is not changed, also where a masked Close was read', () => {
    const close = closeFrame(4000, 'a reason', someKey)
    const before = Buffer.from(close)
    expect(new FrameScanner(fromClient).pass(close)).toEqual(before)
  })

  test('may be used again by its owner: what is held back is a copy', () => {
    const scanner = new FrameScanner(fromServer)
    const piece = Buffer.from(text.subarray(0, 1))
    scanner.pass(piece)
    piece.fill(0xff)
    expect(scanner.pass(text.subarray(1))).toEqual(text)
  })
})
