/**
 * The log: one line an event on standard output, as JSON for machines or aligned for people.
 *
 * Paths are logged without their query, which may hold tokens; payloads and headers never are.
 */
import type { Emit, GatewayEvent } from '../core/events.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'off'

export interface LogOptions {
  readonly level: LogLevel
  readonly format: 'json' | 'pretty'
  readonly write: (line: string) => void
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'off']

/** What an event is to an operator. */
const levelOf: Record<GatewayEvent['type'], LogLevel> = {
  listening: 'info',
  capacity: 'info',
  'session-opened': 'info',
  'session-closed': 'info',
  'request-refused': 'info',
  'request-answered': 'debug',
  mistake: 'error',
  leaving: 'info',
  left: 'info',
}

export function createLog(options: LogOptions): Emit {
  const least = levels.indexOf(options.level)
  const format = options.format === 'json' ? formatJson : formatPretty
  return (event) => {
    const level = levelOf[event.type]
    if (levels.indexOf(level) >= least) options.write(`${format(level, event, new Date())}\n`)
  }
}

function formatJson(level: LogLevel, event: GatewayEvent, time: Date): string {
  const { type, ...rest } = fieldsOf(event)
  return JSON.stringify({ time: time.toISOString(), level, event: type, ...rest })
}

function formatPretty(level: LogLevel, event: GatewayEvent, time: Date): string {
  const { type, ...rest } = fieldsOf(event)
  const fields = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${quoteIfNeeded(value)}`)
  const mark = level === 'info' ? '' : `${level.toUpperCase()} `
  return `${time.toISOString().slice(11, 23)}  ${mark}${String(type).padEnd(16)} ${fields.join(' ')}`
}

/** The fields of a line: flat, numbers rounded to what a reader can use. */
function fieldsOf(event: GatewayEvent): Record<string, unknown> {
  switch (event.type) {
    case 'session-opened':
      return { ...event, handshakeMs: round(event.handshakeMs) }
    case 'session-closed': {
      const { end, inbound, outbound, durationMs, ...rest } = event
      return {
        ...rest,
        durationMs: round(durationMs),
        closedBy: end.by,
        code: end.code,
        reason: end.reason,
        detail: end.detail,
        inboundMessages: inbound.messages,
        inboundBytes: inbound.bytes,
        outboundMessages: outbound.messages,
        outboundBytes: outbound.bytes,
      }
    }
    case 'request-answered':
      return { ...event, durationMs: round(event.durationMs) }
    case 'mistake':
      return { type: event.type, error: describe(event.error) }
    default:
      return { ...event }
  }
}

function round(valueMs: number): number {
  return Math.round(valueMs * 10) / 10
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function quoteIfNeeded(value: unknown): string {
  const text = String(value)
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)
}
