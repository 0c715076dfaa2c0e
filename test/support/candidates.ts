// Endpoints as balancers see them, and requests for which one is chosen.

import type { Balancer, BalancerHost, Candidate, Choice } from '../../src/core/balancer.ts'
import { contextOf } from './request-context.ts'
import { Random } from './random.ts'

export class FakeCandidate implements Candidate {
  readonly url: string
  weight: number
  /** Of the weight, while it starts slowly. */
  share = 1
  load = 0
  latencyMs: number | undefined = undefined

  constructor(url: string, weight = 1) {
    this.url = url
    this.weight = weight
  }

  get currentWeight(): number {
    return this.weight * this.share
  }
}

/** One for each weight. */
export function candidatesOf(weights: readonly number[]): FakeCandidate[] {
  return weights.map((weight, index) => {
    const address = `10.0.${index >> 8}.${index & 255}`
    return new FakeCandidate(`ws://${address}:9000`, weight)
  })
}

export function equalCandidates(count: number): FakeCandidate[] {
  return candidatesOf(Array.from({ length: count }, () => 1))
}

/** A choice for a request with the key in its header `x-key`. */
export function choiceOf(isOpen: (candidate: Candidate) => boolean = () => true, key = ''): Choice {
  return { request: contextOf({ headers: { 'x-key': key } }), isOpen }
}

/** What was chosen for so many requests that leave nothing behind. */
export function chosenBy(balancer: Balancer, count: number, choice = choiceOf()) {
  return Array.from({ length: count }, () => balancer.choose(choice))
}

/** How often each is among the chosen. */
export function countsOf(
  candidates: readonly Candidate[],
  chosen: readonly (Candidate | undefined)[],
): number[] {
  const counts = new Map<Candidate | undefined, number>()
  for (const candidate of chosen) counts.set(candidate, (counts.get(candidate) ?? 0) + 1)
  return candidates.map((candidate) => counts.get(candidate) ?? 0)
}

/** Whose random numbers are the same in every run. */
export function seededHost(seed = 1): BalancerHost {
  const numbers = new Random(seed)
  return { random: () => numbers.below(2 ** 32) / 2 ** 32 }
}
