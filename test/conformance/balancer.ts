/**
 * What every balancer promises, those of the gateway and those of plugins: `core/balancer.ts` as tests.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type {
  Balancer,
  BalancerExtension,
  BalancerHost,
  Candidate,
  Choice,
} from '../../src/core/balancer.ts'
import {
  candidatesOf,
  choiceOf,
  countsOf,
  equalCandidates,
  FakeCandidate,
  seededHost,
} from '../support/candidates.ts'

/**
 * Who gets something: everybody, the heavier the more, where requests differ in their key `x-key` and sessions
 * stay; or one after the other, as those before are full.
 */
export type Serving = 'by weight' | 'in order'

/** @param make with options as the configuration would give them. */
export function balancerConformance(
  extension: BalancerExtension,
  make: (host: BalancerHost) => Balancer,
  serving: Serving = 'by weight',
): void {
  function balancerOf(candidates: readonly Candidate[], host = seededHost()): Balancer {
    const balancer = make(host)
    balancer.update(candidates)
    return balancer
  }

  describe(`the balancer ${extension.type}`, () => {
    test('can be named and documented', () => {
      expect(extension.type).toMatch(/^[a-z]+(-[a-z]+)*$/)
      const docs = [extension, ...Object.values(extension.options)].map(({ doc }) => doc)
      for (const doc of docs) expect(doc).toMatch(/^[A-Z].*\.$/)
      if (extension.short !== undefined)
        expect(Object.keys(extension.options)).toContain(extension.short)
    })

    test('of nothing there is no choice, at first or later', () => {
      const balancer = balancerOf([])
      expect(balancer.choose(choiceOf(undefined, 'a'))).toBeUndefined()
      balancer.update(equalCandidates(3))
      balancer.update([])
      expect(balancer.choose(choiceOf(undefined, 'a'))).toBeUndefined()
    })

    test('chooses one that is open whenever there is one, whoever comes, goes, fills up or slows down', () => {
      fc.assert(
        fc.property(fc.array(doing, { minLength: 1, maxLength: 60 }), fc.integer(), (all, seed) => {
          const balancer = balancerOf([], seededHost(seed))
          const pool = new FakePool()
          for (const [turn, { what, which, amount }] of all.entries()) {
            if (pool.do(what, which, amount)) balancer.update([...pool.candidates])
            for (const key of ['', `key-${turn}`]) {
              const chosen = balancer.choose(pool.choice(key))
              if (chosen === undefined) expect(pool.open).toEqual([])
              else expect(pool.open).toContain(chosen as FakeCandidate)
            }
          }
        }),
      )
    })

    test.each([1, 2, 1_000])('finds the only one of %d that is open, wherever it is', (count) => {
      const candidates = equalCandidates(count)
      const balancer = balancerOf(candidates)
      for (const only of [candidates[0], candidates[count >> 1], candidates[count - 1]])
        expect(balancer.choose(choiceOf((each) => each === only, 'a'))).toBe(only)
      expect(balancer.choose(choiceOf(() => false, 'a'))).toBeUndefined()
    })

    test('an update that changes nothing changes no choice', () => {
      const candidates = candidatesOf([3, 1, 2, 1])
      const [told, untold] = [balancerOf(candidates), balancerOf(candidates)]
      const keys = Array.from({ length: 50 }, (_, index) => (index % 3 === 0 ? '' : `key-${index}`))
      for (const key of keys) {
        told.update([...candidates])
        const choice = choiceOf(undefined, key)
        expect(told.choose(choice)).toBe(untold.choose(choice))
      }
    })

    if (serving === 'by weight') servesByWeight(balancerOf)
    else servesInOrder(balancerOf)
  })
}

type BalancerOf = (candidates: readonly Candidate[]) => Balancer

function servesByWeight(balancerOf: BalancerOf): void {
  test('lets nobody starve, and follows weights that are set', () => {
    const candidates = equalCandidates(8)
    const balancer = balancerOf(candidates)
    expect(Math.min(...joinAll(balancer, candidates, 800))).toBeGreaterThan(50)
    const heavy = candidates[5]
    if (heavy !== undefined) heavy.weight = 7
    balancer.update([...candidates])
    for (const candidate of candidates) candidate.load = 0
    const shares = joinAll(balancer, candidates, 1_400)
    // Of fourteen parts seven. With draws and keys it is near that.
    expect(shares[5]).toBeGreaterThan(600)
    expect(shares[5]).toBeLessThan(800)
    expect(Math.min(...shares)).toBeGreaterThan(50)
  })
}

function servesInOrder(balancerOf: BalancerOf): void {
  test('goes on to the next as those before are full, until all are', () => {
    const candidates = candidatesOf([1, 5, 1, 2])
    const balancer = balancerOf(candidates)
    const hasRoom = ({ load }: Candidate) => load < 10
    expect(joinAll(balancer, candidates, 40, hasRoom)).toEqual([10, 10, 10, 10])
    expect(balancer.choose(choiceOf(hasRoom))).toBeUndefined()
  })
}

/** Sessions that stay, each with a key of its own. @returns how many each has got. */
function joinAll(
  balancer: Balancer,
  candidates: readonly FakeCandidate[],
  sessions: number,
  isOpen?: Choice['isOpen'],
): number[] {
  const chosen = Array.from({ length: sessions }, (_, index) => {
    const candidate = balancer.choose(choiceOf(isOpen, `session-${index}`)) as
      FakeCandidate | undefined
    if (candidate !== undefined) candidate.load++
    return candidate
  })
  return countsOf(candidates, chosen)
}

const doing = fc.record({
  what: fc.constantFrom('join', 'join', 'leave', 'weight', 'open', 'close', 'load', 'latency'),
  which: fc.nat({ max: 100 }),
  amount: fc.integer({ min: 1, max: 1_000 }),
} as const)

type Doing = 'join' | 'leave' | 'weight' | 'open' | 'close' | 'load' | 'latency'

/** A pool, as far as its balancer can tell. */
class FakePool {
  candidates: FakeCandidate[] = []
  readonly #closed = new Set<Candidate>()
  #joined = 0

  get open(): FakeCandidate[] {
    return this.candidates.filter((candidate) => !this.#closed.has(candidate))
  }

  choice(key: string): Choice {
    return choiceOf((candidate) => !this.#closed.has(candidate), key)
  }

  /** @returns whether balancers have to be told. */
  do(what: Doing, which: number, amount: number): boolean {
    if (what === 'join') {
      const url = `ws://10.1.0.${this.#joined++}:9000`
      this.candidates.splice(
        which % (this.candidates.length + 1),
        0,
        new FakeCandidate(url, amount),
      )
      return true
    }
    const candidate = this.candidates[which % this.candidates.length]
    if (candidate === undefined) return false
    if (what === 'leave') this.candidates = this.candidates.filter((each) => each !== candidate)
    else if (what === 'weight') candidate.weight = amount
    else if (what === 'open') this.#closed.delete(candidate)
    else if (what === 'close') this.#closed.add(candidate)
    else if (what === 'load') candidate.load = amount
    else candidate.latencyMs = amount % 5 === 0 ? undefined : amount
    return what === 'leave' || what === 'weight'
  }
}
