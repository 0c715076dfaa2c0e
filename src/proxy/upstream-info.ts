/**
 * An upstream as people and programs are shown it: its endpoints, how each is, since when and why.
 */
import type { EndpointSource, EndpointState } from '../core/events.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Pool } from '../upstream/pool.ts'

/** How an endpoint has become what it is, or was. */
export interface EndpointTurn {
  readonly state: EndpointState
  /** ISO 8601. */
  readonly since: string
  /** A sentence without full stop. */
  readonly reason: string
}

export interface EndpointInfo extends EndpointTurn {
  readonly url: string
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
}

/** With what it was before, the latest last. */
export interface EndpointStory extends EndpointInfo {
  readonly history: readonly EndpointTurn[]
}

export interface UpstreamInfo<Shown = EndpointInfo> {
  readonly name: string
  readonly balancer: string
  /** Handshakes that wait for an endpoint with room. */
  readonly waiting: number
  readonly endpoints: readonly Shown[]
}

export function describeUpstream<Shown>(
  { name, options, waiting, endpoints }: Pool,
  describe: (endpoint: Endpoint) => Shown,
): UpstreamInfo<Shown> {
  return {
    name,
    balancer: options.balancer.type,
    waiting,
    endpoints: Array.from(endpoints, describe),
  }
}

export function describeEndpoint(endpoint: Endpoint): EndpointInfo {
  const { url, weight, currentWeight, options, sessions, load, latencyMs, source } = endpoint
  return {
    url,
    ...describeTurn(endpoint.standing),
    weight,
    currentWeight: round(currentWeight),
    isBackup: options.isBackup,
    sessions,
    limit: options.sessions,
    load,
    latencyMs: latencyMs === undefined ? undefined : round(latencyMs),
    source,
  }
}

export function tellStory(endpoint: Endpoint): EndpointStory {
  return {
    ...describeEndpoint(endpoint),
    history: endpoint.standing.history.map(describeTurn),
  }
}

function describeTurn({
  state,
  since,
  reason,
}: Endpoint['standing']['history'][number]): EndpointTurn {
  return { state, since: new Date(since).toISOString(), reason }
}

/** To what a reader can use. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}
