// The clauses of RFC 6455 that a tunnel holds both sides to, one after the other.

import { describe, expect, test } from 'bun:test'
import { isUtf8 } from 'node:buffer'
import { closeFrame, frame, someKey, type FrameParts } from '../support/frames.ts'
import { fromClient, fromServer, scanAsOracle } from '../support/scanning.ts'

const text = frame({ opcode: 1, payload: 'Hello' })
const compressed = { ...fromServer, mayCompress: true }

/** What is wrong with these frames of a server; undefined if nothing is and all of them pass. */
function faultOf(parts: readonly (FrameParts | Buffer)[], rules = fromServer): string | undefined {
  const input = Buffer.concat(parts.map((part) => ('opcode' in part ? frame(part) : part)))
  const { violation, passed } = scanAsOracle(input, rules)
  if (violation === undefined) expect(passed).toBe(input.length)
  else expect(violation.code).toBe('PROTOCOL_VIOLATION')
  return violation?.detail
}

describe('RFC 6455 §5.1, masking', () => {
  const masked = frame({ opcode: 1, payload: 'Hello', key: someKey })

  test('a client frame that is masked passes', () => {
    expect(faultOf([masked], fromClient)).toBeUndefined()
  })

  test('a client frame that is not masked is a violation', () => {
    expect(faultOf([text], fromClient)).toBe('a client frame is not masked')
  })

  test('a server frame that is masked is a violation', () => {
    expect(faultOf([masked])).toBe('a server frame is masked')
  })

  test('control frames are held to it too', () => {
    expect(faultOf([{ opcode: 9 }], fromClient)).toBe('a client frame is not masked')
    expect(faultOf([{ opcode: 9, key: someKey }])).toBe('a server frame is masked')
  })
})

describe('RFC 6455 §5.2, reserved bits', () => {
  test.each([1, 2, 3, 4, 5, 6, 7])('%d is a violation without an extension', (reserved) => {
    for (const opcode of [1, 2, 8, 9, 10])
      expect(faultOf([{ opcode, reserved }])).toBe('a reserved bit is set')
  })

  test.each([1, 2])('RSV1 may mark a compressed message, opcode %d', (opcode) => {
    expect(faultOf([{ opcode, reserved: 4 }], compressed)).toBeUndefined()
  })

  test('RSV1 is a violation on a continuation: RFC 7692 §6.1 wants it on the first frame only', () => {
    const first = { opcode: 1, reserved: 4, isFinal: false }
    expect(faultOf([first, { opcode: 0 }], compressed)).toBeUndefined()
    expect(faultOf([first, { opcode: 0, reserved: 4 }], compressed)).toBe('a reserved bit is set')
  })

  test.each([8, 9, 10])('RSV1 is a violation on a control frame, opcode %d', (opcode) => {
    expect(faultOf([{ opcode, reserved: 4 }], compressed)).toBe('a reserved bit is set')
  })

  test.each([1, 2, 3, 5, 6, 7])('%d is a violation with permessage-deflate too', (reserved) => {
    expect(faultOf([{ opcode: 1, reserved }], compressed)).toBe('a reserved bit is set')
  })
})

describe('RFC 6455 §5.2, opcodes', () => {
  test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])('%d is reserved', (opcode) => {
    expect(faultOf([{ opcode }])).toBe('a reserved opcode')
    expect(faultOf([{ opcode }], compressed)).toBe('a reserved opcode')
  })

  test.each([1, 2, 9, 10])('%d passes', (opcode) => {
    expect(faultOf([{ opcode, payload: 'x' }])).toBeUndefined()
  })
})

describe('RFC 6455 §5.2, lengths are in their shortest form', () => {
  test.each([0, 1, 125, 126, 127, 65_535, 65_536])('%d in the shortest form passes', (length) => {
    expect(faultOf([{ opcode: 2, payload: new Uint8Array(length) }])).toBeUndefined()
    const parts = { opcode: 2, payload: new Uint8Array(length), key: someKey }
    expect(faultOf([parts], fromClient)).toBeUndefined()
  })

  test.each([
    [0, 2],
    [125, 2],
    [0, 8],
    [125, 8],
    [126, 8],
    [65_535, 8],
  ] as const)('%d in %d bytes is a violation', (length, lengthBytes) => {
    const payload = new Uint8Array(length)
    const wanted = 'a length is not in its shortest form'
    expect(faultOf([{ opcode: 2, payload, lengthBytes }])).toBe(wanted)
  })

  test.each([1n << 63n, (1n << 64n) - 1n, (1n << 63n) + 5n])(
    'the top bit of %d is a violation',
    (length) => {
      expect(faultOf([{ opcode: 2, length }])).toBe('a length is not in its shortest form')
    },
  )
})

