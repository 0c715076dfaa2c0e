// Messages read: inflated in every form a sender may give them, text refused as early as can be.
// That what is read is right, however it is cut, is shown by message-reader-splitting.test.ts.

import { describe, expect, test } from 'bun:test'
import { inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { frame, someKey } from '../support/frames.ts'
import { compressed, deflated, deflating, join, noise, open, read } from '../support/read-pieces.ts'
import { everyCutting, pieces } from '../support/pieces.ts'
import { fromClient } from '../support/scanning.ts'
import { readAsOracle } from '../support/wire-messages.ts'

describe('a compressed message', () => {
  const text = '{"type":"move","player":"José €😀"}'.repeat(3)

  test('is read from one frame, from many, and with control frames between them, cut anywhere', () => {
    const wire = deflated(text)
    const [a, b] = [wire.length >> 2, wire.length >> 1]
    const inputs = [
      [{ opcode: 1, reserved: 4, payload: wire }],
      [
        { opcode: 1, reserved: 4, isFinal: false, payload: wire.subarray(0, a) },
        { opcode: 9, payload: 'ping' },
        { opcode: 0, isFinal: false, payload: wire.subarray(a, b) },
        { opcode: 0, isFinal: false },
        { opcode: 10 },
        { opcode: 0, payload: wire.subarray(b) },
      ],
      [
        { opcode: 1, reserved: 4, isFinal: false },
        { opcode: 0, isFinal: false, payload: wire },
        { opcode: 0 },
      ],
    ]
    for (const parts of inputs) {
      const input = join(...parts, { opcode: 1, payload: 'plain' })
      for (const cuts of everyCutting(input.length)) {
        const { messages } = readAsOracle(input, { rules: deflating }, cuts)
        const whole = messages.filter(({ opcode }) => opcode === 1).map(({ payload }) => payload)
        expect(whole.map(String)).toEqual([text, 'plain'])
      }
    }
  })

  test('in a large frame is inflated as it arrives, wherever that is cut', () => {
    const payload = noise.subarray(0, 40_000)
    const input = frame({ opcode: 2, reserved: 4, payload: deflated(payload), key: someKey })
    const rules = { ...fromClient, mayCompress: true }
    for (const cut of [3, 8, 9, 10, 16_384, 16_400, 20_001, 39_999, input.length - 1]) {
      const { reader, compression } = open({ rules })
      expect(read(reader, ...pieces(input, [cut]))).toEqual([payload.length])
      expect(compression.usedBytes).toBe(0)
      read(reader, input.subarray(0, cut))
      expect(compression.usedBytes).toBe(cut > 8 ? inflaterBytes(15) : 0)
    }
  })

  test('may refer back to earlier ones only where that was agreed', () => {
    const input = Buffer.concat([
      compressed(deflated(text), 1),
      frame({ opcode: 1, payload: 'not compressed, so not in the window' }),
      compressed(deflated(text, text), 1),
    ])
    const { messages } = readAsOracle(input, { rules: deflating, isTakeover: true })
    expect(messages.map(({ payload }) => payload.length)).toEqual([
      Buffer.byteLength(text),
      36,
      Buffer.byteLength(text),
    ])
    const { violation } = readAsOracle(input, { rules: deflating })
    expect(violation).toBe('INVALID_COMPRESSION')
  })

  test('may end with a last block, and another may follow (RFC 7692 §7.2.3.4)', () => {
    const hello = Buffer.from('f348cdc9c9070000', 'hex')
    for (const isTakeover of [false, true]) {
      const { messages } = readAsOracle(
        Buffer.concat([compressed(hello, 1), compressed(hello, 1), compressed(deflated('x'), 1)]),
        { rules: deflating, isTakeover },
      )
      expect(messages.map(({ payload }) => payload.toString())).toEqual(['Hello', 'Hello', 'x'])
    }
  })

  test('of RFC 7692 §7.2.3 is read as it says there', () => {
    const { reader } = open({ isTakeover: true })
    const examples = [
      'c107f248cdc9c90700', // §7.2.3.1
      '4103f248cd8004c9c90700', // the same in two frames
      'c105f200110000', // §7.2.3.2: from the window
      'c10b000500faff48656c6c6f00', // §7.2.3.3: a block without compression
      'c108f348cdc9c9070000', // §7.2.3.4
      'c10df248050000 00ffffcac9c90700'.replace(' ', ''), // §7.2.3.5: two blocks
      'c10100', // §7.2.3.6: empty
    ].map((hex) => Buffer.from(hex, 'hex'))
    expect(read(reader, ...examples)).toEqual([5, 5, 5, 5, 5, 5, 0])
  })

  test('that says nothing is a message', () => {
    for (const isTakeover of [false, true]) {
      const { reader } = open({ isTakeover })
      expect(read(reader, compressed(deflated('')), compressed(deflated('')))).toEqual([0, 0])
    }
  })

  test.each(['ff', '07', '00ff', '4b04ff'])('that is no DEFLATE, %s, is refused', (hex) => {
    for (const isTakeover of [false, true]) {
      const { reader, compression } = open({ isTakeover })
      const more = compressed(deflated('more'))
      expect(read(reader, compressed(Buffer.from(`${hex}ffffff`, 'hex')), more)).toEqual([])
      expect(reader.frames.violation).toEqual({
        code: 'INVALID_COMPRESSION',
        detail: 'a compressed message cannot be inflated',
      })
      reader.release()
      expect(compression.usedBytes).toBe(0)
    }
  })
})

describe('text', () => {
  test('is refused at the piece that makes it none, before its message ends', () => {
    const { reader } = open()
    reader.frames.feed(
      frame({ opcode: 1, isFinal: false, payload: Buffer.from('é\xe2', 'latin1') }),
    )
    expect(reader.next()).toBe(false)
    expect(reader.frames.violation).toEqual({
      code: 'INVALID_TEXT',
      detail: 'a text message is not UTF-8',
    })
  })

  test('in an inflated message may have its characters cut where the pieces are', () => {
    // 65,536 is no multiple of three: the first piece ends inside a character.
    const text = '€'.repeat(50_000)
    for (const isTakeover of [false, true]) {
      const { reader } = open({ isTakeover })
      expect(read(reader, compressed(deflated(text), 1))).toEqual([150_000])
      const cut = Buffer.from(text).subarray(0, -1)
      expect(read(reader, compressed(deflated(cut), 1))).toEqual([])
      expect(reader.frames.violation?.code).toBe('INVALID_TEXT')
    }
  })

  test('is looked at anew in each message; binary is not', () => {
    const { reader } = open()
    const half = Buffer.from('e2', 'hex')
    expect(
      read(reader, compressed(deflated(half), 2), frame({ opcode: 2, payload: half })),
    ).toEqual([1, 1])
    const start = { opcode: 1, isFinal: false, payload: half }
    const end = { opcode: 0, payload: Buffer.from('82ac', 'hex') }
    expect(read(reader, join(start, { opcode: 9 }, end, start, end))).toEqual([-9, 3, 3])
  })
})

describe('a piece', () => {
  test('says whether it is the first and the last of its message', () => {
    const { reader } = open()
    const seen: string[] = []
    const wire = deflated(Buffer.alloc(150_000))
    reader.frames.feed(
      Buffer.concat([
        join(
          { opcode: 2, isFinal: false, payload: 'a' },
          { opcode: 9 },
          { opcode: 0, payload: 'b' },
        ),
        compressed(wire),
        frame({ opcode: 2, payload: 'c' }),
      ]),
    )
    while (reader.next()) {
      const { opcode, payload, isFirst, isLast } = reader
      if (opcode < 8)
        seen.push(`${payload.length}${isFirst ? ' first' : ''}${isLast ? ' last' : ''}`)
    }
    expect(seen).toEqual([
      '1 first',
      '1 last',
      '65536 first',
      '65536',
      '18928 last',
      '1 first last',
    ])
  })

  test('is cut if its frame goes on and is short enough to wait for', () => {
    for (const [length, isCut] of [
      [16_384, true],
      [16_385, false],
    ] as const) {
      const { reader } = open()
      const input = frame({ opcode: 2, payload: new Uint8Array(length) })
      reader.frames.feed(input.subarray(0, 100))
      expect(reader.next()).toBe(true)
      expect(reader.isCut).toBe(isCut)
      reader.frames.feed(input.subarray(100))
      expect(reader.next()).toBe(true)
      expect(reader).toMatchObject({ isCut: false, isLast: true })
    }
  })

  test('is let go when there is no next one', () => {
    const { reader } = open()
    for (const input of [frame({ opcode: 2, payload: noise }), compressed(deflated(noise))]) {
      read(reader, input)
      expect(reader.payload.length + reader.frames.payload.length).toBe(0)
    }
  })
})
