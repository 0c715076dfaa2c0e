// Shares: exact by turn, near and stable by key.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Split, type Part } from '../../src/proxy/split.ts'

function partsOf(weights: readonly number[]): Part<number>[] {
  return weights.map((weight, index) => ({ name: `upstream-${index}`, weight, value: index }))
}

function countOf(choices: readonly (number | undefined)[], value: number): number {
  return choices.filter((choice) => choice === value).length
}

const keys = Array.from({ length: 4_000 }, (_, index) => `client-${index}`)

describe('by turn', () => {
  const weights = fc
    .array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 6 })
    .filter((all) => all.some((weight) => weight > 0))

  test('each has exactly its share of every round', () => {
    fc.assert(
      fc.property(weights, (all) => {
        const split = new Split(partsOf(all))
        const total = all.reduce((sum, weight) => sum + weight, 0)
        for (let round = 0; round < 3; round++) {
          const choices = Array.from({ length: total }, () => split.next())
          expect(all.map((_, index) => countOf(choices, index))).toEqual(all)
        }
      }),
    )
  })

  test('no part waits much longer than its share says', () => {
    fc.assert(
      fc.property(weights, (all) => {
        const split = new Split(partsOf(all))
        const total = all.reduce((sum, weight) => sum + weight, 0)
        const seen = all.map(() => 0)
        for (let turn = 1; turn <= total; turn++) {
          seen[split.next() ?? -1]!++
          for (const [index, weight] of all.entries()) {
            const due = (turn * weight) / total
            expect(Math.abs(seen[index]! - due)).toBeLessThan(all.length)
          }
        }
      }),
    )
  })

  test('95 to 5 comes as one in twenty, not as five in a row', () => {
    const split = new Split(partsOf([95, 5]))
    const choices = Array.from({ length: 100 }, () => split.next())
    for (let start = 0; start < 100; start += 20)
      expect(countOf(choices.slice(start, start + 20), 1)).toBe(1)
  })
})

describe('by key', () => {
  test('the same key has the same place, whatever the order of the file', () => {
    const parts = partsOf([3, 2, 5])
    const split = new Split(parts)
    const reversed = new Split(parts.toReversed())
    for (const key of keys) {
      expect(split.of(key)).toBe(split.of(key))
      expect(reversed.of(key)).toBe(split.of(key))
    }
  })

  test.each([[[1, 1]], [[95, 5]], [[3, 2, 5]], [[1, 2, 3, 4, 0]]])(
    'many keys have about their shares: %p',
    (weights) => {
      const split = new Split(partsOf(weights))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const choices = keys.map((key) => split.of(key))
      for (const [index, weight] of weights.entries()) {
        const share = weight / total
        // Five standard deviations of so many fair draws; the keys are fixed, so it passes or it does not.
        const slack = 5 * Math.sqrt((share * (1 - share)) / keys.length)
        expect(Math.abs(countOf(choices, index) / keys.length - share)).toBeLessThanOrEqual(slack)
      }
    },
  )

  test('when a weight grows, only keys that come to it move', () => {
    const weight = fc.integer({ min: 1, max: 100 })
    fc.assert(
      fc.property(weight, weight, fc.integer({ min: 1, max: 100 }), (old, next, more) => {
        const before = new Split(partsOf([old, next]))
        const after = new Split(partsOf([old, next + more]))
        for (const key of keys.slice(0, 200))
          if (after.of(key) !== before.of(key)) expect(after.of(key)).toBe(1)
      }),
      { numRuns: 30 },
    )
  })

  test('a part that goes leaves the others where they are', () => {
    const before = new Split(partsOf([1, 1, 1]))
    const after = new Split(partsOf([1, 1, 0]))
    for (const key of keys) if (before.of(key) !== 2) expect(after.of(key)).toBe(before.of(key))
  })
})

describe('weights that are set anew', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 3, maxLength: 3 })
  const usable = weights.filter((all) => all.some((weight) => weight > 0))
  const named = (all: readonly number[]) =>
    Object.fromEntries(all.map((weight, index) => [`upstream-${index}`, weight]))

  test('have their exact shares from the next turn on', () => {
    const split = new Split(partsOf([1, 1, 1]))
    split.setWeights(named([2, 0, 6]))
    expect(split.weights).toEqual({ 'upstream-0': 2, 'upstream-1': 0, 'upstream-2': 6 })
    for (let round = 0; round < 3; round++) {
      const choices = Array.from({ length: 8 }, () => split.next())
      expect([0, 1, 2].map((index) => countOf(choices, index))).toEqual([2, 0, 6])
    }
  })

  test('leave those that are not named as they are', () => {
    const split = new Split(partsOf([3, 1]))
    split.setWeights({ 'upstream-1': 5 })
    expect(split.weights).toEqual({ 'upstream-0': 3, 'upstream-1': 5 })
  })

  test('starve nobody, however often and however they change', () => {
    const change = fc.record({ all: usable, turns: fc.integer({ min: 0, max: 5 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 60 }), (changes) => {
        const split = new Split(partsOf([1, 1, 1]))
        const behind = [0, 0, 0]
        for (const { all, turns } of changes) {
          split.setWeights(named(all))
          const total = all.reduce((sum, weight) => sum + weight, 0)
          for (let turn = 0; turn < turns; turn++) {
            const chosen = split.next() ?? -1
            expect(all[chosen]).toBeGreaterThan(0)
            for (const [index, weight] of all.entries()) behind[index]! += weight / total
            behind[chosen]!--
          }
        }
        for (const turns of behind) expect(Math.abs(turns)).toBeLessThan(behind.length)
      }),
    )
  })

  test('before every turn let the smaller share come all the same', () => {
    const split = new Split(partsOf([19, 1]))
    const choices = Array.from({ length: 100 }, (_, turn) => {
      split.setWeights({ 'upstream-0': 19 + (turn % 2) })
      return split.next()
    })
    expect(countOf(choices, 1)).toBeGreaterThanOrEqual(4)
  })

  test('that are much smaller do not make up for it with a row of turns', () => {
    const split = new Split(partsOf([1_000, 1_000]))
    split.next()
    split.setWeights({ 'upstream-0': 1, 'upstream-1': 1 })
    const choices = Array.from({ length: 10 }, () => split.next())
    expect(countOf(choices, 1)).toBe(5)
  })

  test('move a key only to a part whose weight has grown against that of its old one', () => {
    fc.assert(
      fc.property(usable, usable, (old, next) => {
        const split = new Split(partsOf(old))
        const before = keys.slice(0, 200).map((key) => split.of(key) ?? -1)
        split.setWeights(named(next))
        for (const [index, from] of before.entries()) {
          const to = split.of(keys[index]!) ?? -1
          if (to !== from) expect(next[to]! * old[from]!).toBeGreaterThan(next[from]! * old[to]!)
        }
      }),
    )
  })

  test('put every key where a new split with these weights would', () => {
    const split = new Split(partsOf([1, 1, 1]))
    split.setWeights(named([5, 1, 0]))
    const fresh = new Split(partsOf([5, 1, 0]))
    for (const key of keys) expect(split.of(key)).toBe(fresh.of(key))
  })
})

test('of nothing there is no choice', () => {
  expect([new Split([]).next(), new Split(partsOf([0])).of('a')]).toEqual([undefined, undefined])
})
