// The fewest sessions for the weight, and no herd where nothing tells endpoints apart.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Balancer, Candidate } from '../../../src/core/balancer.ts'
import { leastConnections } from '../../../src/upstream/balancers/least-connections.ts'
import {
  candidatesOf,
  choiceOf,
  chosenBy,
  countsOf,
  equalCandidates,
  seededHost,
  type FakeCandidate,
} from '../../support/candidates.ts'

const someWeights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })

function balancerOf(candidates: readonly Candidate[]): Balancer {
  const balancer = leastConnections.create({}, seededHost())
  balancer.update(candidates)
  return balancer
}

function join(balancer: Balancer, sessions: number): void {
  for (let count = 0; count < sessions; count++) {
    const chosen = balancer.choose(choiceOf()) as FakeCandidate | undefined
    if (chosen !== undefined) chosen.load++
  }
}

test('sessions that stay are spread by weight to within one session of each', () => {
  fc.assert(
    fc.property(someWeights, fc.nat({ max: 300 }), (weights, sessions) => {
      const candidates = candidatesOf(weights)
      join(balancerOf(candidates), sessions)
      const leastNext = Math.min(...candidates.map(({ load, weight }) => (load + 1) / weight))
      for (const { load, weight } of candidates)
        expect(load / weight).toBeLessThanOrEqual(leastNext)
    }),
  )
})

test('the choice is never one that has more for its weight than another open one', () => {
  const loads = fc.array(
    fc.record({ weight: fc.integer({ min: 1, max: 9 }), load: fc.nat(20), isOpen: fc.boolean() }),
    { minLength: 1, maxLength: 10 },
  )
  fc.assert(
    fc.property(loads, (all) => {
      const candidates = candidatesOf(all.map(({ weight }) => weight))
      for (const [index, candidate] of candidates.entries()) candidate.load = all[index]?.load ?? 0
      const open = candidates.filter((_, index) => all[index]?.isOpen)
      const isOpen = choiceOf((candidate) => open.includes(candidate as FakeCandidate))
      const chosen = balancerOf(candidates).choose(isOpen)
      const of = ({ load, weight }: Candidate) => (load + 1) / weight
      const best = open.length === 0 ? undefined : Math.min(...open.map(of))
      expect(chosen && of(chosen)).toBe(best)
    }),
  )
})

test('idle endpoints have requests in turn, not the first one all of them', () => {
  const candidates = equalCandidates(5)
  const balancer = balancerOf(candidates)
  for (let round = 0; round < 3; round++)
    expect(countsOf(candidates, chosenBy(balancer, 5))).toEqual([1, 1, 1, 1, 1])
})

test('among some that are as busy as each other turns go by weight', () => {
  const candidates = candidatesOf([3, 1, 2])
  for (const candidate of candidates) candidate.load = 10 * candidate.weight - 1
  expect(countsOf(candidates, chosenBy(balancerOf(candidates), 60))).toEqual([30, 10, 20])
})

test('a new endpoint that starts slowly is not given everything that the others have more', () => {
  const candidates = equalCandidates(3)
  const cold = candidates[2]
  if (cold === undefined) throw new RangeError('there are three')
  for (const candidate of candidates) candidate.load = candidate === cold ? 0 : 100
  cold.share = 0.1
  const balancer = balancerOf(candidates)
  join(balancer, 30)
  expect(cold.load).toBe(10)
  cold.share = 0.5
  join(balancer, 60)
  expect(cold.load).toBeGreaterThanOrEqual(55)
  expect(cold.load).toBeLessThanOrEqual(60)
})
