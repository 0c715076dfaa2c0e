// The same value, the same endpoint; and no endpoint above the bound.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Balancer, Candidate } from '../../../src/core/balancer.ts'
import { hash } from '../../../src/upstream/balancers/hash.ts'
import {
  candidatesOf,
  choiceOf,
  chosenBy,
  countsOf,
  equalCandidates,
  seededHost,
  type FakeCandidate,
} from '../../support/candidates.ts'
import { template } from '../../support/template.ts'

function balancerOf(candidates: readonly Candidate[], bound?: number): Balancer {
  const balancer = hash.create({ by: template('$request.header.x-key'), bound }, seededHost())
  balancer.update(candidates)
  return balancer
}

const keys = Array.from({ length: 500 }, (_, index) => `room-${index}`)

function placesOf(balancer: Balancer, isOpen?: (candidate: Candidate) => boolean) {
  return keys.map((key) => balancer.choose(choiceOf(isOpen, key)))
}

test('two gateways that list the endpoints in another order agree on every key', () => {
  const candidates = candidatesOf([2, 1, 1, 5, 2])
  expect(placesOf(balancerOf(candidates.toReversed()))).toEqual(placesOf(balancerOf(candidates)))
})

test('load and slow start move no key', () => {
  const candidates = equalCandidates(4)
  const before = placesOf(balancerOf(candidates))
  for (const [index, candidate] of candidates.entries()) {
    candidate.load = 100 * index
    candidate.share = 1 / (index + 1)
  }
  expect(placesOf(balancerOf(candidates))).toEqual(before)
})

test('keys of a full endpoint go elsewhere, and are back when it has room', () => {
  const candidates = equalCandidates(4)
  const balancer = balancerOf(candidates)
  const before = placesOf(balancer)
  const during = placesOf(balancer, (candidate) => candidate !== candidates[0])
  for (const [index, place] of before.entries())
    if (place === candidates[0]) expect(during[index]).not.toBe(place)
    else expect(during[index]).toBe(place)
  expect(placesOf(balancer)).toEqual(before)
})

test('requests without the value are taken in turn, by weight', () => {
  const candidates = candidatesOf([1, 2])
  expect(countsOf(candidates, chosenBy(balancerOf(candidates), 30))).toEqual([10, 20])
})

describe('with a bound', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 10 })

  test('no endpoint is given more than so much of the average, be all keys the same', () => {
    const bounds = fc.integer({ min: 101, max: 300 }).map((percent) => percent / 100)
    const variety = fc.integer({ min: 1, max: 500 })
    fc.assert(
      fc.property(weights, bounds, variety, (all, bound, different) => {
        const candidates = candidatesOf(all)
        const balancer = balancerOf(candidates, bound)
        const total = all.reduce((sum, weight) => sum + weight, 0)
        for (let session = 1; session <= 200; session++) {
          const key = `room-${session % different}`
          const chosen = balancer.choose(choiceOf(undefined, key)) as FakeCandidate
          chosen.load++
          // Rounded up to whole sessions; the last bit of the quotient is nobody's business.
          const most = (bound * session * chosen.weight) / total
          expect(chosen.load).toBeLessThan(most + 1 + 1e-9)
        }
      }),
    )
  })

  test('keys stay where they are as long as the load is even', () => {
    const candidates = equalCandidates(5)
    for (const candidate of candidates) candidate.load = 100
    expect(placesOf(balancerOf(candidates, 1.25))).toEqual(placesOf(balancerOf(candidates)))
  })

  test('what is too much goes to the next place of its key, the same each time', () => {
    const candidates = equalCandidates(5)
    const home = balancerOf(candidates).choose(choiceOf(undefined, 'hot')) as FakeCandidate
    home.load = 1_000
    const next = balancerOf(candidates).choose(choiceOf((each) => each !== home, 'hot'))
    const bounded = balancerOf(candidates, 1.25)
    for (let time = 0; time < 3; time++)
      expect(bounded.choose(choiceOf(undefined, 'hot'))).toBe(next)
  })

  test('the average is that of the open ones, so that one that is full does not close the others', () => {
    const candidates = equalCandidates(3)
    for (const [index, candidate] of candidates.entries()) candidate.load = [0, 40, 50][index] ?? 0
    const isOpen = (candidate: Candidate) => candidate !== candidates[0]
    const chosen = placesOf(balancerOf(candidates, 1.25), isOpen)
    expect(new Set(chosen)).toEqual(new Set([candidates[1], candidates[2]]))
  })
})
