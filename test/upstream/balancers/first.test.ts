// One is filled before the next.

import { expect, test } from 'bun:test'
import { first } from '../../../src/upstream/balancers/first.ts'
import { candidatesOf, choiceOf, chosenBy, countsOf, seededHost } from '../../support/candidates.ts'

test('the first of the list that has room has it all, whatever the weights and loads', () => {
  const candidates = candidatesOf([1, 9, 1])
  if (candidates[0] !== undefined) candidates[0].load = 500
  const balancer = first.create({}, seededHost())
  balancer.update(candidates)
  expect(countsOf(candidates, chosenBy(balancer, 10))).toEqual([10, 0, 0])
  const withoutFirst = choiceOf((candidate) => candidate !== candidates[0])
  expect(countsOf(candidates, chosenBy(balancer, 10, withoutFirst))).toEqual([0, 10, 0])
})

test('the order is that of the last update', () => {
  const candidates = candidatesOf([1, 1, 1])
  const balancer = first.create({}, seededHost())
  balancer.update(candidates)
  balancer.update(candidates.toReversed())
  expect(balancer.choose(choiceOf())).toBe(candidates[2])
})
