/**
 * Which endpoint a request goes to. Of those in use first: by the balancer or the place of a value, among
 * those that can be dialled at once, else among those whose dials are many but get on. Then of the backups in
 * the same way. Then, where nobody is there who only lacks room for a session, of those that are ejected, since
 * a guess may be wrong and a refusal is certain. And last among those whose dials hang.
 *
 * Each tier has a balancer of its own. They are told of changes when the next choice is made: a hundred
 * changes at once cost one update.
 */
import type { Balancer } from '../core/balancer.ts'
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
  readonly isSession: boolean
  /** What a request sticks by; empty: nothing. */
  readonly key: string
  /** Those that have failed it. */
  readonly tried: readonly Endpoint[]
}

type Test = (endpoint: Endpoint) => boolean

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

  /** @returns undefined if none is fit, or all that are lack room. */
  choose(search: Search): Endpoint | undefined {
    if (this.#isStale) this.#update()
    const { isSession, tried } = search
    const isFree: Test = (endpoint) => !(isSession && endpoint.isFull) && !tried.includes(endpoint)
    const isReady: Test = (endpoint) => isFree(endpoint) && endpoint.dialer.hasRoom(isSession)
    const isBusy: Test = (endpoint) => isFree(endpoint) && !endpoint.dialer.isSuspect
    const guesses = !isSession || !this.isFull ? [this.#ejected] : []
    for (const tier of [...this.#healthy, ...guesses]) {
      const chosen = chooseFrom(tier, search, isReady) ?? chooseFrom(tier, search, isBusy)
      if (chosen !== undefined) return chosen
    }
    // Whoever comes here waits at a gate: that may open, a line would not be told of it.
    for (const tier of [...this.#healthy, ...guesses]) {
      const chosen = chooseFrom(tier, search, isFree)
      if (chosen !== undefined) return chosen
    }
    return undefined
  }

  /** Whether the balancer has a place for each request. */
  get hasPlaces(): boolean {
    return this.#healthy.some(({ balancer }) => balancer.place !== undefined)
  }

  /**
   * Where a session belongs, by its key or the balancer. How its dials get on is not asked: that passes.
   * @returns undefined if one is as good as another, or none has room.
   */
  place(request: RequestContext, key: string): Endpoint | undefined {
    if (this.#isStale) this.#update()
    const isOpen: Test = (endpoint) => !endpoint.isFull
    for (const { endpoints, rendezvous, balancer } of this.#healthy) {
      if (endpoints.length === 0) continue
      const place =
        key === ''
          ? balancer.place?.({
              request,
              isOpen: (each) => each instanceof Endpoint && isOpen(each),
            })
          : rendezvous.choose(key, { isOpen })
      if (place instanceof Endpoint) return place
    }
    return undefined
  }

  /** Whether one is healthy and only lacks room for a session: it will have some again. */
  get isFull(): boolean {
    if (this.#isStale) this.#update()
    return this.#healthy.some(({ endpoints }) => endpoints.some(({ isFull }) => isFull))
  }

  #update(): void {
    const weighted = [...this.#all()].filter(({ weight }) => weight > 0)
    for (const tier of [...this.#healthy, this.#ejected]) {
      tier.endpoints = weighted.filter(tier.holds)
      tier.balancer.update(tier.endpoints)
      tier.rendezvous.update(tier.endpoints)
    }
    this.#isStale = false
  }
}

function chooseFrom(tier: Tier, { request, key }: Search, isOpen: Test): Endpoint | undefined {
  if (tier.endpoints.length === 0) return undefined
  if (key !== '') return tier.rendezvous.choose(key, { isOpen })
  const chosen = tier.balancer.choose({
    request,
    isOpen: (candidate) => candidate instanceof Endpoint && isOpen(candidate),
  })
  return chosen instanceof Endpoint ? chosen : undefined
}
