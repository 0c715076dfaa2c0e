/** When a worker that has died is started again. */
import { describe, expect, test } from 'bun:test'
import { RestartPolicy } from '../../../src/process/workers/restart-policy.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** @param livedMs how long each life was. @returns the delays after them. */
function delaysAfter(livedMs: readonly number[]): (number | undefined)[] {
  const clock = new FakeClock()
  const policy = new RestartPolicy(clock)
  return livedMs.map((ms) => {
    policy.onStart()
    clock.advance(ms)
    const delayMs = policy.onDeath()
    clock.advance(delayMs ?? 0)
    return delayMs
  })
}

const soon = (times: number) => Array<number>(times).fill(100)

describe('a worker that has died', () => {
  test('is started again at once the first time, however soon that was', () => {
    expect(delaysAfter([100])).toEqual([0])
    expect(delaysAfter([3_600_000])).toEqual([0])
  })

  test('waits twice as long each time while it dies within a minute, and is given up at the tenth', () => {
    expect(delaysAfter(soon(10))).toEqual([
      0,
      1_000,
      2_000,
      4_000,
      8_000,
      16_000,
      30_000,
      30_000,
      30_000,
      undefined,
    ])
  })

  test('begins anew once it has lived for a minute', () => {
    const delays = delaysAfter([...soon(9), 60_000, ...soon(2)])
    expect(delays.slice(9)).toEqual([0, 1_000, 2_000])
  })

  test('is not given up for deaths of which some came late', () => {
    const lives = Array.from({ length: 40 }, (_, index) => (index % 9 === 8 ? 60_000 : 100))
    expect(delaysAfter(lives)).not.toContain(undefined)
  })
})