describe('RFC 6455 §5.4, fragments', () => {
  const first = { opcode: 1, payload: 'Hel', isFinal: false }
  const last = { opcode: 0, payload: 'lo' }

  test('come in order: a first, any number between, a last', () => {
    const between = { opcode: 0, isFinal: false }
    expect(faultOf([first, between, between, last])).toBeUndefined()
  })

  test('have any control frame but a Close between them', () => {
    const ping = { opcode: 9, payload: 'p' }
    expect(faultOf([first, ping, { opcode: 10 }, last, ping, first, ping, last])).toBeUndefined()
  })

  test('a continuation with nothing to continue is a violation', () => {
    const wanted = 'a continuation without a message'
    expect(faultOf([last])).toBe(wanted)
    expect(faultOf([{ opcode: 0, isFinal: false }])).toBe(wanted)
    expect(faultOf([first, last, last])).toBe(wanted)
    expect(faultOf([text, last])).toBe(wanted)
    expect(faultOf([{ opcode: 9 }, last])).toBe(wanted)
  })

  test.each([1, 2])(
    'a new message, opcode %d, before the last fragment is a violation',
    (opcode) => {
      const wanted = 'a new message inside a fragmented one'
      expect(faultOf([first, { opcode }])).toBe(wanted)
      expect(faultOf([first, { opcode: 0, isFinal: false }, { opcode }])).toBe(wanted)
      expect(faultOf([first, { opcode: 10 }, { opcode, isFinal: false }])).toBe(wanted)
    },
  )
})

describe('RFC 6455 §5.5, control frames', () => {
  test.each([9, 10])('opcode %d has at most 125 bytes', (opcode) => {
    expect(faultOf([{ opcode, payload: new Uint8Array(125) }])).toBeUndefined()
    const wanted = 'a control frame is longer than 125 bytes'
    expect(faultOf([{ opcode, payload: new Uint8Array(126) }])).toBe(wanted)
    expect(faultOf([{ opcode, payload: new Uint8Array(65_536) }])).toBe(wanted)
    expect(faultOf([{ opcode, payload: 'x', lengthBytes: 2 }])).toBe(wanted)
  })

  test('a Close has at most 125 bytes', () => {
    expect(faultOf([closeFrame(1000, 'x'.repeat(123))])).toBeUndefined()
    const wanted = 'a control frame is longer than 125 bytes'
    expect(faultOf([closeFrame(1000, 'x'.repeat(124))])).toBe(wanted)
  })

  test.each([8, 9, 10])('opcode %d is never fragmented', (opcode) => {
    expect(faultOf([{ opcode, isFinal: false }])).toBe('a control frame is fragmented')
  })
})

describe('RFC 6455 §5.5.1, Close', () => {
  test('may be empty, which is told as 1005', () => {
    const { closeCode, passed } = scanAsOracle(frame({ opcode: 8 }), fromServer)
    expect([closeCode, passed]).toEqual([1005, 2])
  })

  test('with one byte is a violation', () => {
    expect(faultOf([{ opcode: 8, payload: '\x03' }])).toBe('a Close frame with half a code')
    const masked = { opcode: 8, payload: '\x03', key: someKey }
    expect(faultOf([masked], fromClient)).toBe('a Close frame with half a code')
  })

  // RFC 6455 §7.4.1 and §7.4.2, and the registry of IANA: everything else may not be sent.
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]

  test('has a code that may travel, of all 65,536', () => {
    for (let code = 0; code <= 65_535; code++) {
      const mayTravel = registered.includes(code) || (code >= 3000 && code <= 4999)
      const { closeCode, violation } = scanAsOracle(closeFrame(code), fromServer)
      expect(closeCode).toBe(mayTravel ? code : undefined)
      expect(violation?.detail).toBe(mayTravel ? undefined : `a Close frame with code ${code}`)
    }
  })

  test('has a code that may travel where it is masked', () => {
    for (const code of [999, 1000, 1004, 1005, 1006, 1014, 1015, 2999, 3000, 4999, 5000])
      scanAsOracle(closeFrame(code, 'why', someKey), fromClient)
    const { closeCode } = scanAsOracle(closeFrame(4321, 'why', someKey), fromClient)
    expect(closeCode).toBe(4321)
  })

  test.each([
    ['a byte that starts nothing', 'ff'],
    ['a continuation without a start', '61bf'],
    ['a start without a continuation', '61c3'],
    ['an overlong form of a slash', 'c0af'],
    ['an overlong form in three bytes', 'e080af'],
    ['a surrogate', 'eda080'],
    ['a number past U+10FFFF', 'f4908080'],
    ['a character cut short', 'e282'],
  ])('with a reason that is not UTF-8, %s, is a violation', (_, hex) => {
    const reason = Buffer.from(hex, 'hex')
    expect(isUtf8(reason)).toBe(false)
    const wanted = 'a Close frame whose reason is not UTF-8'
    expect(faultOf([closeFrame(1000, reason)])).toBe(wanted)
    expect(faultOf([closeFrame(1000, reason, someKey)], fromClient)).toBe(wanted)
  })

  test.each(['', 'bye', 'ünïcode', '日本', '👋', '\0'])('passes with the reason %p', (reason) => {
    expect(faultOf([closeFrame(1000, reason)])).toBeUndefined()
    expect(faultOf([closeFrame(1000, reason, someKey)], fromClient)).toBeUndefined()
  })

  test('may come inside a fragmented message', () => {
    expect(faultOf([{ opcode: 1, isFinal: false }, closeFrame(1001)])).toBeUndefined()
  })
})
