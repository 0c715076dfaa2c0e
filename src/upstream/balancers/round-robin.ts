/**
 * Everybody in turn, by weight. Who is not open is passed over: it neither owes turns afterwards nor has
 * saved any.
 */
import type { BalancerExtension, Candidate } from '../../core/balancer.ts'
import { Turns } from '../turns.ts'

export const roundRobin: BalancerExtension = {
  type: 'round-robin',
  doc: 'Each endpoint in turn, as often as its weight says.',
  options: {},
  create() {
    const turns = new Turns<Candidate>()
    let candidates: readonly Candidate[] = []
    return {
      update(next) {
        candidates = next
        turns.update(next)
      },
      choose(choice) {
        for (let index = 0; index < candidates.length; index++) {
          const candidate = candidates[index]
          const isIn = candidate !== undefined && choice.isOpen(candidate)
          turns.weights[index] = isIn ? candidate.currentWeight : 0
        }
        return turns.next()
      },
    }
  },
}
