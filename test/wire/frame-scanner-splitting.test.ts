// However bytes are cut into pieces, the scanner passes on the same and says the same; and an oracle
// that reads them in one go agrees.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { frames } from '../support/frame-arbitraries.ts'
import { judge } from '../support/frame-oracle.ts'
import { closeFrame, frame, someKey } from '../support/frames.ts'
import { everyCutting } from '../support/pieces.ts'
import { fromClient, fromServer, scan, scanAsOracle } from '../support/scanning.ts'

const deflating = { ...fromServer, mayCompress: true }
const narrow = { ...fromClient, frameBytes: 8, messageBytes: 12 }

function join(...parts: Buffer[]): Buffer {
  return Buffer.concat(parts)
}

const fragmented = join(
  frame({ opcode: 1, isFinal: false, payload: 'Hel', key: someKey }),
  frame({ opcode: 9, payload: 'ping', key: someKey }),
  frame({ opcode: 0, isFinal: false, key: someKey }),
  frame({ opcode: 0, payload: 'lo', key: someKey }),
)
const bytes = (length: number) => new Uint8Array(length).fill(0x5a)

describe('every cutting gives the outcome of one piece', () => {
  test.each([
    ['nothing', Buffer.alloc(0), fromServer],
    [
      'two messages',
      join(frame({ opcode: 1, payload: 'Hello' }), frame({ opcode: 2 })),
      fromServer,
    ],
    ['fragments with a ping between them', fragmented, fromClient],
    [
      'a Close and more',
      join(fragmented, closeFrame(1000, 'bye', someKey), fragmented),
      fromClient,
    ],
    ['an empty Close', join(frame({ opcode: 10 }), frame({ opcode: 8 })), fromServer],
    ['126 bytes', frame({ opcode: 2, payload: bytes(126), key: someKey }), fromClient],
    ['65,536 bytes', frame({ opcode: 2, payload: bytes(65_536) }).subarray(0, 200), fromServer],
    ['a compressed message', frame({ opcode: 1, reserved: 4, payload: 'zzz' }), deflating],
    ['a reserved bit behind a message', join(fragmented, Buffer.from([0xa1, 0x80])), fromClient],
    ['a length too long', join(fragmented, Buffer.from('82fe0005ffffffff', 'hex')), fromClient],
    ['a Close with a wrong code', join(fragmented, closeFrame(1005, '', someKey)), fromClient],
    ['a Close with half a code', frame({ opcode: 8, payload: 'x', key: someKey }), fromClient],
    ['a frame too big', frame({ opcode: 2, payload: bytes(9), key: someKey }), narrow],
    ['a message too big', join(fragmented, fragmented.subarray(0, -8), fragmented), narrow],
    ['a header that stops short', join(fragmented, fragmented.subarray(0, 5)), fromClient],
    ['a payload that stops short', join(fragmented, fragmented.subarray(0, 8)), fromClient],
  ])('of %s', (_, input, rules) => {
    const whole = scanAsOracle(input, rules)
    for (const cuts of everyCutting(input.length)) expect(scan(input, rules, cuts)).toEqual(whole)
  })
})

describe.each([
  ['of a client', fromClient],
  ['of a server', fromServer],
  ['of a server that compresses', deflating],
  ['of a client with narrow bounds', narrow],
])('frames %s', (_, rules) => {
  const cutting = fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: 12 })

  function cutsIn(input: Buffer, offsets: readonly number[]): number[] {
    return offsets.filter((offset) => offset < input.length).toSorted((a, b) => a - b)
  }

  test('are understood as the oracle does, however they are cut', () => {
    fc.assert(
      fc.property(frames(rules), cutting, (input, offsets) => {
        const whole = scanAsOracle(input, rules)
        expect(scanAsOracle(input, rules, cutsIn(input, offsets))).toEqual(whole)
      }),
      { numRuns: 500 },
    )
  })

  test('of which bytes were changed are understood as the oracle does', () => {
    const change = fc.tuple(fc.nat({ max: 300 }), fc.nat({ max: 255 }))
    const changes = fc.array(change, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(frames(rules), changes, cutting, (input, changed, offsets) => {
        for (const [offset, byte] of changed) if (offset < input.length) input[offset] = byte
        const whole = scanAsOracle(input, rules)
        expect(scanAsOracle(input, rules, cutsIn(input, offsets))).toEqual(whole)
      }),
      { numRuns: 500 },
    )
  })

  test('that stop anywhere are no violation before the end', () => {
    fc.assert(
      fc.property(frames(rules), fc.nat({ max: 300 }), (input, length) => {
        const { passed, violation } = judge(input, rules)
        const start = input.subarray(0, Math.min(length, passed))
        expect(scanAsOracle(start, rules).violation).toBeUndefined()
        if (violation === undefined) expect(scan(input, rules).violation).toBeUndefined()
      }),
    )
  })
})
