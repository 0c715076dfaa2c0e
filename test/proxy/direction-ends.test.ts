// What every direction tells of what it has passed: where whole messages end, which control frames lie inside
// of one that goes on, what was asked and answered, and which Closes end there.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Direction } from '../../src/proxy/direction.ts'
import { FramedDirection } from '../../src/proxy/framed.ts'
import { Compression } from '../../src/wire/compression.ts'
import { FrameScanner } from '../../src/wire/frame-scanner.ts'
import { judge } from '../support/frame-oracle.ts'
import { closeFrame, frame, someKey, type FrameParts } from '../support/frames.ts'
import { messageStreams } from '../support/message-arbitraries.ts'
import { lastEnd, placesIn } from '../support/message-places.ts'
import { pieces } from '../support/pieces.ts'
import { deflating, noise } from '../support/read-pieces.ts'
import { fromClient, fromServer } from '../support/scanning.ts'

const nothing = Buffer.alloc(0)
const ofClient = { ...fromClient, mayCompress: true }
const compression = new Compression(1e9)
const inflate = { compression, windowBits: 15, isTakeover: false }
const deflate = { ...inflate, level: 1, thresholdBytes: 20 }

const directions = [
  ['a tunnel, from a client', ofClient, () => new FrameScanner(ofClient)],
  ['a tunnel, from a server', deflating, () => new FrameScanner(deflating)],
  [
    'a framed session, from a client',
    ofClient,
    () => new FramedDirection({ rules: ofClient, inflate, deflate: undefined }),
  ],
  [
    'a framed session, from a server',
    fromServer,
    () => new FramedDirection({ rules: fromServer, inflate: undefined, deflate: undefined }),
  ],
  [
    'a framed session that compresses',
    deflating,
    () => new FramedDirection({ rules: deflating, inflate, deflate }),
  ],
] as const

/** Each return of `pass` for these chunks, looked at as soon as it has returned. */
function passEach(direction: Direction, chunks: readonly Buffer[], look: (passed: Buffer) => void) {
  for (const chunk of chunks) {
    look(direction.pass(Buffer.from(chunk)))
    while (direction.isFull) look(direction.pass(nothing))
  }
}

/** @throws Error where it tells something else of what it passes than the oracle. */
function checkEnds(direction: Direction, chunks: readonly Buffer[]): Buffer {
  let all = nothing
  passEach(direction, chunks, (passed) => {
    const start = all.length
    all = Buffer.concat([all, passed])
    const places = placesIn(all)
    const { end } = lastEnd(places, all.length)
    expect(direction.wholeBytes).toBe(end < start ? -1 : end - start)
    const inner = places.inner.filter((place) => place.start >= Math.max(start, end))
    const offsets = inner.flatMap((place) => [place.start - start, place.end - start])
    expect<readonly number[] | undefined>(direction.innerControls).toEqual(
      offsets.length === 0 ? undefined : offsets,
    )
  })
  return all
}

describe.each(directions)('%s', (_, rules, open) => {
  const key = rules.isMasked ? someKey : undefined
  const written = (...parts: readonly FrameParts[]) =>
    Buffer.concat(parts.map((part) => frame({ ...part, key })))
  const text = written({ opcode: 1, payload: 'a' })
  const first = written({ opcode: 1, isFinal: false, payload: 'a' })
  const pong = (payload: Buffer) => written({ opcode: 10, payload })

  test('tells where whole messages end and which control frames lie behind, however it is cut', () => {
    const offsets = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 8 })
    const mostBytes = fc.constantFrom(Infinity, 100)
    fc.assert(
      fc.property(messageStreams({ rules }), offsets, mostBytes, (input, unordered, most) => {
        const valid = input.subarray(0, Math.min(judge(input, rules).passed, most))
        const cuts = unordered.filter((cut) => cut < valid.length).toSorted((a, b) => a - b)
        checkEnds(open(), pieces(valid, cuts))
      }),
      { numRuns: 200 },
    )
  })

  test('tells it of long frames too, which pass as they arrive', () => {
    const parts = [
      { opcode: 2, isFinal: false, payload: noise.subarray(0, 40_000) },
      { opcode: 9, payload: 'x' },
      { opcode: 10, payload: noise.subarray(0, 8) },
      { opcode: 0, payload: noise.subarray(0, 70_000) },
    ]
    const input = written(...parts, { opcode: 9 }, ...parts)
    const passed = checkEnds(open(), pieces(input, [5, 20_000, 40_010, 40_050, 90_000, 120_000]))
    expect(placesIn(passed).ends).toHaveLength(4)
  })

  test('keeps the payload of the last ping that has passed, whoever changes the frame', () => {
    const direction = open()
    const pings = written({ opcode: 9, payload: 'former' }, { opcode: 9, payload: 'last' })
    direction.pass(pings).fill(0)
    expect(direction.pinged?.toString()).toBe('last')
  })

  test('says when the ping that was sent last is answered, and not by an earlier one', () => {
    const direction = open()
    const [mark, move] = [Buffer.from('mark'), Buffer.from('move')]
    direction.expectPong(mark)
    direction.expectPong(move)
    expect(direction.pass(Buffer.concat([pong(mark), text])).length).toBe(text.length)
    expect(direction).toMatchObject({ hasAnswered: false, hasPonged: false })
    expect(direction.pass(pong(move))).toHaveLength(0)
    expect(direction).toMatchObject({ hasAnswered: true, hasPonged: false })
    direction.expectPong(mark)
    expect(direction.hasAnswered).toBe(false)
    direction.pass(pong(mark))
    expect(direction.hasAnswered).toBe(true)
    expect(direction.pass(pong(mark)).length).toBe(pong(mark).length)
    expect(direction.hasPonged).toBe(true)
  })

  test('a pong that ends here is no control frame inside of a message', () => {
    const direction = open()
    direction.expectPong(Buffer.from('mark'))
    const passed = direction.pass(
      Buffer.concat([first, pong(Buffer.from('mark')), pong(Buffer.from('other'))]),
    )
    const { inner } = placesIn(passed)
    expect(inner).toHaveLength(1)
    expect<readonly number[] | undefined>(direction.innerControls).toEqual(
      inner.flatMap(({ start, end }) => [start, end]),
    )
  })

  test.each([
    [[1001, 1012], 1001, 'withheld'],
    [[1001, 1012], 1000, 'passed'],
    [[1001, 1012], undefined, 'passed'],
    [[1005], undefined, 'withheld'],
    ['all', 4000, 'withheld'],
    ['all', undefined, 'withheld'],
    [[], 1001, 'passed'],
  ] as const)('where Closes with %j are withheld one with %p is %s', (codes, code, fate) => {
    const direction = open()
    direction.withheldCodes = codes === 'all' ? codes : new Set<number>(codes)
    const close = code === undefined ? written({ opcode: 8 }) : closeFrame(code, '', key)
    const passed = direction.pass(Buffer.concat([text, close]))
    expect(direction).toMatchObject({ isStopped: true, closeCode: code ?? 1005, messages: 1 })
    expect(passed.length).toBe(text.length + (fate === 'withheld' ? 0 : close.length))
    expect(direction.wholeBytes).toBe(passed.length)
  })
})
