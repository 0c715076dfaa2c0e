// One direction of a framed session: what leaves it for what came in, how much of it at once, and what is
// left to be asked for.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FramedDirection, type FramedOptions } from '../../src/proxy/framed.ts'
import { Compression } from '../../src/wire/compression.ts'
import { decode } from '../support/frame-oracle.ts'
import { closeFrame, frame, masked, someKey } from '../support/frames.ts'
import { messageStreams } from '../support/message-arbitraries.ts'
import { judgeMessages } from '../support/message-oracle.ts'
import { compressed, deflated, deflating, join, noise } from '../support/read-pieces.ts'
import { everyCutting, pieces } from '../support/pieces.ts'
import { fromClient, fromServer } from '../support/scanning.ts'

const enoughBytes = 256 * 1024
const pieceBytes = 64 * 1024
const nothing = Buffer.alloc(0)

function open(options: Partial<FramedOptions> = {}): FramedDirection {
  return new FramedDirection({
    rules: fromServer,
    inflate: undefined,
    deflate: undefined,
    ...options,
  })
}

function inflating(limitBytes = 1e7) {
  const compression = new Compression(limitBytes)
  const inflate = { compression, windowBits: 15, isTakeover: false }
  const rules = { ...deflating, messageBytes: 1e9 }
  return { compression, direction: open({ rules, inflate }) }
}

/** All that leaves for these chunks, by somebody who takes everything. */
function passAll(direction: FramedDirection, chunks: readonly Buffer[]): Buffer {
  const passed: Buffer[] = []
  for (const chunk of chunks) {
    passed.push(direction.pass(Buffer.from(chunk)))
    while (direction.isFull) passed.push(direction.pass(nothing))
  }
  return Buffer.concat(passed)
}

/** Opcode, whether it is the last of its message, and payload. */
function framesIn(bytes: Buffer): [opcode: number, isFinal: boolean, payload: string][] {
  const frames: [number, boolean, string][] = []
  for (let rest = bytes; rest.length > 0;) {
    const header = decode(rest)
    if (header === undefined) throw new Error('what passed ends inside a header')
    const end = header.headerBytes + Number(header.length)
    if (end > rest.length) throw new Error('what passed ends inside a frame')
    const sent = rest.subarray(header.headerBytes, end)
    const payload = header.key === undefined ? sent : masked(sent, header.key)
    frames.push([header.opcode, header.isFinal, payload.toString('latin1')])
    rest = rest.subarray(end)
  }
  return frames
}

describe('frames', () => {
  const short = join(
    { opcode: 1, payload: 'Hello' },
    { opcode: 2, isFinal: false, payload: 'a' },
    { opcode: 9, payload: 'ping' },
    { opcode: 0, payload: 'b' },
    { opcode: 1 },
  )

  test('of up to 16 KB leave as they came, however they are cut', () => {
    for (const cuts of [[], ...everyCutting(short.length)]) {
      const direction = open()
      const passed = passAll(direction, pieces(short, cuts))
      expect(passed.equals(short), cuts.join()).toBe(true)
      expect(direction).toMatchObject({ messages: 3, bytes: short.length, begun: 3 })
    }
  })

  test('of a client leave masked, each with a key of its own', () => {
    const direction = open({ rules: fromClient })
    const input = frame({ opcode: 1, payload: 'Hello', key: someKey })
    const passed = passAll(direction, [input, input])
    expect(framesIn(passed)).toEqual([
      [1, true, 'Hello'],
      [1, true, 'Hello'],
    ])
    const [first, second] = [passed.subarray(0, 11), passed.subarray(11)]
    for (const each of [first, second]) expect(decode(each)?.key).toBeDefined()
    expect(decode(first)?.key).not.toEqual(decode(second)?.key)
  })

  test('of 16 KB leave when they are whole, longer ones as they arrive', () => {
    for (const [length, isWaitedFor] of [
      [16_384, true],
      [16_385, false],
    ] as const) {
      const input = frame({ opcode: 2, payload: noise.subarray(0, length) })
      const direction = open()
      const passed = pieces(input, [9_000]).map((piece) => direction.pass(piece))
      expect(passed[0]?.length).toBe(isWaitedFor ? 0 : 9_000)
      expect(Buffer.concat(passed).equals(input)).toBe(true)
      expect(direction.isAtBoundary).toBe(true)
    }
  })

  test('carry, at every moment, what the messages are, up to the last frame that is whole', () => {
    const offsets = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 8 })
    for (const rules of [fromServer, { ...fromServer, mayCompress: true }]) {
      fc.assert(
        fc.property(messageStreams({ rules }), offsets, (input, unordered) => {
          const compression = new Compression(1e7)
          const inflate = { compression, windowBits: 15, isTakeover: false }
          const direction = open({ rules, inflate: rules.mayCompress ? inflate : undefined })
          const cuts = unordered.filter((cut) => cut < input.length).toSorted((a, b) => a - b)
          const passed = passAll(direction, pieces(input, cuts))
          framesIn(passed)
          const judged = judgeMessages(input, rules, false)
          expect(judgeMessages(passed, fromServer, false).messages).toEqual(judged.messages)
          expect(direction.violation?.code).toBe(judged.violation)
          expect(direction.closeCode).toBe(judged.closeCode)
          direction.release()
          expect(compression.usedBytes).toBe(0)
        }),
        { numRuns: 200 },
      )
    }
  })
})

