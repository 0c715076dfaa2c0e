/**
 * Which endpoints are chosen from, in which order: those in use, then backups, and as a last resort those
 * that are ejected, since a guess may be wrong and a refusal is certain.
 *
 * Each tier has a balancer of its own. They are told of changes when the next choice is made: a hundred
 * changes at once cost one update.
 */
import type { Balancer, Choice } from '../core/balancer.ts'
import type { RequestContext } from '../core/request-context.ts'
import { Endpoint } from './endpoint.ts'
import { Rendezvous } from './rendezvous.ts'

interface Tier {
  readonly holds: (endpoint: Endpoint) => boolean
  readonly balancer: Balancer
  /** For requests that are bound to a place by a value of theirs. */
  readonly rendezvous: Rendezvous<Endpoint>
  endpoints: readonly Endpoint[]
}

export interface Search {
  readonly request: RequestContext
  /** What a request sticks by; empty: nothing. */
  readonly key: string
  isOpen(endpoint: Endpoint): boolean
}

export class Tiers {
  readonly #healthy: readonly Tier[]
  readonly #ejected: Tier
  readonly #all: () => Iterable<Endpoint>
  #isStale = true

  /** @param all those of the upstream, in their order. */
  constructor(all: () => Iterable<Endpoint>, createBalancer: () => Balancer) {
    this.#all = all
    const tier = (holds: Tier['holds']): Tier => ({
      holds,
      balancer: createBalancer(),
      rendezvous: new Rendezvous(({ url }) => url),
      endpoints: [],
    })
    this.#healthy = [
      tier(({ standing, options }) => standing.state === 'healthy' && !options.isBackup),
      tier(({ standing, options }) => standing.state === 'healthy' && options.isBackup),
    ]
    this.#ejected = tier(({ standing }) => standing.state === 'ejected')
  }

  /** Something about the endpoints has changed. */
  invalidate(): void {
    this.#isStale = true
  }

  /** @returns undefined if none is open. */
  choose(search: Search): Endpoint | undefined {
    if (this.#isStale) this.#update()
    for (const tier of this.#healthy) {
      const chosen = chooseFrom(tier, search)
      if (chosen !== undefined) return chosen
    }
    return undefined
  }

  /** The last resort. */
  chooseEjected(search: Search): Endpoint | undefined {
    if (this.#isStale) this.#update()
    return chooseFrom(this.#ejected, search)
  }

  #update(): void {
    this.#isStale = false
    const weighted = [...this.#all()].filter(({ weight }) => weight > 0)
    for (const tier of [...this.#healthy, this.#ejected]) {
      tier.endpoints = weighted.filter(tier.holds)
      tier.balancer.update(tier.endpoints)
      tier.rendezvous.update(tier.endpoints)
    }
  }
}

function chooseFrom(
  { endpoints, balancer, rendezvous }: Tier,
  search: Search,
): Endpoint | undefined {
  if (endpoints.length === 0) return undefined
  if (search.key !== '') return rendezvous.choose(search.key, search)
  const choice: Choice = {
    request: search.request,
    isOpen: (candidate) => candidate instanceof Endpoint && search.isOpen(candidate),
  }
  const chosen = balancer.choose(choice)
  return chosen instanceof Endpoint ? chosen : undefined
}
