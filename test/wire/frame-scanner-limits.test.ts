// What a tunnel asks of the scanner beyond following frames: no further message than may begin, and no
// pong that answers a ping of the gateway's own.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FrameScanner } from '../../src/wire/frame-scanner.ts'
import { frames } from '../support/frame-arbitraries.ts'
import { closeFrame, frame, someKey } from '../support/frames.ts'
import { everyCutting, pieces } from '../support/pieces.ts'
import { fromClient, fromServer, scan } from '../support/scanning.ts'

const message = (payload: string) => frame({ opcode: 1, payload, key: someKey })
const ping = frame({ opcode: 9, payload: 'p', key: someKey })

function join(...parts: Buffer[]): Buffer {
  return Buffer.concat(parts)
}

describe('messages that may begin', () => {
  test('end before the first one too many, and the rest is given back', () => {
    const scanner = new FrameScanner(fromClient)
    scanner.mostBegun = 2
    const passed = scanner.pass(join(message('a'), message('b'), message('c'), message('d')))
    expect(passed).toEqual(join(message('a'), message('b')))
    expect(scanner).toMatchObject({ begun: 2, messages: 2, isAtBoundary: true })
    expect(scanner.takeRest()).toEqual(join(message('c'), message('d')))
    expect(scanner.takeRest()).toBeUndefined()
  })

  test('are counted where they begin: their fragments and control frames pass', () => {
    const scanner = new FrameScanner(fromClient)
    scanner.mostBegun = 1
    const first = frame({ opcode: 1, isFinal: false, payload: 'Hel', key: someKey })
    const last = frame({ opcode: 0, payload: 'lo', key: someKey })
    expect(scanner.pass(join(first, ping, last, ping, message('next')))).toEqual(
      join(first, ping, last, ping),
    )
    expect(scanner.takeRest()).toEqual(message('next'))
  })

  test('are counted once however many fragments they have', () => {
    const scanner = new FrameScanner(fromClient)
    scanner.mostBegun = 2
    const fragments = join(
      frame({ opcode: 1, isFinal: false, payload: 'a', key: someKey }),
      frame({ opcode: 0, isFinal: false, key: someKey }),
      frame({ opcode: 0, payload: 'b', key: someKey }),
    )
    expect(scanner.pass(join(fragments, message('next')))).toEqual(join(fragments, message('next')))
    expect(scanner).toMatchObject({ begun: 2, messages: 2 })
  })

  test('hold back no Close', () => {
    const scanner = new FrameScanner(fromClient)
    scanner.mostBegun = 0
    expect(scanner.pass(closeFrame(1000, 'bye', someKey))).toHaveLength(11)
    expect(scanner.closeCode).toBe(1000)
  })

  test('may be given one by one: what passes in the end is the same, however it is cut', () => {
    const cutting = fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: 6 })
    fc.assert(
      fc.property(frames(fromClient), cutting, (input, offsets) => {
        const whole = scan(Buffer.from(input), fromClient)
        const scanner = new FrameScanner(fromClient)
        const cuts = offsets.filter((cut) => cut < input.length).toSorted((a, b) => a - b)
        const passed: Buffer[] = []
        for (const piece of pieces(Buffer.from(input), cuts)) {
          let rest: Buffer | undefined = piece
          while (rest !== undefined) {
            scanner.mostBegun = scanner.begun + 1
            passed.push(Buffer.from(scanner.pass(rest)))
            rest = scanner.takeRest()
          }
        }
        expect(join(...passed)).toEqual(input.subarray(0, whole.passed))
        expect(scanner.messages).toBe(whole.messages)
        expect(scanner.violation).toEqual(whole.violation)
      }),
      { numRuns: 300 },
    )
  })
})

test('what is only heard is not counted, but for its Close', () => {
  const scanner = new FrameScanner(fromClient)
  scanner.pass(message('passed'))
  const { bytes } = scanner
  scanner.hear(join(message('heard'), ping))
  expect(scanner).toMatchObject({ messages: 1, bytes, isStopped: false })
  scanner.hear(closeFrame(1000, 'bye', someKey))
  expect(scanner).toMatchObject({ messages: 1, bytes, closeCode: 1000 })
})

describe.each([
  ['of a client', fromClient, someKey],
  ['of a server', fromServer, undefined],
] as const)('a pong %s', (_, rules, key) => {
  const mark = Buffer.from('12345678')
  const own = frame({ opcode: 10, payload: mark, key })
  const other = frame({ opcode: 10, payload: '1234567x', key })
  const text = (payload: string) => frame({ opcode: 1, payload, key })

  test('that answers our ping ends here, and all around it passes, however it is cut', () => {
    const input = join(text('before'), own, text('after'), own, own, other, own)
    const expected = join(text('before'), text('after'), other)
    for (const cuts of everyCutting(input.length)) {
      const scanner = new FrameScanner(rules)
      for (let ping = 0; ping < 4; ping++) scanner.expectPong(mark)
      // The scanner owns what it is given, and takes the pong out in place.
      const passed = pieces(Buffer.from(input), cuts).map((piece) =>
        Buffer.from(scanner.pass(Buffer.from(piece))),
      )
      expect(join(...passed)).toEqual(expected)
      expect(scanner).toMatchObject({ messages: 2, bytes: expected.length, hasPonged: true })
    }
  })

  test('that answers a ping once more passes: each of ours is answered once', () => {
    const scanner = new FrameScanner(rules)
    scanner.expectPong(mark)
    expect(scanner.pass(join(own, own, text('after')))).toEqual(join(own, text('after')))
  })

  test('passes as long as we have not pinged', () => {
    const scanner = new FrameScanner(rules)
    expect(scanner.pass(Buffer.from(own))).toEqual(own)
  })

  test('of ours does not count as an answer to the other side', () => {
    const scanner = new FrameScanner(rules)
    scanner.expectPong(mark)
    scanner.pass(Buffer.from(own))
    expect(scanner.hasPonged).toBe(false)
    scanner.pass(Buffer.from(other))
    expect(scanner.hasPonged).toBe(true)
  })

  test('inside a fragmented message ends here too', () => {
    const scanner = new FrameScanner(rules)
    scanner.expectPong(mark)
    const first = frame({ opcode: 2, isFinal: false, payload: 'a', key })
    const last = frame({ opcode: 0, payload: 'b', key })
    expect(scanner.pass(join(first, own, last))).toEqual(join(first, last))
    expect(scanner.messages).toBe(1)
  })
})
