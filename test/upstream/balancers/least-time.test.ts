// The quickest for its load, and how an endpoint becomes known.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Balancer, Candidate } from '../../../src/core/balancer.ts'
import { leastTime } from '../../../src/upstream/balancers/least-time.ts'
import {
  candidatesOf,
  choiceOf,
  chosenBy,
  countsOf,
  equalCandidates,
  type FakeCandidate,
  seededHost,
} from '../../support/candidates.ts'

function balancerOf(candidates: readonly Candidate[]): Balancer {
  const balancer = leastTime.create({}, seededHost())
  balancer.update(candidates)
  return balancer
}

/** Endpoints that answer in so many ms. */
function answeringIn(...latencies: readonly (number | undefined)[]): FakeCandidate[] {
  const candidates = equalCandidates(latencies.length)
  for (const [index, candidate] of candidates.entries()) candidate.latencyMs = latencies[index]
  return candidates
}

function join(balancer: Balancer, sessions: number): void {
  for (let count = 0; count < sessions; count++) {
    const chosen = balancer.choose(choiceOf()) as FakeCandidate | undefined
    if (chosen !== undefined) chosen.load++
  }
}

test('sessions are spread so that one more would take as long everywhere, by weight', () => {
  const some = fc.array(
    fc.record({ weight: fc.integer({ min: 1, max: 5 }), ms: fc.integer({ min: 1, max: 90 }) }),
    { minLength: 1, maxLength: 8 },
  )
  fc.assert(
    fc.property(some, fc.nat({ max: 300 }), (all, sessions) => {
      const candidates = candidatesOf(all.map(({ weight }) => weight))
      for (const [index, candidate] of candidates.entries()) candidate.latencyMs = all[index]?.ms
      join(balancerOf(candidates), sessions)
      const cost = (candidate: FakeCandidate, load: number) =>
        ((candidate.latencyMs ?? 0) * load) / candidate.weight
      const leastNext = Math.min(...candidates.map((each) => cost(each, each.load + 1)))
      // Products and quotients of the same numbers in another order differ in their last bit.
      for (const each of candidates)
        expect(cost(each, each.load)).toBeLessThanOrEqual(leastNext * (1 + 1e-9))
    }),
  )
})

test('an endpoint three times as quick has three times the sessions', () => {
  const candidates = answeringIn(10, 30)
  join(balancerOf(candidates), 400)
  expect(candidates.map(({ load }) => load)).toEqual([300, 100])
})

test('times that are noise, or have faded, leave the choice to the load', () => {
  const candidates = answeringIn(0.000_001, 0.05, 0)
  join(balancerOf(candidates), 300)
  expect(candidates.map(({ load }) => load)).toEqual([100, 100, 100])
})

describe('an endpoint of which nothing is known', () => {
  test('is tried within a round, with one request, however slow it may turn out', () => {
    const candidates = answeringIn(5, 5, undefined, 5)
    const balancer = balancerOf(candidates)
    const untried = candidates[2]
    join(balancer, 4)
    expect(untried?.load).toBe(1)
    join(balancer, 400)
    expect(untried?.load).toBe(1)
  })

  test('is chosen as any other once it is known', () => {
    const candidates = answeringIn(5, undefined, 5)
    const balancer = balancerOf(candidates)
    join(balancer, 3)
    if (candidates[1] !== undefined) candidates[1].latencyMs = 5
    join(balancer, 297)
    expect(candidates.map(({ load }) => load)).toEqual([100, 100, 100])
  })

  test('has no more than its turns as long as nobody gets an answer of it', () => {
    const candidates = answeringIn(5, undefined, 5, 5)
    for (const index of [0, 2, 3]) {
      const busy = candidates[index]
      if (busy !== undefined) busy.load = 50
    }
    expect(countsOf(candidates, chosenBy(balancerOf(candidates), 400))[1]).toBe(100)
  })

  test('shares with the others when none is known', () => {
    const candidates = answeringIn(undefined, undefined, undefined)
    join(balancerOf(candidates), 30)
    expect(candidates.map(({ load }) => load)).toEqual([10, 10, 10])
  })
})