describe('a bomb', () => {
  const bomb = compressed(deflated(Buffer.alloc(5_000_000)))

  test('leaves in writes of 256 KB and a piece at most', () => {
    const { direction } = inflating()
    let payloadBytes = 0
    let write = direction.pass(Buffer.concat([bomb, bomb]))
    for (let isMore = true; isMore;) {
      expect(write.length).toBeLessThanOrEqual(enoughBytes + pieceBytes + 10)
      for (const [, , payload] of framesIn(write)) payloadBytes += payload.length
      isMore = direction.isFull
      write = direction.pass(nothing)
    }
    expect(payloadBytes).toBe(10_000_000)
    expect(direction).toMatchObject({ messages: 2, bytes: 2 * bomb.length })
  })

  test('waits where it is while its rest is somewhere else, and goes on with it', () => {
    const { direction, compression } = inflating()
    const input = Buffer.concat([bomb, frame({ opcode: 9, payload: 'ping' })])
    const passed = [direction.pass(Buffer.from(input))]
    let rounds = 0
    for (; direction.isFull; rounds++) {
      const rest = direction.takeRest()
      if (rest === undefined) throw new Error('there is more, and nothing to ask for it with')
      expect(direction.takeRest()).toBeUndefined()
      expect(direction).toMatchObject({ isFull: false })
      expect(direction.bytes + rest.length).toBe(input.length)
      passed.push(direction.pass(rest))
    }
    expect(rounds).toBeGreaterThan(15)
    const frames = framesIn(Buffer.concat(passed))
    expect(frames.at(-1)).toEqual([9, true, 'ping'])
    expect(direction).toMatchObject({ messages: 1, bytes: input.length })
    expect(compression.usedBytes).toBe(0)
  })

  test('that is given up gives back its window', () => {
    const { direction, compression } = inflating()
    direction.pass(Buffer.from(bomb))
    expect(compression.usedBytes).toBeGreaterThan(0)
    direction.hear(frame({ opcode: 1, payload: 'more' }))
    direction.release()
    expect(compression.usedBytes).toBe(0)
  })
})

describe('a message that may not begin yet', () => {
  const input = join({ opcode: 1, payload: 'a' }, { opcode: 1, payload: 'b' }, { opcode: 9 })

  test('is the rest, and is not counted', () => {
    const direction = open()
    direction.mostBegun = 1
    expect(framesIn(direction.pass(Buffer.from(input)))).toEqual([[1, true, 'a']])
    const rest = direction.takeRest()
    expect(rest?.length).toBe(5)
    expect(direction).toMatchObject({ bytes: 3, begun: 1, messages: 1, isFull: false })
    direction.mostBegun = Infinity
    expect(framesIn(direction.pass(rest ?? nothing))).toEqual([
      [1, true, 'b'],
      [9, true, ''],
    ])
    expect(direction.takeRest()).toBeUndefined()
    expect(direction.bytes).toBe(input.length)
  })
})

