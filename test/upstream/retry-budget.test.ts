// How many requests may be tried again: a share of all, besides a few a second.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { RetryBudget } from '../../src/upstream/retry-budget.ts'
import { FakeClock } from '../support/fake-clock.ts'

function takeAll(budget: RetryBudget): number {
  let taken = 0
  while (budget.take()) taken++
  return taken
}

test('at the start a hundred requests may be tried again, then ten a second', () => {
  const clock = new FakeClock()
  const budget = new RetryBudget({ share: 0, clock })
  expect(takeAll(budget)).toBe(100)
  clock.advance(99)
  expect(budget.take()).toBe(false)
  clock.advance(1)
  expect(takeAll(budget)).toBe(1)
  clock.advance(3_000)
  expect(takeAll(budget)).toBe(30)
})

test('requests earn their share, of which no more than a hundred are saved', () => {
  const budget = new RetryBudget({ share: 0.25, clock: new FakeClock() })
  takeAll(budget)
  for (let count = 0; count < 7; count++) budget.request()
  expect(takeAll(budget)).toBe(1)
  budget.request()
  expect(takeAll(budget)).toBe(1)
  for (let count = 0; count < 10_000; count++) budget.request()
  expect(takeAll(budget)).toBe(100)
})

test('never are more tried again than the share, ten a second and what was saved allow', () => {
  const step = fc.oneof(
    fc.record({ requests: fc.integer({ min: 0, max: 500 }) }),
    fc.record({ waitMs: fc.integer({ min: 0, max: 5_000 }) }),
    fc.record({ takes: fc.integer({ min: 0, max: 200 }) }),
  )
  const share = fc.constantFrom(0, 0.125, 0.25, 0.5, 1)
  fc.assert(
    fc.property(share, fc.array(step, { maxLength: 50 }), (part, steps) => {
      const clock = new FakeClock()
      const budget = new RetryBudget({ share: part, clock })
      let [requests, taken] = [0, 0]
      for (const done of steps) {
        if ('waitMs' in done) clock.advance(done.waitMs)
        else if ('requests' in done) {
          requests += done.requests
          for (let count = 0; count < done.requests; count++) budget.request()
        } else {
          for (let count = 0; count < done.takes; count++) if (budget.take()) taken++
        }
        const earned = part * requests + clock.now() / 100
        expect(taken).toBeLessThanOrEqual(100 + earned + 1e-6)
      }
    }),
  )
})
