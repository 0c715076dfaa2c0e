/**
 * The balancer behind those that choose the least of something: among equals it goes in turn, by weight,
 * so that no first in the list gets everything while there is nothing to compare.
 */
import type { Balancer, Candidate, Choice } from '../core/balancer.ts'
import { Turns } from './turns.ts'

/** What one more session would make of its load, for each unit of its weight. */
export function loadByWeight({ load, currentWeight }: Candidate): number {
  return (load + 1) / currentWeight
}

/** @param scoreOf asked once for each open candidate and choice; less than Infinity. */
export function least(scoreOf: (candidate: Candidate) => number): Balancer {
  const turns = new Turns<Candidate>()
  let candidates: readonly Candidate[] = []
  let scores = new Float64Array()

  /** @returns one of those whose score is as low. */
  function inTurn(score: number): Candidate | undefined {
    for (let index = 0; index < candidates.length; index++)
      turns.weights[index] = scores[index] === score ? (candidates[index]?.currentWeight ?? 0) : 0
    return turns.next()
  }

  return {
    update(next: readonly Candidate[]): void {
      candidates = next
      scores = new Float64Array(next.length)
      turns.update(next)
    },
    choose(choice: Choice): Candidate | undefined {
      let best: Candidate | undefined
      let leastScore = Infinity
      let isShared = false
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]
        if (candidate === undefined) break
        const score = choice.isOpen(candidate) ? scoreOf(candidate) : Infinity
        scores[index] = score
        if (score > leastScore || score === Infinity) continue
        isShared = score === leastScore
        best = candidate
        leastScore = score
      }
      return isShared ? inTurn(leastScore) : best
    },
  }
}
