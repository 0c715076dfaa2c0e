// Places for keys: shares by weight, and nothing moves that need not.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Rendezvous } from '../../src/upstream/rendezvous.ts'
import { candidatesOf, equalCandidates, FakeCandidate } from '../support/candidates.ts'

const everywhere = { isOpen: () => true }

function rendezvousOf(places: readonly FakeCandidate[]): Rendezvous<FakeCandidate> {
  const rendezvous = new Rendezvous<FakeCandidate>(({ url }) => url)
  rendezvous.update(places)
  return rendezvous
}

function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `room-${index}`)
}

function placesOf(places: readonly FakeCandidate[], keys: readonly string[]) {
  const rendezvous = rendezvousOf(places)
  return keys.map((key) => rendezvous.choose(key, everywhere))
}

test.each([
  ['1:1', [1, 1]],
  ['95:5', [95, 5]],
  ['1:2:3:4', [1, 2, 3, 4]],
  ['fifty alike', Array.from({ length: 50 }, () => 2)],
])('many keys are shared by weight: %s', (_, weights) => {
  const places = candidatesOf(weights)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const keys = keysOf(20_000)
  const chosen = placesOf(places, keys)
  for (const place of places) {
    const share = place.weight / total
    // Five standard deviations of so many fair draws; the keys are fixed, so it passes or it does not.
    const slack = 5 * Math.sqrt((share * (1 - share)) / keys.length)
    const has = chosen.filter((each) => each === place).length / keys.length
    expect(Math.abs(has - share)).toBeLessThanOrEqual(slack)
  }
})

describe.each([3, 10, 100, 1_000])('with %d places', (count) => {
  const keys = keysOf(Math.max(4_000, 20 * count))
  const places = equalCandidates(count)
  const before = placesOf(places, keys)

  test('when one goes, at most 1.2 × its ideal share of the keys moves, and no others', () => {
    const leaving = [0, 0.3, 0.6, 0.9].map((at) => places[Math.floor(at * count)])
    let moved = 0
    for (const gone of leaving) {
      const left = places.filter((place) => place !== gone)
      for (const [index, place] of placesOf(left, keys).entries()) {
        if (before[index] === gone) moved++
        else expect(place).toBe(before[index])
      }
    }
    expect(moved).toBeGreaterThan(0)
    expect(moved).toBeLessThanOrEqual((1.2 * leaving.length * keys.length) / count)
  })

  test('when one comes, at most 1.2 × its ideal share moves, all of it to the one that came', () => {
    let moved = 0
    for (const name of ['ws://new-1', 'ws://new-2', 'ws://new-3', 'ws://new-4']) {
      const came = new FakeCandidate(name)
      for (const [index, place] of placesOf([...places, came], keys).entries()) {
        if (place === came) moved++
        else expect(place).toBe(before[index])
      }
    }
    expect(moved).toBeGreaterThan(0)
    expect(moved).toBeLessThanOrEqual((1.2 * 4 * keys.length) / (count + 1))
  })
})

test('when a weight grows keys come to that place, when it shrinks they leave it, and no others move', () => {
  const some = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })
  const keys = keysOf(200)
  fc.assert(
    fc.property(some, fc.nat(), fc.integer({ min: 1, max: 40 }), (weights, which, weight) => {
      const [before, after] = [candidatesOf(weights), candidatesOf(weights)]
      const changed = after[which % after.length]
      if (changed === undefined) return
      const isGrowing = weight > changed.weight
      changed.weight = weight
      const old = placesOf(before, keys)
      for (const [index, place] of placesOf(after, keys).entries()) {
        if (place?.url === old[index]?.url) continue
        expect(isGrowing ? place?.url : old[index]?.url).toBe(changed.url)
      }
    }),
  )
})

test('the keys of a place that goes are spread over all that stay', () => {
  const places = equalCandidates(11)
  const keys = keysOf(11_000)
  const before = placesOf(places, keys)
  const after = placesOf(places.slice(1), keys)
  const counts = new Map<FakeCandidate | undefined, number>()
  for (const [index, place] of after.entries())
    if (before[index] === places[0]) counts.set(place, (counts.get(place) ?? 0) + 1)
  expect(counts.size).toBe(10)
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(50)
})

test('a place that is not open stands aside as if it were gone', () => {
  const places = candidatesOf([1, 2, 1, 3, 2])
  const keys = keysOf(300)
  const gone = places[3]
  const left = placesOf(
    places.filter((place) => place !== gone),
    keys,
  )
  const rendezvous = rendezvousOf(places)
  const aside = keys.map((key) => rendezvous.choose(key, { isOpen: (place) => place !== gone }))
  expect(aside).toEqual(left)
})

test('a key is where it was in other releases, which gateways beside this one may run', () => {
  const places = candidatesOf([1, 1, 2, 3, 1])
  const indices = placesOf(places, keysOf(12)).map((chosen) =>
    places.findIndex((place) => place === chosen),
  )
  expect(indices).toEqual([0, 0, 3, 1, 4, 3, 3, 0, 3, 3, 1, 4])
})
