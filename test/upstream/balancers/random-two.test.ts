// Two are drawn by weight, the better one is taken.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Balancer, Candidate } from '../../../src/core/balancer.ts'
import { randomTwo } from '../../../src/upstream/balancers/random-two.ts'
import {
  candidatesOf,
  choiceOf,
  chosenBy,
  countsOf,
  equalCandidates,
  seededHost,
  type FakeCandidate,
} from '../../support/candidates.ts'

function balancerOf(candidates: readonly Candidate[], seed = 1): Balancer {
  const balancer = randomTwo.create({}, seededHost(seed))
  balancer.update(candidates)
  return balancer
}

test('sessions that stay are spread nearly evenly by weight, far closer than single draws would', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 20, maxLength: 100 })
  fc.assert(
    fc.property(weights, fc.integer(), (all, seed) => {
      const candidates = candidatesOf(all)
      const balancer = balancerOf(candidates, seed)
      const total = all.reduce((sum, weight) => sum + weight, 0)
      for (let session = 0; session < 10 * total; session++) {
        const chosen = balancer.choose(choiceOf()) as FakeCandidate | undefined
        if (chosen !== undefined) chosen.load++
      }
      // log log n above the average, where single draws of ten each would leave one with twenty and more.
      for (const { load, weight } of candidates) expect(load / weight).toBeLessThan(16)
    }),
    { numRuns: 30 },
  )
})

test('as busy as each other, endpoints are drawn as often as their weights say', () => {
  const weights = [5, 1, 3, 1]
  const candidates = candidatesOf(weights)
  for (const candidate of candidates) candidate.load = 10 * candidate.weight - 1
  const draws = 20_000
  const counts = countsOf(candidates, chosenBy(balancerOf(candidates), draws))
  for (const [index, weight] of weights.entries()) {
    const share = weight / 10
    const slack = 5 * Math.sqrt((share * (1 - share)) / draws)
    expect(Math.abs((counts[index] ?? 0) / draws - share)).toBeLessThan(slack)
  }
})

test('the second draw is never the first again: a busy endpoint does not win against itself', () => {
  const candidates = candidatesOf([998, 1, 1])
  const busy = candidates[0]
  if (busy !== undefined) busy.load = 1_000_000
  const counts = countsOf(candidates, chosenBy(balancerOf(candidates), 1_000))
  expect(counts[0]).toBe(0)
  expect(Math.min(counts[1] ?? 0, counts[2] ?? 0)).toBeGreaterThan(400)
})

test('of two the one with fewer sessions is always taken', () => {
  const candidates = equalCandidates(2)
  if (candidates[1] !== undefined) candidates[1].load = 1
  expect(countsOf(candidates, chosenBy(balancerOf(candidates), 100))).toEqual([100, 0])
})

test('where one of the two is full it is the other, and where both are the least busy of the rest', () => {
  const candidates = equalCandidates(50)
  const [calm, busy] = [candidates[20], candidates[30]]
  if (busy !== undefined) busy.load = 5
  const balancer = balancerOf(candidates)
  const isOpen = choiceOf((candidate) => candidate === calm || candidate === busy)
  const counts = countsOf(candidates, chosenBy(balancer, 500, isOpen))
  expect((counts[20] ?? 0) + (counts[30] ?? 0)).toBe(500)
  expect(counts[20]).toBeGreaterThan(450)
})

test('among a thousand open ones only two are looked at', () => {
  const candidates = equalCandidates(1_000)
  let asked = 0
  const isOpen = choiceOf(() => ++asked > 0)
  chosenBy(balancerOf(candidates), 100, isOpen)
  expect(asked).toBe(200)
})

test('with a tenth of them full it is still two, but for the few times that both are', () => {
  const candidates = equalCandidates(1_000)
  const full = new Set<Candidate>(candidates.filter((_, index) => index % 10 === 0))
  let asked = 0
  const isOpen = choiceOf((candidate) => ++asked > 0 && !full.has(candidate))
  chosenBy(balancerOf(candidates), 1_000, isOpen)
  expect(asked).toBeLessThan(30_000)
})

test('slow start shifts the choice, not the draw', () => {
  const candidates = equalCandidates(2)
  for (const candidate of candidates) candidate.load = 10
  if (candidates[0] !== undefined) candidates[0].share = 0.5
  expect(countsOf(candidates, chosenBy(balancerOf(candidates), 100))).toEqual([0, 100])
})
