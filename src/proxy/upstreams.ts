/**
 * The upstreams and splits of a running gateway, as administrators see and change them.
 *
 * Invariant: what is changed here lasts until the process ends, and touches a session that is open only where
 * its failover lets it go on elsewhere.
 */
import type { EndpointConfig } from '../config/config.ts'
import { nearest } from '../config/nearest.ts'
import { meant } from '../config/reading.ts'
import type { Emit, EndpointSource } from '../core/events.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Pool } from '../upstream/pool.ts'
import type { Movers } from './mover/movers.ts'
import type { Plan } from './plan.ts'
import type { Route } from './route.ts'
import type { Session } from './session.ts'
import {
  describeEndpoint,
  describeUpstream,
  tellStory,
  type DepartureOf,
  type EndpointInfo,
  type EndpointStory,
  type UpstreamInfo,
} from './upstream-info.ts'

export type EndpointChange =
  | { readonly kind: 'add'; readonly options: EndpointConfig }
  | { readonly kind: 'remove' | 'drain' | 'undrain'; readonly url: string }
  | { readonly kind: 'weigh'; readonly url: string; readonly weight: number }

export interface Shares {
  readonly route: string
  /** By the names of upstreams. */
  readonly shares: Readonly<Record<string, number>>
}

/** Why nothing was changed: what was named is not there, or cannot be had with what is. */
export interface Objection {
  readonly isUnknown: boolean
  /** A sentence without full stop. */
  readonly objection: string
}

interface OpenSessions {
  all(): Iterable<Pick<Session, 'pool' | 'isBetween'>>
}

export class Upstreams {
  readonly #planNow: () => Plan
  readonly #sessions: OpenSessions
  readonly #movers: Pick<Movers, 'get'>
  readonly #emit: Emit

  constructor(
    planNow: () => Plan,
    sessions: OpenSessions,
    movers: Pick<Movers, 'get'>,
    emit: Emit,
  ) {
    this.#planNow = planNow
    this.#sessions = sessions
    this.#movers = movers
    this.#emit = emit
  }

  get #plan(): Plan {
    return this.#planNow()
  }

  list(): UpstreamInfo[] {
    const between = this.#countBetween()
    return Array.from(this.#plan.pools.values(), (pool) =>
      describeUpstream(pool, describeEndpoint, this.#departureOf(pool), between.get(pool)),
    )
  }

  show(name: string): UpstreamInfo<EndpointStory> | Objection {
    const pool = this.#plan.pools.get(name)
    if (pool === undefined) return this.#noPool(name)
    const between = this.#countBetween().get(pool)
    return describeUpstream(pool, tellStory, this.#departureOf(pool), between)
  }

  endpoint(name: string, url: string): EndpointStory | Objection {
    const pool = this.#plan.pools.get(name)
    if (pool === undefined) return this.#noPool(name)
    const endpoint = pool.endpoint(url)
    return endpoint === undefined
      ? noEndpoint(pool, url)
      : tellStory(endpoint, this.#departureOf(pool))
  }

  /** @returns the endpoint as it is now, or was when it was removed. */
  change(name: string, change: EndpointChange): EndpointInfo | Objection {
    const pool = this.#plan.pools.get(name)
    if (pool === undefined) return this.#noPool(name)
    const changed = change.kind === 'add' ? pool.add(change.options) : changeKnown(pool, change)
    if (typeof changed === 'string') return { isUnknown: false, objection: changed }
    if ('objection' in changed) return changed
    return describeEndpoint(changed, this.#departureOf(pool))
  }

  split(name: string): Shares | Objection {
    const route = this.#route(name)
    return 'objection' in route ? route : { route: name, shares: route.shares }
  }

  /** @param shares at least one of which is not 0. */
  setSplit(name: string, shares: Readonly<Record<string, number>>): Shares | Objection {
    const route = this.#route(name)
    if ('objection' in route) return route
    const objection = shareObjection(route, shares)
    if (objection !== undefined) return { isUnknown: false, objection }
    route.setShares(shares)
    this.#emit({ type: 'split-changed', route: name, shares: route.shares })
    return { route: name, shares: route.shares }
  }

  #departureOf({ name }: Pool): DepartureOf {
    return (url) => this.#movers.get(name)?.departure(url)
  }

  /** Sessions without a server. */
  #countBetween(): ReadonlyMap<Pool, number> {
    const counts = new Map<Pool, number>()
    for (const { pool, isBetween } of this.#sessions.all())
      if (isBetween) counts.set(pool, (counts.get(pool) ?? 0) + 1)
    return counts
  }

  #route(name: string): Route | Objection {
    const { all } = this.#plan
    const route = all.find(({ config }) => config.name === name)
    if (route !== undefined) return route
    return unknown(
      'route',
      name,
      all.map(({ config }) => config.name),
    )
  }

  #noPool(name: string): Objection {
    return unknown('upstream', name, this.#plan.pools.keys())
  }
}

function unknown(kind: string, name: string, names: Iterable<string>): Objection {
  const near = nearest(name, names)
  const hint = near === undefined ? '' : `; ${meant(near)}`
  return { isUnknown: true, objection: `There is no ${kind} ${JSON.stringify(name)}${hint}` }
}

function noEndpoint({ name }: Pool, url: string): Objection {
  return { isUnknown: true, objection: `${name} has no endpoint ${url}` }
}

type ChangeOfKnown = Exclude<EndpointChange, { kind: 'add' }>

function changeKnown(pool: Pool, change: ChangeOfKnown): Endpoint | Objection | string {
  const endpoint = pool.endpoint(change.url)
  if (endpoint === undefined) return noEndpoint(pool, change.url)
  switch (change.kind) {
    case 'weigh':
      pool.setWeight(endpoint, change.weight)
      break
    case 'drain':
      endpoint.drain()
      break
    case 'undrain':
      endpoint.undrain()
      break
    case 'remove': {
      const finder = finders[endpoint.source]
      if (finder !== undefined)
        return `${change.url} is in ${finder} and would come back; drain it instead`
      pool.remove(endpoint)
    }
  }
  return endpoint
}

/** What would find an endpoint again that was removed. */
const finders: Partial<Record<EndpointSource, string>> = {
  dns: 'DNS',
  srv: 'DNS',
  'endpoints-file': 'the file of its upstream',
}

function shareObjection(
  { config, shares: known }: Route,
  shares: Readonly<Record<string, number>>,
): string | undefined {
  const names = Object.keys(known)
  if (names.length < 2)
    return `The route ${JSON.stringify(config.name)} is no split: it leads to ${names[0] ?? 'no upstream'}`
  const stranger = Object.keys(shares).find((name) => !Object.hasOwn(known, name))
  if (stranger === undefined && Object.keys(shares).length === names.length) return undefined
  const wrong = stranger === undefined ? '' : `, not to ${stranger}`
  return `The route ${JSON.stringify(config.name)} leads to ${names.join(', ')}${wrong}: give each of them its share`
}
