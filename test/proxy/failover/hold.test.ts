// What a client gets of a server whose messages are held back: whenever the server is lost, no half message
// but of one that is too long to be held, and that in whole frames.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Hold } from '../../../src/proxy/failover/hold.ts'
import { FrameScanner } from '../../../src/wire/frame-scanner.ts'
import { readWithWs } from '../../differential/ws-codec.ts'
import { judge } from '../../support/frame-oracle.ts'
import { closeFrame, frame } from '../../support/frames.ts'
import { messageStreams } from '../../support/message-arbitraries.ts'
import { judgeMessages } from '../../support/message-oracle.ts'
import { lastEnd, placesIn } from '../../support/message-places.ts'
import { everyCutting, pieces } from '../../support/pieces.ts'
import { compressed, deflated, deflating, join, noise } from '../../support/read-pieces.ts'

const nothing = Buffer.alloc(0)
const ping = frame({ opcode: 9, payload: 'ping' })

/** A server's connection: its frames are followed, and held back. */
class Held {
  readonly hold: Hold
  readonly #scanner = new FrameScanner(deflating)
  /** All that has come, and all that the client has got. */
  sent: Buffer = nothing
  seen: Buffer = nothing

  constructor(holdBytes: number) {
    this.hold = new Hold(holdBytes)
  }

  /** @returns what the client gets for it. */
  send(chunk: Buffer): Buffer {
    const passed = this.#scanner.pass(Buffer.from(chunk))
    const { wholeBytes, innerControls } = this.#scanner
    const written = this.hold.pass(passed, wholeBytes, innerControls)
    this.sent = Buffer.concat([this.sent, passed])
    this.seen = Buffer.concat([this.seen, written])
    return written
  }
}

/** Bytes on the wire of the message that goes on, without the control frames inside of it. */
function underWay(sent: Buffer): number {
  const places = placesIn(sent)
  const { end } = lastEnd(places, sent.length)
  const inner = places.inner.filter(({ start }) => start >= end)
  return inner.reduce((bytes, { start, end: stop }) => bytes - (stop - start), sent.length - end)
}

/** @throws Error where the client has seen something else than it may if the server is lost now. */
function check({ hold, sent, seen }: Held, holdBytes: number): void {
  const places = placesIn(seen)
  // It could be sent a Close, or the first frame of another server.
  expect(places.frameEnds.at(-1)).toBe(seen.length)
  const isWhole = underWay(seen) === 0
  expect(isWhole || hold.isPassing).toBe(true)
  const before = judgeMessages(sent, deflating, false)
  const after = judgeMessages(seen, deflating, false)
  expect(after.messages).toEqual(before.messages)
  const wayBytes = underWay(sent)
  // A message passes before its end where it has shown to be too long, and only there.
  expect(hold.isPassing).toBe(wayBytes > holdBytes)
  expect(hold.heldBytes).toBe(hold.isPassing ? 0 : wayBytes)
  expect(hold.isEmpty).toBe(wayBytes === 0)
}

