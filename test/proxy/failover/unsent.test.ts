// What the next server is sent: together with what the one before has got whole, every message once.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Unsent } from '../../../src/proxy/failover/unsent.ts'
import { FrameScanner } from '../../../src/wire/frame-scanner.ts'
import { frames } from '../../support/frame-arbitraries.ts'
import { judge } from '../../support/frame-oracle.ts'
import { frame, someKey } from '../../support/frames.ts'
import { lastEnd, placesIn } from '../../support/message-places.ts'
import { pieces } from '../../support/pieces.ts'
import { noise } from '../../support/read-pieces.ts'
import { fromClient } from '../../support/scanning.ts'

const nothing = Buffer.alloc(0)

function message(length: number): Buffer {
  return frame({ opcode: 2, payload: noise.subarray(0, length), key: someKey })
}

/** A connection that takes what is passed to it little by little. */
class Passed {
  readonly unsent: Unsent
  readonly #scanner = new FrameScanner(fromClient)
  all: Buffer = nothing
  takenBytes = 0
  /** More than may be kept of a message had come before its end, and was taken in part. */
  hasBeenTooLong = false
  readonly #holdBytes: number

  constructor(holdBytes: number) {
    this.#holdBytes = holdBytes
    this.unsent = new Unsent(holdBytes)
  }

  get untakenBytes(): number {
    return this.all.length - this.takenBytes
  }

  send(chunk: Buffer): void {
    const passed = this.#scanner.pass(Buffer.from(chunk))
    this.all = Buffer.concat([this.all, passed])
    this.unsent.add(passed, this.#scanner.wholeBytes)
  }

  take(bytes: number): void {
    this.takenBytes += Math.min(bytes, this.untakenBytes)
    this.unsent.settle(this.untakenBytes)
    const { end } = lastEnd(placesIn(this.all), this.all.length)
    const isTooLong = this.all.length - end > this.#holdBytes && this.takenBytes > end
    if (isTooLong) expect(this.unsent.isCaught(this.untakenBytes)).toBe(true)
    this.hasBeenTooLong ||= isTooLong
  }

  /** @throws Error where the next server would get something else than it must. */
  check(): void {
    const { unsent, all, takenBytes, untakenBytes } = this
    const places = placesIn(all)
    const { end: start, messages: takenMessages } = lastEnd(places, takenBytes)
    const whole = lastEnd(places, all.length)
    const isCaught = unsent.isCaught(untakenBytes)
    if (!this.hasBeenTooLong) expect(isCaught).toBe(false)
    if (isCaught) {
      expect(unsent.isEmpty).toBe(false)
      return
    }
    const rest = unsent.rest(untakenBytes)
    expect(rest.bytes.equals(all.subarray(start))).toBe(true)
    expect(rest.messages).toBe(whole.messages - takenMessages)
    expect(rest.wholeBytes).toBe(whole.end - start)
    if (unsent.isEmpty) expect(start).toBe(all.length)
  }
}

const messages = frames(fromClient)
const offsets = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 10 })
const taken = fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 10 })

describe('the next server gets', () => {
  test.each([1000, 40, 0])(
    'all from the first message on that is not wholly taken, whatever is taken when, with up to %d bytes of one kept',
    (holdBytes) => {
      fc.assert(
        fc.property(messages, offsets, taken, (input, unordered, takes) => {
          const valid = input.subarray(0, judge(input, fromClient).passed)
          const cuts = unordered.filter((cut) => cut < valid.length).toSorted((a, b) => a - b)
          const passed = new Passed(holdBytes)
          for (const [index, chunk] of pieces(valid, cuts).entries()) {
            passed.send(chunk)
            passed.check()
            passed.take(takes[index % takes.length] ?? 0)
            passed.check()
          }
          passed.take(Infinity)
          passed.check()
        }),
        { numRuns: 300 },
      )
    },
  )

  test('what it gets is kept again for the one after it', () => {
    const passed = new Passed(1000)
    passed.send(Buffer.concat([message(10), message(20), message(30).subarray(0, 9)]))
    passed.take(20)
    const { bytes, wholeBytes, messages: whole } = passed.unsent.rest(passed.untakenBytes)
    expect([wholeBytes, whole]).toEqual([message(20).length, 1])
    const next = new Unsent(1000)
    next.add(bytes, wholeBytes)
    next.settle(9)
    expect(next.rest(9)).toEqual({ bytes: bytes.subarray(wholeBytes), messages: 0, wholeBytes: 0 })
  })
})

