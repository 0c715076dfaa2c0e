/**
 * The log: one line an event on standard output, as JSON for machines or aligned for people.
 *
 * Paths are logged without their query, which may hold tokens; payloads and headers never are.
 */
import type { Emit, GatewayEvent } from '../core/events.ts'
import { printable } from './printable.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'off'

export interface LogOptions {
  readonly level: LogLevel
  readonly format: 'json' | 'pretty'
  readonly write: (line: string) => void
  /** Which of several processes this is; told in every line. */
  readonly worker?: number | undefined
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'off']

/** What an event is to an operator; that of a change of an endpoint depends on what it has become. */
const usualLevels: Record<Exclude<GatewayEvent['type'], 'endpoint-changed'>, LogLevel> = {
  listening: 'info',
  'admin-listening': 'info',
  'certificate-loaded': 'info',
  'certificate-expiring': 'warn',
  'certificate-rejected': 'error',
  capacity: 'info',
  'session-opened': 'info',
  'session-closed': 'info',
  // A session's line like the two above. Where a server with ten thousand is lost, the writer has its bound.
  'session-moved': 'info',
  // It stays where it is, and is tried again: nobody is worse off.
  'move-failed': 'info',
  'handshake-rejected': 'info',
  'request-refused': 'info',
  'request-answered': 'debug',
  'endpoint-added': 'info',
  'endpoint-removed': 'info',
  'endpoint-weighted': 'info',
  'endpoint-leaving': 'info',
  // Their clients notice already, and in the end they are closed.
  'sessions-stranded': 'warn',
  'sessions-rescued': 'info',
  // Another endpoint was asked, or the request is told as refused.
  'attempt-failed': 'debug',
  'discovery-failed': 'warn',
  'discovery-recovered': 'info',
  'split-changed': 'info',
  'signal-ignored': 'warn',
  reloaded: 'info',
  'reload-refused': 'error',
  'upgrade-started': 'info',
  'upgrade-ready': 'info',
  'upgrade-failed': 'error',
  'took-over': 'info',
  'worker-ready': 'info',
  'worker-lost': 'error',
  'notify-failed': 'warn',
  mistake: 'error',
  leaving: 'info',
  left: 'info',
}

export function createLog(options: LogOptions): Emit {
  const least = levels.indexOf(options.level)
  const format = options.format === 'json' ? formatJson : formatPretty
  const clock = createClock()
  const { worker } = options
  return (event) => {
    const level = levelOf(event)
    if (levels.indexOf(level) < least) return
    const fields = fieldsOf(event)
    const told = worker === undefined ? fields : { worker, ...fields }
    options.write(`${format(clock(), level, event.type, told)}\n`)
  }
}

function levelOf(event: GatewayEvent): LogLevel {
  if (event.type !== 'endpoint-changed') return usualLevels[event.type]
  return event.state === 'unhealthy' || event.state === 'ejected' ? 'warn' : 'info'
}

type Fields = Readonly<Record<string, unknown>>

function formatJson(time: string, level: LogLevel, type: string, fields: Fields): string {
  // Put together from two halves: copying the fields into one object costs as much as writing them.
  const rest = JSON.stringify(fields)
  return `{"time":"${time}","level":"${level}","event":"${type}"${rest === '{}' ? '}' : `,${rest.slice(1)}`}`
}

function formatPretty(time: string, level: LogLevel, type: string, fields: Fields): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${printable(value)}`)
  const mark = level === 'info' ? '' : `${level.toUpperCase()} `
  return `${time.slice(11, 23)}  ${mark}${type.padEnd(16)} ${parts.join(' ')}`
}

/** The time as ISO 8601, made anew once a millisecond. */
function createClock(): () => string {
  let nowMs = 0
  let text = ''
  return () => {
    if (Date.now() !== nowMs) {
      nowMs = Date.now()
      text = new Date(nowMs).toISOString()
    }
    return text
  }
}

/** The fields of a line: flat, numbers rounded to what a reader can use. */
function fieldsOf(event: GatewayEvent): Fields {
  switch (event.type) {
    case 'session-opened':
      return {
        session: event.session,
        listener: event.listener,
        route: event.route,
        upstream: event.upstream,
        endpoint: event.endpoint,
        address: event.address,
        host: event.host,
        path: event.path,
        subprotocol: event.subprotocol,
        compression: event.compression,
        certificate: event.certificate,
        certificateNames: event.certificateNames,
        request: event.request,
        dialMs: round(event.dialMs),
        handshakeMs: round(event.handshakeMs),
      }
    case 'session-closed':
      return {
        session: event.session,
        route: event.route,
        endpoint: event.endpoint,
        address: event.address,
        durationMs: round(event.durationMs),
        closedBy: event.end.by,
        code: event.end.code,
        reason: event.end.reason,
        detail: event.end.detail,
        inboundMessages: event.inbound.messages,
        inboundBytes: event.inbound.bytes,
        outboundMessages: event.outbound.messages,
        outboundBytes: event.outbound.bytes,
      }
    case 'session-moved': {
      const { type: _, gapMs, ...fields } = event
      return { ...fields, gapMs: round(gapMs) }
    }
    case 'sessions-rescued':
      return { upstream: event.upstream, afterMs: round(event.afterMs) }
    case 'handshake-rejected':
    case 'request-answered': {
      const { type: _, dialMs, durationMs, ...fields } = event
      return {
        ...fields,
        dialMs: dialMs === undefined ? undefined : round(dialMs),
        durationMs: round(durationMs),
      }
    }
    case 'split-changed':
      return { route: event.route, shares: formatShares(event.shares) }
    case 'mistake':
      return { error: describe(event.error) }
    default: {
      const { type: _, ...fields } = event
      return fields
    }
  }
}

/** As `sluice split` takes them. */
function formatShares(shares: Readonly<Record<string, number>>): string {
  return Object.entries(shares)
    .map(([upstream, share]) => `${upstream}=${share}`)
    .join(' ')
}

function round(valueMs: number): number {
  return Math.round(valueMs * 10) / 10
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