describe('a client', () => {
  test('gets whole messages, whichever the server sends, cut anywhere, lost at any time', () => {
    const offsets = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 10 })
    const most = fc.constantFrom(0, 1, 20, 100, 1000)
    fc.assert(
      fc.property(
        messageStreams({ rules: deflating }),
        offsets,
        most,
        (input, unordered, holdBytes) => {
          const valid = input.subarray(0, judge(input, deflating).passed)
          const cuts = unordered.filter((cut) => cut < valid.length).toSorted((a, b) => a - b)
          const held = new Held(holdBytes)
          for (const chunk of pieces(valid, cuts)) {
            held.send(chunk)
            check(held, holdBytes)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  const mixed = Buffer.concat([
    join({ opcode: 1, payload: 'a' }, { opcode: 2, isFinal: false, reserved: 4, payload: 'bc' }),
    ping,
    join({ opcode: 0, isFinal: false, payload: 'd' }, { opcode: 0, isFinal: false }),
    ping,
    join({ opcode: 0, payload: 'efgh' }, { opcode: 2, payload: noise.subarray(0, 130) }),
    closeFrame(1000),
  ])

  test.each([0, 3, 8, 1000])('gets them however they are cut, up to %d bytes held', (holdBytes) => {
    for (const cuts of everyCutting(mixed.length)) {
      const held = new Held(holdBytes)
      for (const chunk of pieces(mixed, cuts)) {
        held.send(chunk)
        check(held, holdBytes)
      }
      expect(held.hold.isEmpty).toBe(true)
    }
  })

  test('gets what came whole as it came, in the same memory', () => {
    const hold = new Hold(10)
    const bytes = join({ opcode: 2, payload: noise.subarray(0, 5_000) }, { opcode: 9 })
    const passed = hold.pass(bytes, bytes.length, undefined)
    expect(passed).toEqual(bytes)
    expect(passed.buffer).toBe(bytes.buffer)
    expect(hold.isEmpty).toBe(true)
  })

  test('gets pings inside of a message at once, and a Close', () => {
    const held = new Held(1000)
    const first = frame({ opcode: 1, isFinal: false, payload: 'a' })
    const whole = frame({ opcode: 2 })
    expect(held.send(Buffer.concat([whole, first, ping]))).toEqual(Buffer.concat([whole, ping]))
    expect(held.send(Buffer.concat([ping, closeFrame(1001)]))).toEqual(
      Buffer.concat([ping, closeFrame(1001)]),
    )
    expect(held.hold.heldBytes).toBe(first.length)
  })
})

describe('a message longer than may be held', () => {
  const payload = Buffer.concat([noise, noise])

  test('passes as it comes, in fragments of what is there, and each message is one again', async () => {
    const input = Buffer.concat([
      compressed(deflated(payload)),
      frame({ opcode: 1, payload: 'x'.repeat(70_000) }),
      ping,
      frame({ opcode: 2, isFinal: false, payload: payload.subarray(0, 90_000) }),
      ping,
      frame({ opcode: 0, payload: payload.subarray(90_000) }),
    ])
    const cuts = Array.from({ length: 12 }, (_, index) => 41_000 * (index + 1))
    const held = new Held(64 * 1024)
    const written = pieces(
      input,
      cuts.filter((cut) => cut < input.length),
    ).map((chunk) => {
      const now = held.send(chunk)
      expect(placesIn(held.seen).frameEnds.at(-1)).toBe(held.seen.length)
      expect(held.hold.heldBytes).toBeLessThanOrEqual(64 * 1024)
      return now
    })
    // As soon as it is known to be too long, and not before.
    expect(written.slice(0, 3).map(({ length }) => length > 0)).toEqual([false, true, true])
    const agreement = {
      clientWindowBits: 15,
      serverWindowBits: 15,
      clientTakeover: true,
      serverTakeover: false,
    }
    const said = await readWithWs(written, { isServer: false, agreement })
    expect(said.map(({ kind, payload: { length } }) => [kind, length])).toEqual([
      ['binary', payload.length],
      ['text', 70_000],
      ['ping', 4],
      ['ping', 4],
      ['binary', payload.length],
    ])
    expect([said[0]?.payload.equals(payload), said[4]?.payload.equals(payload)]).toEqual([
      true,
      true,
    ])
    expect(held.hold.isEmpty).toBe(true)
  })

  test('is passing until its last frame is there, and the next is held again', () => {
    const held = new Held(10)
    const long = join(
      { opcode: 2, isFinal: false, payload: noise.subarray(0, 20) },
      { opcode: 0, payload: 'bc' },
    )
    held.send(long.subarray(0, -1))
    expect(held.hold).toMatchObject({ isPassing: true, isEmpty: false, heldBytes: 0 })
    held.send(Buffer.concat([long.subarray(-1), long.subarray(0, 6)]))
    expect(held.hold).toMatchObject({ isPassing: false, isEmpty: false, heldBytes: 6 })
  })

  test('leaves nothing of a large read in memory but what is held of it', () => {
    const hold = new Hold(1000)
    const [large, small] = [noise, noise.subarray(0, 100)].map((each) =>
      frame({ opcode: 2, payload: each }),
    ) as [Buffer, Buffer]
    const read = Buffer.concat([large, small.subarray(0, 50)])
    hold.pass(read, large.length, undefined)
    // What is a view of it would change with it.
    read.fill(0)
    const rest = small.subarray(50)
    expect(hold.pass(rest, rest.length, undefined)).toEqual(small)
  })
})
