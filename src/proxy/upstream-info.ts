/**
 * An upstream as people and programs are shown it: its endpoints, how each is, since when and why.
 */
import { systemClock } from '../core/clock.ts'
import type { EndpointSource, EndpointState } from '../core/events.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Pool } from '../upstream/pool.ts'
import type { Departure } from './departures.ts'
import type { Transition } from '../upstream/standing.ts'

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
  /** How far its sessions are moved to others; undefined: they are not being moved. */
  readonly leaving: Departure | undefined
}

/** With what it has come to lately, the oldest first. */
export interface EndpointStory extends EndpointInfo {
  readonly history: readonly Transition[]
}

export interface UpstreamInfo<Shown = EndpointInfo> {
  readonly name: string
  readonly balancer: string
  /** Handshakes that wait for an endpoint with room. */
  readonly waiting: number
  readonly endpoints: readonly Shown[]
  /** Sessions of endpoints that were removed under them, by URL. */
  readonly leaving: Readonly<Record<string, number>>
}

export function describeUpstream<Shown>(
  { name, options, waiting, endpoints, leaving }: Pool,
  describe: (endpoint: Endpoint) => Shown,
): UpstreamInfo<Shown> {
  return {
    name,
    balancer: options.balancer.type,
    waiting,
    endpoints: Array.from(endpoints, describe),
    leaving: Object.fromEntries(leaving),
  }
}

export function describeEndpoint(endpoint: Endpoint, leaving: Departure | undefined): EndpointInfo {
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
    leaving,
  }
}

export function tellStory(endpoint: Endpoint, leaving: Departure | undefined): EndpointStory {
  return { ...describeEndpoint(endpoint, leaving), history: endpoint.standing.history }
}

/** To what a reader can use. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}
