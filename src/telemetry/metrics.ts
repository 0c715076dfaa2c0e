/**
 * The metrics of a gateway: counted from its events, and read off it at the moment of a scrape.
 *
 * A message costs nothing here. Those of closed sessions come with the event of their end; those of
 * open ones are added when somebody asks, so both together never go back.
 */
import { errorRow, errorTable, type ErrorCode } from '../core/errors.ts'
import type { Emit, GatewayEvent, SessionEnd, Traffic } from '../core/events.ts'
import { descriptors } from '../net/descriptors.ts'
import { exposeCompression } from './compression-metrics.ts'
import { EndpointMetrics } from './endpoint-metrics.ts'
import { Exposition } from './exposition.ts'
import { MoveMetrics } from './move-metrics.ts'
import { OperationsMetrics } from './operations-metrics.ts'
import { exposeProcess } from './process-metrics.ts'
import type { FlowReading, GatewayReading, RouteReading } from './reading.ts'
import { Histogram, Series, waitSeconds } from './series.ts'
import { version } from './version.ts'

export interface Metrics {
  /** Counts an event. */
  readonly emit: Emit
  /** Everything in the text format of Prometheus. */
  expose(reading: GatewayReading): string
}

/** From a page that is closed at once to a device that stays for days. */
const staySeconds = [1, 10, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 604_800]

/** @param isWorker what is of the gateway as a whole is told by its supervisor. */
export function createMetrics({ isWorker = false } = {}): Metrics {
  const counts = createCounts()
  const endpoints = new EndpointMetrics()
  const moves = new MoveMetrics()
  const operations = isWorker ? undefined : new OperationsMetrics()
  return {
    emit(event) {
      count(event, counts)
      endpoints.count(event)
      moves.count(event)
      operations?.count(event)
    },
    expose(reading) {
      const exposition = new Exposition()
      exposeSessions(exposition, counts, reading)
      exposeRequests(exposition, counts)
      exposeGateway(exposition, counts, reading)
      endpoints.expose(exposition, reading)
      moves.expose(exposition, reading)
      operations?.expose(exposition)
      exposeCompression(exposition, reading.compression)
      exposeProcess(exposition)
      return exposition.toString()
    },
  }
}

type Counts = ReturnType<typeof createCounts>

function createCounts() {
  return {
    opened: new Series(),
    closed: new Series(),
    /** Of sessions that are closed. */
    messages: new Series(),
    bytes: new Series(),
    handshakes: new Series(),
    requests: new Series(),
    refused: new Series(),
    handshakeSeconds: new Histogram(waitSeconds),
    sessionSeconds: new Histogram(staySeconds),
    /** When certificates end, by their files. */
    expiry: new Series(),
    mistakes: 0,
  }
}

function count(event: GatewayEvent, counts: Counts): void {
  switch (event.type) {
    case 'session-opened': {
      const { route } = event
      counts.opened.add({ route })
      counts.handshakes.add({ route, result: 'opened' })
      counts.handshakeSeconds.observe({ route }, event.handshakeMs / 1000)
      return
    }
    case 'session-closed': {
      const { route, end } = event
      const { by, reason } = end
      counts.closed.add({ route, by, code: closeCodeLabel(end.code, by), reason })
      counts.sessionSeconds.observe({ route }, event.durationMs / 1000)
      return addTraffic(event, counts)
    }
    case 'handshake-rejected': {
      const { route = '' } = event
      counts.handshakes.add({ route, result: 'rejected', reason: statusClass(event.status) })
      return
    }
    case 'request-answered':
      counts.requests.add({ route: event.route ?? '', status: statusClass(event.status) })
      return
    case 'request-refused': {
      const { listener, route = '', code } = event
      counts.refused.add({ listener, route, code })
      if (event.isHandshake) counts.handshakes.add({ route, result: 'refused', reason: code })
      return
    }
    case 'certificate-loaded':
      return counts.expiry.set({ file: event.file }, Date.parse(event.expiresAt) / 1000)
    case 'mistake':
      counts.mistakes++
      return
    default:
  }
}

function addTraffic(
  { route, inbound, outbound }: { route: string; inbound: Traffic; outbound: Traffic },
  { messages, bytes }: Pick<Counts, 'messages' | 'bytes'>,
): void {
  messages.add({ route, direction: 'inbound' }, inbound.messages)
  messages.add({ route, direction: 'outbound' }, outbound.messages)
  bytes.add({ route, direction: 'inbound' }, inbound.bytes)
  bytes.add({ route, direction: 'outbound' }, outbound.bytes)
}