describe('the end', () => {
  test('is a Close, which passes; nothing behind it does, nor is it counted', () => {
    const direction = open()
    const close = closeFrame(1001, 'bye')
    expect(direction.pass(Buffer.from(close)).equals(close)).toBe(true)
    expect(direction).toMatchObject({ isStopped: true, closeCode: 1001, bytes: close.length })
    expect(direction.pass(frame({ opcode: 1, payload: 'more' })).length).toBe(0)
    expect(direction).toMatchObject({ messages: 0, bytes: close.length, isFull: false })
    expect(direction.takeRest()).toBeUndefined()
  })

  test('is a violation; what came before passes, and nothing of a frame that was cut', () => {
    const direction = open()
    const start = frame({ opcode: 1, payload: 'a' })
    const bad = frame({ opcode: 1, payload: Buffer.from('616263ff64', 'hex') })
    const passed = passAll(direction, [start, bad.subarray(0, 4), bad.subarray(4), start])
    expect(framesIn(passed)).toEqual([[1, true, 'a']])
    expect(direction.violation?.code).toBe('INVALID_TEXT')
  })

  test('is heard of when nothing passes any more', () => {
    const direction = open()
    direction.pass(frame({ opcode: 1, payload: 'a' }))
    const before = direction.bytes
    const close = closeFrame(4000)
    for (const piece of pieces(Buffer.concat([frame({ opcode: 1, payload: 'x' }), close]), [2, 4]))
      direction.hear(piece)
    expect(direction).toMatchObject({
      isStopped: true,
      closeCode: 4000,
      bytes: before,
      messages: 1,
    })
  })
})

describe('a pong', () => {
  const own = Buffer.from('own mark')
  const pong = frame({ opcode: 10, payload: own })

  test("to the gateway's own ping ends here, once for each", () => {
    const direction = open()
    direction.expectPong(own)
    direction.expectPong(own)
    const text = frame({ opcode: 1, isFinal: false, payload: 'a' })
    const passed = passAll(direction, pieces(Buffer.concat([text, pong, pong, pong]), [9]))
    expect(framesIn(passed)).toEqual([
      [1, false, 'a'],
      [10, true, 'own mark'],
    ])
    expect(direction.hasPonged).toBe(true)
  })

  test('to another passes', () => {
    const direction = open()
    direction.expectPong(own)
    const other = frame({ opcode: 10, payload: 'other' })
    expect(direction.pass(Buffer.from(other)).equals(other)).toBe(true)
    expect(direction.hasPonged).toBe(true)
    expect(direction.pinged).toBeUndefined()
    direction.pass(frame({ opcode: 9, payload: 'are you there' }))
    expect(direction.pinged?.toString()).toBe('are you there')
  })
})

test('what was compressed in many frames leaves compressed, and is read by the other end', () => {
  const compression = new Compression(1e7)
  const direction = open({
    rules: deflating,
    inflate: { compression, windowBits: 15, isTakeover: false },
    deflate: { compression, windowBits: 12, level: 1, isTakeover: true, thresholdBytes: 0 },
  })
  const texts = ['{"x":1}'.repeat(900), '€'.repeat(70_000), '']
  const input = Buffer.concat(texts.map((text) => compressed(deflated(text), 1)))
  const passed = passAll(direction, pieces(input, [10, 100]))
  const { messages } = judgeMessages(passed, deflating, true)
  expect(messages.map(({ payload }) => payload.toString())).toEqual(texts)
  expect(passed.length).toBeLessThan(10_000)
  direction.release()
  expect(compression.usedBytes).toBe(0)
})
