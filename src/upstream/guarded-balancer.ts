/**
 * A balancer that may be a plugin's: what it throws, or chooses against the rules, costs nobody an answer. It
 * is told once, and the choice is made by turn.
 */
import type { Balancer, Candidate, Choice } from '../core/balancer.ts'
import { roundRobin } from './balancers/round-robin.ts'

export interface GuardedBalancerHost {
  readonly random: () => number
  /** Called once until the next update. */
  readonly onMistake: (error: unknown) => void
}

export function guardedBalancer(balancer: Balancer, host: GuardedBalancerHost): Balancer {
  const instead = roundRobin.create({}, { random: host.random })
  let candidates: ReadonlySet<Candidate> = new Set()
  let isTold = false

  function tell(error: unknown): void {
    if (!isTold) host.onMistake(error)
    isTold = true
  }

  function isAllowed(chosen: Candidate | undefined, choice: Choice): boolean {
    if (chosen === undefined) return true
    if (candidates.has(chosen) && choice.isOpen(chosen)) return true
    tell(new Error('A balancer has chosen what is not open, or not there'))
    return false
  }

  return {
    update(next) {
      candidates = new Set(next)
      isTold = false
      instead.update(next)
      try {
        balancer.update(next)
      } catch (error) {
        tell(error)
      }
    },
    choose(choice) {
      try {
        const chosen = balancer.choose(choice)
        if (isAllowed(chosen, choice)) return chosen
      } catch (error) {
        tell(error)
      }
      return instead.choose(choice)
    },
  }
}
