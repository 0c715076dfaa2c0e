/**
 * Sessions whose servers do not stay: each time it is waited longer, and in the end they are closed.
 */
import { describe, expect, test } from 'bun:test'
import { Patience } from '../../../src/proxy/failover/patience.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { closeOfServer, heardBy, openMoving } from '../../support/moving.ts'

/** Servers that take a session over and have it for so long each. @returns the pauses before the next. */
function pausesAfter(clock: FakeClock, patience: Patience, staysMs: readonly number[]): number[] {
  return staysMs.map((stayMs) => {
    patience.joined(clock.now())
    clock.advance(stayMs)
    patience.lost(clock.now())
    return patience.pauseMs
  })
}

describe('the patience of a session', () => {
  test('is not touched by the server it came with, however soon that is lost', () => {
    const patience = new Patience()
    patience.lost(new FakeClock().now())
    expect([patience.isHasty, patience.pauseMs, patience.isOver]).toEqual([false, 0, false])
  })

  test('lets two die one after the other, then doubles its pause', () => {
    const pauses = pausesAfter(new FakeClock(), new Patience(), Array<number>(9).fill(0))
    expect(pauses).toEqual([0, 50, 100, 200, 400, 800, 1_600, 3_200, 5_000])
  })

  test('is over after ten in a row, not after nine', () => {
    const patience = new Patience()
    const clock = new FakeClock()
    pausesAfter(clock, patience, Array<number>(9).fill(4_999))
    expect([patience.isHasty, patience.isOver]).toEqual([true, false])
    pausesAfter(clock, patience, [4_999])
    expect(patience.isOver).toBe(true)
  })

  test('is new again once a server has stayed', () => {
    const patience = new Patience()
    const clock = new FakeClock()
    pausesAfter(clock, patience, Array<number>(9).fill(0))
    expect(pausesAfter(clock, patience, [5_000])).toEqual([0])
    expect(patience.isHasty).toBe(false)
    pausesAfter(clock, patience, Array<number>(9).fill(0))
    expect(patience.isOver).toBe(false)
  })
})

describe('a session whose servers all leave as soon as they have it', () => {
  // It dialled on without end, a thousand times a second, and told its client of each with `notify`.
  test.each(['closed', 'lost'])('is closed with 1013 after ten in a row (%s)', async (how) => {
    const moving = openMoving({ failover: '{ mode: notify, message: moved }' })
    const leave = ({ handler }: typeof moving.upstream) =>
      how === 'lost'
        ? handler.streamOnClose('reset')
        : handler.streamOnData(Buffer.from(closeOfServer(1001), 'latin1'))
    leave(moving.upstream)
    const beganAtMs = moving.clock.now()
    for (let step = 0; step < 2_000 && !moving.session.isEnding; step++) {
      const next = await moving.serve()
      if (next === undefined) moving.clock.advance(50)
      else leave(next)
    }
    expect(moving.dials).toBe(10)
    expect(moving.next).toHaveLength(10)
    expect(heardBy(moving.client)).toEqual([...Array<string>(10).fill('1 moved'), 'close 1013'])
    expect(moving.clock.now() - beganAtMs).toBeGreaterThan(10_000)
    expect(moving.clock.now() - beganAtMs).toBeLessThan(15_000)
  })
})
