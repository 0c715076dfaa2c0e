/**
 * The same value goes to the same endpoint, on every gateway: `{ hash: $request.path.room }`. Places are told by
 * `rendezvous.ts`, by `weight`: keys must not wander while an endpoint starts slowly.
 *
 * With `bound` no endpoint gets more than so much of the average load, and what is too much goes to the next place of
 * its key (Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads"). The load is what this gateway
 * knows, so that gateways may then differ.
 */
import type { BalancerExtension, Candidate, Choice } from '../../core/balancer.ts'
import type { Expression } from '../../core/extension.ts'
import { Rendezvous, type Openness } from '../rendezvous.ts'
import { roundRobin } from './round-robin.ts'

export const hash: BalancerExtension = {
  type: 'hash',
  doc: 'The same endpoint for the same value of an expression, on every gateway; where it is empty, each in turn.',
  options: {
    by: { kind: 'expression', doc: 'What decides, such as `$request.path.room`.' },
    bound: {
      kind: 'percent',
      min: '101%',
      max: '1000%',
      isOptional: true,
      doc: 'The most that an endpoint may have of the average load, `125%`; what is too much goes to others.',
    },
  },
  short: 'by',
  create(options, host) {
    const by = options.by as Expression
    const bound = options.bound as number | undefined
    const places = new Rendezvous<Candidate>(({ url }) => url)
    const room = bound === undefined ? undefined : new Room(bound)
    const turns = roundRobin.create({}, host)
    let candidates: readonly Candidate[] = []

    function placeOf(key: string, choice: Choice): Candidate | undefined {
      room?.measure(candidates, choice)
      return places.choose(key, room ?? choice)
    }

    return {
      update(next) {
        candidates = next
        places.update(next)
        turns.update(next)
      },
      choose(choice) {
        const key = by.render(choice.request)
        return key === '' ? turns.choose(choice) : placeOf(key, choice)
      },
      place(choice) {
        const key = by.render(choice.request)
        return key === '' ? undefined : placeOf(key, choice)
      },
    }
  },
}

/** Who is below the bound. Of those that are open one always is, since not all can be above their average. */
class Room implements Openness<Candidate> {
  readonly #bound: number
  /** The most load for each unit of weight. */
  #most = 0
  #choice: Choice | undefined

  constructor(bound: number) {
    this.#bound = bound
  }

  /** To be called before each choice. */
  measure(candidates: readonly Candidate[], choice: Choice): void {
    let load = 1 // the one that is chosen for
    let weight = 0
    for (let index = 0; index < candidates.length; index++) {
      const candidate = candidates[index]
      if (candidate === undefined || !choice.isOpen(candidate)) continue
      load += candidate.load
      weight += candidate.weight
    }
    this.#most = (this.#bound * load) / weight
    this.#choice = choice
  }

  isOpen(candidate: Candidate): boolean {
    const isBelow = candidate.load < Math.ceil(this.#most * candidate.weight)
    return isBelow && this.#choice?.isOpen(candidate) === true
  }
}
