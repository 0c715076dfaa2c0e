// Turns: exact by weight, smooth, and kept while endpoints come, go, fill up and change.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Balancer, Candidate } from '../../../src/core/balancer.ts'
import { roundRobin } from '../../../src/upstream/balancers/round-robin.ts'
import {
  candidatesOf,
  choiceOf,
  chosenBy,
  countsOf,
  equalCandidates,
  FakeCandidate,
  seededHost,
} from '../../support/candidates.ts'

const someWeights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 })

function balancerOf(candidates: readonly Candidate[]): Balancer {
  const balancer = roundRobin.create({}, seededHost())
  balancer.update(candidates)
  return balancer
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

test('of any turns in a row that are as many as the weights, each gets exactly its weight', () => {
  fc.assert(
    fc.property(someWeights, fc.nat({ max: 50 }), (weights, start) => {
      const candidates = candidatesOf(weights)
      const balancer = balancerOf(candidates)
      chosenBy(balancer, start)
      expect(countsOf(candidates, chosenBy(balancer, sum(weights)))).toEqual([...weights])
    }),
  )
})

test('nobody is ever further from its share than there are others', () => {
  fc.assert(
    fc.property(someWeights, (weights) => {
      const candidates = candidatesOf(weights)
      const total = sum(weights)
      const chosen = chosenBy(balancerOf(candidates), total)
      for (let turn = 1; turn <= total; turn++) {
        const counts = countsOf(candidates, chosen.slice(0, turn))
        for (const [index, weight] of weights.entries()) {
          const away = Math.abs((counts[index] ?? 0) - (turn * weight) / total)
          expect(away).toBeLessThanOrEqual(Math.max(0, weights.length - 1))
        }
      }
    }),
  )
})

test('95 to 5 is one in twenty, not five in a row', () => {
  const candidates = candidatesOf([95, 5])
  const chosen = chosenBy(balancerOf(candidates), 100)
  for (let start = 0; start < 100; start += 20)
    expect(countsOf(candidates, chosen.slice(start, start + 20))).toEqual([19, 1])
})

describe('who is not open', () => {
  test('is passed over, and the others share by their weights', () => {
    const candidates = candidatesOf([4, 1, 2, 3])
    const balancer = balancerOf(candidates)
    chosenBy(balancer, 3)
    const isOpen = choiceOf((candidate) => candidate !== candidates[3])
    expect(countsOf(candidates, chosenBy(balancer, 70, isOpen))).toEqual([40, 10, 20, 0])
  })

  test('neither owes turns afterwards nor has saved any, however long it was away', () => {
    const away = fc.nat({ max: 500 })
    fc.assert(
      fc.property(someWeights, away, fc.nat({ max: 30 }), (weights, turns, before) => {
        const candidates = candidatesOf(weights)
        const balancer = balancerOf(candidates)
        chosenBy(balancer, before)
        chosenBy(
          balancer,
          turns,
          choiceOf((candidate) => candidate !== candidates[0]),
        )
        const counts = countsOf(candidates, chosenBy(balancer, sum(weights)))
        expect(Math.abs((counts[0] ?? 0) - (weights[0] ?? 0))).toBeLessThanOrEqual(2)
      }),
    )
  })

  test('leaves no light one with a debt in turns of a heavy one', () => {
    const candidates = candidatesOf([100, 1, 1])
    const balancer = balancerOf(candidates)
    while (balancer.choose(choiceOf()) !== candidates[1]);
    const light = choiceOf((candidate) => candidate !== candidates[0])
    for (let round = 0; round < 10; round++)
      expect(countsOf(candidates, chosenBy(balancer, 2, light))).toEqual([0, 1, 1])
  })
})

describe('an update', () => {
  test('gives nobody a second turn before those that wait have had theirs', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.nat(),
        fc.nat(),
        fc.boolean(),
        (count, turns, which, isJoining) => {
          const candidates = equalCandidates(count)
          const balancer = balancerOf(candidates)
          const served = new Set(chosenBy(balancer, turns % count))
          const rest = candidates.filter((_, index) => index !== which % count)
          balancer.update(isJoining ? [new FakeCandidate('ws://new:1'), ...candidates] : rest)
          const waiting = (isJoining ? candidates : rest).filter((each) => !served.has(each))
          const seen = new Set<Candidate | undefined>()
          while (waiting.some((each) => !seen.has(each))) {
            const next = balancer.choose(choiceOf())
            expect(served.has(next)).toBe(false)
            expect(seen.has(next)).toBe(false)
            seen.add(next)
          }
        },
      ),
    )
  })

  test('a thousand times over leaves neither debts nor savings to who comes next', () => {
    const stayers = candidatesOf([3, 1])
    const balancer = balancerOf(stayers)
    for (let round = 0; round < 1_000; round++) {
      const passing = new FakeCandidate(`ws://passing-${round}:1`, (round % 7) + 1)
      balancer.update([...stayers, passing])
      // Just after its turn, when it is ahead of the others.
      while (balancer.choose(choiceOf()) !== passing);
      balancer.update(stayers)
    }
    const all = [...stayers, new FakeCandidate('ws://last:1', 4)]
    balancer.update(all)
    const counts = countsOf(all, chosenBy(balancer, 80))
    for (const [index, share] of [30, 10, 40].entries())
      expect(Math.abs((counts[index] ?? 0) - share)).toBeLessThanOrEqual(1)
  })

  test('that makes a heavy one light makes it wait for one turn, not for a hundred', () => {
    const candidates = candidatesOf([1, 100])
    const balancer = balancerOf(candidates)
    chosenBy(balancer, 40)
    const heavy = candidates[1]
    if (heavy !== undefined) heavy.weight = 1
    balancer.update([...candidates])
    const counts = countsOf(candidates, chosenBy(balancer, 10))
    expect(Math.abs((counts[0] ?? 0) - 5)).toBeLessThanOrEqual(1)
  })
})

test('who starts slowly has turns by what it weighs at the moment', () => {
  const candidates = equalCandidates(3)
  const balancer = balancerOf(candidates)
  const cold = candidates[2]
  if (cold === undefined) throw new RangeError('there are three')
  cold.share = 0.1
  expect(countsOf(candidates, chosenBy(balancer, 210))).toEqual([100, 100, 10])
  cold.share = 0.5
  const half = countsOf(candidates, chosenBy(balancer, 250))
  expect(Math.abs((half[2] ?? 0) - 50)).toBeLessThanOrEqual(1)
})