const ownCodes = new Set(
  Object.keys(errorTable).map((code) => errorRow(code as ErrorCode).closeCode),
)

/** A registered code, or one from the table of errors, by its number; those of applications, of which there are 2,000, by their range. */
function closeCodeLabel(code: number, by: SessionEnd['by']): string {
  const isOwn = by === 'gateway' && ownCodes.has(code)
  return code < 3000 || isOwn ? String(code) : `${Math.floor(code / 1000)}xxx`
}

function statusClass(status: number): string {
  return `${Math.floor(status / 100)}xx`
}

function exposeSessions(exposition: Exposition, counts: Counts, { routes }: GatewayReading): void {
  const traffic = { messages: new Series(counts.messages), bytes: new Series(counts.bytes) }
  for (const each of routes) {
    addTraffic(each, traffic)
    // A counter that is there from the start: else its first increase is not seen as one.
    counts.opened.add({ route: each.route }, 0)
    counts.handshakes.add({ route: each.route, result: 'opened' }, 0)
  }
  exposition.gauge(
    'sluice_sessions',
    'Open sessions.',
    byRoute(routes, ({ sessions }) => sessions),
  )
  exposition.counter('sluice_sessions_total', 'Sessions opened.', counts.opened)
  exposition.counter(
    'sluice_session_closes_total',
    'Sessions closed, by the side whose doing it was, the close code and why.',
    counts.closed,
  )
  exposition.histogram(
    'sluice_session_duration_seconds',
    'How long sessions that are closed were open.',
    counts.sessionSeconds,
  )
  exposition.counter(
    'sluice_messages_total',
    'Messages passed on whole: inbound to the upstream, outbound to the client.',
    traffic.messages,
  )
  exposition.counter(
    'sluice_bytes_total',
    'Bytes of WebSocket frames passed on, headers included.',
    traffic.bytes,
  )
  exposition.gauge(
    'sluice_pending_bytes',
    'Bytes held for receivers that are slower than their senders.',
    byDirection(routes, ({ pendingBytes }) => pendingBytes),
  )
}

function exposeRequests(exposition: Exposition, counts: Counts): void {
  exposition.counter(
    'sluice_handshakes_total',
    'WebSocket handshakes: opened, rejected by the upstream (reason: status class) or refused (reason: code).',
    counts.handshakes,
  )
  exposition.histogram(
    'sluice_handshake_duration_seconds',
    'From the head of a request to the 101 that opens a session.',
    counts.handshakeSeconds,
  )
  exposition.counter(
    'sluice_requests_total',
    'Requests without upgrade that were answered, by status class.',
    counts.requests,
  )
  exposition.counter(
    'sluice_refused_total',
    'Requests and connections that the gateway refused itself, by code.',
    counts.refused,
  )
}

function exposeGateway(exposition: Exposition, counts: Counts, reading: GatewayReading): void {
  const connections = new Series()
  for (const each of reading.listeners) {
    connections.add({ listener: each.listener }, each.connections)
  }
  exposition.gauge('sluice_connections', 'Open client connections.', connections)
  exposition.gauge(
    'sluice_handshakes_pending',
    'WebSocket handshakes under way.',
    byRoute(reading.routes, ({ handshakes }) => handshakes),
  )
  exposition.gauge(
    'sluice_sockets',
    'Open sockets of clients and upstreams, and dials under way.',
    descriptors.sockets,
  )
  exposition.gauge(
    'sluice_sockets_max',
    'Sockets that may be open under the descriptor limit.',
    descriptors.capacity,
  )
  exposition.gauge(
    'sluice_certificate_expiry_timestamp_seconds',
    'When a certificate that is shown to clients or endpoints ends, by its file.',
    counts.expiry,
  )
  exposition.counter(
    'sluice_mistakes_total',
    'Faults of the gateway itself; please report them.',
    counts.mistakes,
  )
  const build = new Series()
  build.add({ version, bun: Bun.version })
  exposition.gauge('sluice_build_info', 'What is running.', build)
}

function byRoute(routes: readonly RouteReading[], pick: (row: RouteReading) => number): Series {
  const series = new Series()
  for (const row of routes) series.add({ route: row.route }, pick(row))
  return series
}

function byDirection(routes: readonly RouteReading[], pick: (flow: FlowReading) => number): Series {
  const series = new Series()
  for (const { route, inbound, outbound } of routes) {
    series.add({ route, direction: 'inbound' }, pick(inbound))
    series.add({ route, direction: 'outbound' }, pick(outbound))
  }
  return series
}
