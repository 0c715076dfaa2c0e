// Messages put together from frames, however these arrive.

import { describe, expect, test } from 'bun:test'
import { heapStats } from 'bun:jsc'
import fc from 'fast-check'
import { MessageAssembler } from '../../src/wire/message-assembler.ts'
import { closeFrame, frame, type FrameParts, someKey } from '../support/frames.ts'
import { type Cuts, everyCutting, pieces } from '../support/pieces.ts'
import { fromClient, fromServer } from '../support/scanning.ts'

/** Opcodes and payloads, as latin1 text; and what was wrong, if anything was. */
function decode(input: Buffer, rules = fromServer, cuts: Cuts = []) {
  const decoder = new MessageAssembler(rules)
  const messages = pieces(input, cuts).flatMap((piece) => decoder.assemble(piece))
  return {
    messages: messages.map(({ opcode, payload }) => [opcode, payload.toString('latin1')]),
    violation: decoder.violation?.detail,
  }
}

function join(...parts: readonly FrameParts[]): Buffer {
  return Buffer.concat(parts.map(frame))
}

const first = { opcode: 1, isFinal: false, payload: 'Hel' }

describe('a decoder', () => {
  test('gives messages and control frames in the order of their last byte', () => {
    const input = join(
      first,
      { opcode: 9, payload: 'p' },
      { opcode: 0, payload: 'lo' },
      { opcode: 2 },
    )
    const wanted = {
      messages: [
        [9, 'p'],
        [1, 'Hello'],
        [2, ''],
      ],
      violation: undefined,
    }
    for (const cuts of [[], ...everyCutting(input.length)])
      expect(decode(input, fromServer, cuts)).toEqual(wanted)
  })

  test('unmasks what a client sent', () => {
    const input = join(
      { opcode: 1, payload: 'Hello', key: someKey },
      { opcode: 10, payload: 'pong', key: someKey },
    )
    for (const cuts of [[], ...everyCutting(input.length)])
      expect(decode(input, fromClient, cuts).messages).toEqual([
        [1, 'Hello'],
        [10, 'pong'],
      ])
  })

  test.each([0, 125, 126, 65_535, 65_536])('reads a payload of %d bytes', (length) => {
    const payload = 'x'.repeat(length)
    const input = frame({ opcode: 2, payload })
    expect(
      decode(
        input,
        fromServer,
        [1, 3].filter((cut) => cut < input.length),
      ).messages,
    ).toEqual([[2, payload]])
  })

  test('gives a Close, and nothing behind it', () => {
    const input = Buffer.concat([closeFrame(1000, 'bye'), frame({ opcode: 1, payload: 'more' })])
    expect(decode(input)).toEqual({ messages: [[8, '\x03\xe8bye']], violation: undefined })
  })

  test('gives what came before a violation, and tells it', () => {
    const input = join({ opcode: 1, payload: 'a' }, { opcode: 3 }, { opcode: 1, payload: 'b' })
    for (const cuts of [[], ...everyCutting(input.length)])
      expect(decode(input, fromServer, cuts)).toEqual({
        messages: [[1, 'a']],
        violation: 'a reserved opcode',
      })
  })

  test('gives payloads that stay as they are when the chunk is used again', () => {
    const chunk = frame({ opcode: 1, payload: 'Hello' })
    const [message] = new MessageAssembler(fromServer).assemble(chunk)
    chunk.fill(0)
    expect(message?.payload.toString()).toBe('Hello')
  })
})

// Each frame left an object behind, also one without a byte: a sender of empty ones filled the memory.
test('a message in a million frames takes the memory of its bytes', () => {
  const assembler = new MessageAssembler(fromServer)
  const empty = Buffer.alloc(2 * 500_000, frame({ opcode: 0, isFinal: false }))
  const letters = Buffer.alloc(3 * 500_000, frame({ opcode: 0, isFinal: false, payload: 'a' }))
  assembler.assemble(frame(first))
  const before = heapStats().objectCount
  assembler.assemble(empty)
  assembler.assemble(letters)
  Bun.gc(true)
  expect(heapStats().objectCount - before).toBeLessThan(10_000)
  const [message] = assembler.assemble(frame({ opcode: 0, payload: 'lo' }))
  expect(message?.payload.toString()).toBe(`Hel${'a'.repeat(500_000)}lo`)
})

describe('a text message (RFC 6455 §8.1)', () => {
  test('may have a character cut by a fragment', () => {
    const [start, end] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)]
    const input = join({ opcode: 1, isFinal: false, payload: start }, { opcode: 0, payload: end })
    expect(decode(input).messages).toEqual([[1, '\xc3\xa9']])
  })

  test('is UTF-8; a binary one may be anything', () => {
    const payload = Buffer.from('ff', 'hex')
    expect(decode(join({ opcode: 1, payload }))).toEqual({
      messages: [],
      violation: 'a text message is not UTF-8',
    })
    expect(decode(join({ opcode: 2, payload })).messages).toEqual([[2, '\xff']])
  })

  test('that is not UTF-8 is the last thing decoded, in the same chunk or another', () => {
    const bad = { opcode: 1, payload: Buffer.from('ff', 'hex') }
    const input = join({ opcode: 2, payload: 'a' }, bad, { opcode: 2, payload: 'b' })
    for (const cuts of [[], ...everyCutting(input.length)])
      expect(decode(input, fromServer, cuts)).toEqual({
        messages: [[2, 'a']],
        violation: 'a text message is not UTF-8',
      })
  })
})

test('what was cut into frames and pieces comes out whole', () => {
  const message = fc.record({
    opcode: fc.constantFrom(1, 2),
    parts: fc.array(fc.stringMatching(/^[a-z]{0,9}$/), { minLength: 1, maxLength: 4 }),
  })
  const offsets = fc.uniqueArray(fc.nat({ max: 150 }), { maxLength: 9 })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), offsets, (messages, unordered) => {
      const input = join(
        ...messages.flatMap(({ opcode, parts }) =>
          parts.map((payload, index) => ({
            opcode: index === 0 ? opcode : 0,
            isFinal: index === parts.length - 1,
            payload,
            key: someKey,
          })),
        ),
      )
      const cuts = unordered.filter((each) => each < input.length).toSorted((a, b) => a - b)
      expect(decode(input, fromClient, cuts)).toEqual({
        messages: messages.map(({ opcode, parts }) => [opcode, parts.join('')]),
        violation: undefined,
      })
    }),
  )
})
