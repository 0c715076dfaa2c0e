import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TokenBucket } from '../../src/core/token-bucket.ts'

describe('a token bucket', () => {
  test('is full at the start, and fills again evenly up to its burst', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0)
    expect(bucket.available(0)).toBe(5)
    bucket.take(5)
    expect(bucket.available(99)).toBe(0)
    expect(bucket.available(100)).toBe(1)
    expect(bucket.available(10_000)).toBe(5)
  })

  test('pays back a debt before it gives anything', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0)
    bucket.take(15)
    expect(bucket.available(1_000)).toBe(0)
    expect(bucket.waitMs(1)).toBe(100)
    expect(bucket.available(1_100)).toBe(1)
  })

  test('is asked to wait for no more than it can hold', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0)
    bucket.take(2)
    expect(bucket.waitMs(100)).toBe(200)
  })

  test('never gives more than the rate and one burst, whenever it is asked', () => {
    const rate = fc.record({
      perSecond: fc.integer({ min: 1, max: 1_000 }),
      burst: fc.integer({ min: 1, max: 100 }),
    })
    const steps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 50 })
    fc.assert(
      fc.property(rate, steps, ({ perSecond, burst }, waits) => {
        const bucket = new TokenBucket({ perSecond, burst }, 0)
        let nowMs = 0
        let taken = 0
        for (const wait of waits) {
          nowMs += wait
          const available = bucket.available(nowMs)
          bucket.take(available)
          taken += available
          expect(taken).toBeLessThanOrEqual(burst + (perSecond * nowMs) / 1_000 + 1e-6)
        }
        // Whoever waits as long as it says finds what it waited for.
        nowMs += bucket.waitMs(1)
        expect(bucket.available(nowMs)).toBeGreaterThanOrEqual(1)
      }),
    )
  })
})
