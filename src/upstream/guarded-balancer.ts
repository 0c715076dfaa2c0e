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

  /** @returns what may be done with it: a choice, or undefined where there is none. */
  function accepted(chosen: Candidate | undefined, choice: Choice): Candidate | undefined {
    if (chosen !== undefined && candidates.has(chosen) && choice.isOpen(chosen)) return chosen
    const other = instead.choose(choice)
    if (chosen !== undefined)
      tell(new Error('A balancer has chosen what is not open, or not there'))
    else if (other !== undefined)
      tell(new Error('A balancer has chosen nobody, though one is open'))
    return other
  }

  const guarded: Balancer = {
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
        return accepted(balancer.choose(choice), choice)
      } catch (error) {
        tell(error)
        return instead.choose(choice)
      }
    },
  }
  if (balancer.place === undefined) return guarded
  return {
    ...guarded,
    place(choice) {
      try {
        const place = balancer.place?.(choice)
        if (place === undefined || (candidates.has(place) && choice.isOpen(place))) return place
        tell(new Error('A balancer has a place that is not open, or not there'))
      } catch (error) {
        tell(error)
      }
      return undefined
    },
  }
}
