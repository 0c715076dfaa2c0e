import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { slowStartShare } from '../../src/upstream/slow-start.ts'

test('the share grows evenly from a tenth to the whole', () => {
  const shares = [0, 10_000, 15_000, 20_000, 30_000].map((ms) => slowStartShare(ms, 30_000))
  for (const [index, share] of [0.1, 0.4, 0.55, 0.7, 1].entries())
    expect(shares[index]).toBeCloseTo(share, 12)
})

test('it never shrinks, and is never less than a tenth nor more than the whole', () => {
  const ms = fc.integer({ min: -1_000, max: 100_000 })
  fc.assert(
    fc.property(ms, ms, fc.integer({ min: 1, max: 60_000 }), (one, other, durationMs) => {
      const [early, late] = [Math.min(one, other), Math.max(one, other)]
      expect(slowStartShare(early, durationMs)).toBeLessThanOrEqual(
        slowStartShare(late, durationMs),
      )
      expect(slowStartShare(early, durationMs)).toBeGreaterThanOrEqual(0.1)
      expect(slowStartShare(late, durationMs)).toBeLessThanOrEqual(1)
    }),
  )
})

test('without a duration it is the whole at once', () => {
  expect(slowStartShare(0, 0)).toBe(1)
})
