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
  readonly #tiers: readonly Tier[]
  #isStale = true

  constructor(createBalancer: () => Balancer) {
    const tier = (holds: Tier['holds']): Tier => ({
      holds,
      balancer: createBalancer(),
      rendezvous: new Rendezvous(({ url }) => url),
      endpoints: [],
    })
    this.#tiers = [
      tier(({ standing, options }) => standing.state === 'healthy' && !options.isBackup),
      tier(({ standing, options }) => standing.state === 'healthy' && options.isBackup),
      tier(({ standing }) => standing.state === 'ejected'),
    ]
  }

  /** Something about the endpoints has changed. */
  invalidate(): void {
    this.#isStale = true
  }

  /** @param all those of the upstream, in their order. @returns undefined if none is open. */
  choose(all: Iterable<Endpoint>, search: Search): Endpoint | undefined {
    if (this.#isStale) this.#update(all)
    const choice: Choice = {
      request: search.request,
      isOpen: (candidate) => candidate instanceof Endpoint && search.isOpen(candidate),
    }
    for (const { endpoints, balancer, rendezvous } of this.#tiers) {
      if (endpoints.length === 0) continue
      const { key } = search
      const chosen = key === '' ? balancer.choose(choice) : rendezvous.choose(key, search)
      if (chosen instanceof Endpoint) return chosen
    }
    return undefined
  }

  #update(all: Iterable<Endpoint>): void {
    this.#isStale = false
    const weighted = [...all].filter(({ weight }) => weight > 0)
    for (const tier of this.#tiers) {
      tier.endpoints = weighted.filter(tier.holds)
      tier.balancer.update(tier.endpoints)
      tier.rendezvous.update(tier.endpoints)
    }
  }
}
