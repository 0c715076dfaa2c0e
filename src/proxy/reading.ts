/**
 * What the open sessions carry at this moment, added up by route and endpoint.
 *
 * This is how messages are counted while their sessions are open: nothing is added up when a message
 * passes; whoever wants to know walks over the sessions and reads what their scanners have counted.
 */
import type {
  EndpointReading,
  FlowReading,
  RouteReading,
  UpstreamReading,
} from '../telemetry/reading.ts'
import type { Pool } from '../upstream/pool.ts'
import type { Route } from './route.ts'
import type { Session } from './session.ts'

type Mutable<Reading> = { -readonly [Key in keyof Reading]: Reading[Key] }

interface OpenRoute extends Mutable<RouteReading> {
  readonly inbound: Mutable<FlowReading>
  readonly outbound: Mutable<FlowReading>
}

type OpenEndpoint = Mutable<EndpointReading>
type OpenUpstream = Mutable<UpstreamReading>
/** Upstream → endpoint → its row. */
type Endpoints = Map<string, Map<string, OpenEndpoint>>

export interface SessionReading {
  /** Every route of the configuration, also those without sessions. */
  readonly routes: readonly RouteReading[]
  readonly upstreams: readonly UpstreamReading[]
  /** Every endpoint that there is, and those that were removed under their sessions. */
  readonly endpoints: readonly EndpointReading[]
}

export function readSessions(
  sessions: Iterable<Session>,
  routes: readonly Route[],
  pools: readonly Pool[],
): SessionReading {
  const byName = new Map<string, OpenRoute>()
  const byRoute = new Map(routes.map((route) => [route, open(route, byName)]))
  const endpoints = readEndpoints(pools)
  const upstreams = new Map(pools.map((pool) => [pool.name, openUpstream(pool)]))
  for (const session of sessions) {
    // One whose route or endpoint is not configured any more still counts.
    const route = byRoute.get(session.route) ?? open(session.route, byName)
    byRoute.set(session.route, route)
    count(session, route)
    const { upstream, endpoint } = session.facts
    const ofUpstream = upstreams.get(upstream)
    if (!session.isBetween) endpointAt(upstream, endpoint, endpoints).sessions++
    else if (ofUpstream !== undefined) ofUpstream.sessionsBetween++
  }
  const rows = [...endpoints.values()].flatMap((each) => [...each.values()])
  return { routes: [...byName.values()], upstreams: [...upstreams.values()], endpoints: rows }
}

function openUpstream({ name, waiting, retries }: Pool): OpenUpstream {
  return { upstream: name, waiting, retries, sessionsBetween: 0 }
}

/** Without their sessions, which are counted as they are met. */
function readEndpoints(pools: readonly Pool[]): Endpoints {
  const all: Endpoints = new Map()
  for (const { name, endpoints } of pools)
    for (const { url, weight, averageLatencyMs, standing } of endpoints) {
      const row = endpointAt(name, url, all)
      row.weight = weight
      row.latencyMs = averageLatencyMs
      row.state = standing.state
    }
  return all
}

function open({ config, sessions }: Route, byName: Map<string, OpenRoute>): OpenRoute {
  const row = byName.get(config.name) ?? {
    route: config.name,
    sessions: 0,
    handshakes: 0,
    inbound: { messages: 0, bytes: 0, pendingBytes: 0 },
    outbound: { messages: 0, bytes: 0, pendingBytes: 0 },
  }
  byName.set(config.name, row)
  // A route counts a session from its handshake on.
  row.handshakes += sessions.total
  return row
}

function endpointAt(upstream: string, endpoint: string, endpoints: Endpoints): OpenEndpoint {
  const ofUpstream = endpoints.get(upstream) ?? new Map<string, OpenEndpoint>()
  endpoints.set(upstream, ofUpstream)
  const row = ofUpstream.get(endpoint) ?? newRow(upstream, endpoint)
  ofUpstream.set(endpoint, row)
  return row
}

/** `removed` until it is met in its pool. */
function newRow(upstream: string, endpoint: string): OpenEndpoint {
  return { upstream, endpoint, state: 'removed', weight: 0, latencyMs: undefined, sessions: 0 }
}

function count(session: Session, row: OpenRoute): void {
  row.sessions++
  row.handshakes--
  const { inbound, outbound } = session
  row.inbound.messages += inbound.messages
  row.inbound.bytes += inbound.bytes
  row.inbound.pendingBytes += session.inboundPendingBytes
  row.outbound.messages += outbound.messages
  row.outbound.bytes += outbound.bytes
  row.outbound.pendingBytes += session.outboundPendingBytes
}