describe('nothing is kept', () => {
  test('of what was taken, but for the message that goes on', () => {
    const passed = new Passed(1000)
    passed.send(Buffer.concat([message(10), message(20)]))
    expect(passed.unsent.isEmpty).toBe(false)
    passed.take(Infinity)
    expect(passed.unsent.isEmpty).toBe(true)
    passed.send(Buffer.concat([message(10), message(20).subarray(0, 8)]))
    passed.take(Infinity)
    expect(passed.unsent.isEmpty).toBe(false)
    expect(passed.unsent.rest(0)).toEqual({
      bytes: message(20).subarray(0, 8),
      messages: 0,
      wholeBytes: 0,
    })
    passed.send(message(20).subarray(8))
    passed.take(Infinity)
    expect(passed.unsent.isEmpty).toBe(true)
  })

  test('of a large read but what is left of it', () => {
    const unsent = new Unsent(1000)
    const start = message(90_000)
    const part = message(500).subarray(0, 100)
    const read = Buffer.concat([start, part])
    unsent.add(read, start.length)
    unsent.settle(0)
    read.fill(0)
    expect(unsent.rest(0).bytes).toEqual(part)
    expect(unsent.rest(0).bytes.buffer.byteLength).toBeLessThan(1000)
  })

  test('of more than twice what is needed, while a server takes slowly', () => {
    const unsent = new Unsent(1000)
    const each = message(1000)
    const untaken = 20 * each.length + 7
    for (let count = 1; count <= 1000; count++) {
      unsent.add(each, each.length)
      unsent.settle(Math.min(untaken, count * each.length))
      const { bytes, messages: whole } = unsent.rest(Math.min(untaken, count * each.length))
      expect(whole).toBe(Math.min(count, 21))
      expect(bytes.buffer.byteLength).toBeLessThan(4 * (untaken + 2 * each.length + 64 * 1024))
    }
    unsent.settle(0)
    expect(unsent.isEmpty).toBe(true)
  })
})

describe('a session is caught in a message', () => {
  const long = message(2000)

  test('of which more has passed than is kept, until it is whole and taken', () => {
    const unsent = new Unsent(1000)
    unsent.add(long.subarray(0, 1000), 0)
    unsent.settle(0)
    expect(unsent.isCaught(0)).toBe(false)
    unsent.add(long.subarray(1000, 1001), -1)
    unsent.settle(0)
    expect([unsent.isCaught(0), unsent.isEmpty]).toEqual([true, false])
    unsent.add(long.subarray(1001, 1500), -1)
    unsent.settle(0)
    expect([unsent.isCaught(0), unsent.isEmpty]).toEqual([true, false])
    const rest = Buffer.concat([long.subarray(1500), message(50).subarray(0, 20)])
    unsent.add(rest, long.length - 1500)
    unsent.settle(21)
    expect([unsent.isCaught(21), unsent.isEmpty]).toEqual([true, false])
    unsent.settle(20)
    expect(unsent.isCaught(20)).toBe(false)
    expect(unsent.rest(20).bytes).toEqual(message(50).subarray(0, 20))
  })

  test('also where nothing follows that could be kept', () => {
    const unsent = new Unsent(1000)
    unsent.add(long.subarray(0, 1500), 0)
    unsent.settle(1499)
    unsent.add(long.subarray(1500), long.length - 1500)
    unsent.settle(1)
    expect([unsent.isCaught(1), unsent.isEmpty]).toEqual([true, false])
    unsent.settle(0)
    expect([unsent.isCaught(0), unsent.isEmpty]).toEqual([false, true])
  })

  test('but not in one that came whole, however long it is', () => {
    const unsent = new Unsent(1000)
    unsent.add(long, long.length)
    unsent.settle(1)
    expect(unsent.isCaught(1)).toBe(false)
    expect(unsent.rest(1)).toEqual({ bytes: long, messages: 1, wholeBytes: long.length })
  })

  test('but not in one that no server has begun to take', () => {
    const unsent = new Unsent(1000)
    unsent.add(Buffer.concat([message(10), long.subarray(0, 1500)]), message(10).length)
    unsent.settle(1500)
    unsent.add(long.subarray(1500, -1), -1)
    expect(unsent.isCaught(long.length - 1)).toBe(false)
    expect(unsent.rest(long.length - 1)).toEqual({
      bytes: long.subarray(0, -1),
      messages: 0,
      wholeBytes: 0,
    })
    unsent.settle(long.length - 2)
    expect(unsent.isCaught(long.length - 2)).toBe(true)
  })
})
