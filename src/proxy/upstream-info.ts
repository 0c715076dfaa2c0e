/**
 * An upstream as people and programs are shown it: its endpoints, how each is, since when and why.
 */
import { systemClock } from '../core/clock.ts'
import type { EndpointSource, EndpointState } from '../core/events.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Pool } from '../upstream/pool.ts'
import type { FailoverOptions } from '../upstream/pool-options.ts'
import type { Transition } from '../upstream/standing.ts'
import type { Departure } from './mover/departures.ts'

/** By an endpoint's URL; undefined where nobody moves its sessions. */
export type DepartureOf = (url: string) => Departure | undefined

export interface EndpointInfo {
  readonly url: string
  readonly state: EndpointState
  /** A sentence without full stop. */
  readonly reason: string
  /** ISO 8601. */
  readonly since: string
  /** How long it has been so. */
  readonly stateMs: number
  readonly weight: number
  /** Less than the weight while it starts slowly. */
  readonly currentWeight: number
  readonly isBackup: boolean
  /** Open, and handshakes that may become one. */
  readonly sessions: number
  /** How many sessions it may have; undefined: any number. */
  readonly limit: number | undefined
  /** Its sessions, and the requests under way. */
  readonly load: number
  /** The moving average of its dial and ping times; undefined while nothing is known. */
  readonly latencyMs: number | undefined
  readonly source: EndpointSource
  /** By an administrator, whatever state it is in beside that. */
  readonly isToldToDrain: boolean
  /** While its sessions are moved off it. */
  readonly leaving: Departure | undefined
}

/** With what it has come to lately, the oldest first. */
export interface EndpointStory extends EndpointInfo {
  readonly history: readonly Transition[]
}

export interface UpstreamInfo<Shown = EndpointInfo> {
  readonly name: string
  readonly balancer: string
  /** `notify` and `transparent`: its sessions can be moved. */
  readonly failover: FailoverOptions['mode']
  /** Handshakes that wait for an endpoint with room. */
  readonly waiting: number
  /** Open sessions that are without a server: on their way from one that was lost to another. */
  readonly sessionsBetween: number
  readonly endpoints: readonly Shown[]
  /** Sessions of endpoints that were removed under them, by URL. */
  readonly leaving: Readonly<Record<string, number>>
  /** How far those that can be moved have been, by the same URLs. */
  readonly moving: Readonly<Record<string, Departure>>
}

export function describeUpstream<Shown>(
  { name, options, waiting, endpoints, leaving }: Pool,
  describe: (endpoint: Endpoint, departureOf: DepartureOf) => Shown,
  departureOf: DepartureOf = nobody,
  sessionsBetween = 0,
): UpstreamInfo<Shown> {
  return {
    name,
    balancer: options.balancer.type,
    failover: options.failover.mode,
    waiting,
    sessionsBetween,
    endpoints: Array.from(endpoints, (endpoint) => describe(endpoint, departureOf)),
    leaving: Object.fromEntries(leaving),
    moving: Object.fromEntries(
      Array.from(leaving.keys(), (url) => [url, departureOf(url)] as const).filter(isKnown),
    ),
  }
}

/** Where nothing moves sessions. */
function nobody(): undefined {
  return undefined
}

function isKnown(entry: readonly [string, Departure | undefined]): entry is [string, Departure] {
  return entry[1] !== undefined
}

export function describeEndpoint(
  endpoint: Endpoint,
  departureOf: DepartureOf = nobody,
): EndpointInfo {
  const { url, standing, weight, options, sessions, load, source } = endpoint
  const { state, reason, sinceMs } = standing
  const stateMs = systemClock.now() - sinceMs
  const { averageLatencyMs: latencyMs } = endpoint
  return {
    url,
    state,
    reason,
    since: new Date(systemClock.wallTime() - stateMs).toISOString(),
    stateMs: Math.round(stateMs),
    weight,
    currentWeight: round(endpoint.weightAt(systemClock.now())),
    isBackup: options.isBackup,
    sessions,
    limit: options.sessions,
    load,
    latencyMs: latencyMs === undefined ? undefined : round(latencyMs),
    source,
    isToldToDrain: endpoint.isToldToDrain,
    leaving: departureOf(url),
  }
}

export function tellStory(endpoint: Endpoint, departureOf?: DepartureOf): EndpointStory {
  return { ...describeEndpoint(endpoint, departureOf), history: endpoint.standing.history }
}

/** To what a reader can use. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}
