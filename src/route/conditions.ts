/**
 * What a route asks of a request beside host and path: its listener, headers, query, subprotocols. All
 * of it must hold.
 */
import type { Question } from './question.ts'

export interface RouteConditions {
  /** Names of listeners; empty for all. */
  readonly listeners: readonly string[]
  /** Lower case, `*.` in front for any name below; empty for all. */
  readonly host: readonly string[]
  readonly path: string
  readonly match: {
    /** Lower-case name → values of which a line of that name must have one, whole; empty: any. */
    readonly header: Readonly<Record<string, readonly string[]>>
    /** Decoded name → decoded values of which it must have one; empty: any. */
    readonly query: Readonly<Record<string, readonly string[]>>
    /** Name → values of which a cookie of that name must have one; empty: any. */
    readonly cookie: Readonly<Record<string, readonly string[]>>
    /** One of which the client must offer. */
    readonly subprotocol: readonly string[]
  }
}

/** What does not fit, by its key in the configuration. */
export interface Misfit {
  readonly key: 'listeners' | 'host' | 'path' | 'header' | 'query' | 'cookie' | 'subprotocol'
  /** The name of the header, query parameter or cookie. */
  readonly name?: string
}

/** How many there are: a route with more is tried before one with fewer. */
export function conditionCount({ listeners, match }: RouteConditions): number {
  return (
    Math.min(1, listeners.length) +
    Object.keys(match.header).length +
    Object.keys(match.query).length +
    Object.keys(match.cookie).length +
    Math.min(1, match.subprotocol.length)
  )
}

/** @returns the first condition that does not hold; host and path are not looked at. */
export function misfitOf(
  { listeners, match }: RouteConditions,
  question: Question,
): Misfit | undefined {
  if (listeners.length > 0 && !listeners.includes(question.listener)) return { key: 'listeners' }
  const { header, query, cookie, subprotocol } = match
  for (const name in header) {
    if (!holds(header[name] ?? [], question.headerValues(name))) return { key: 'header', name }
  }
  for (const name in query) {
    if (!holds(query[name] ?? [], question.queryValues(name))) return { key: 'query', name }
  }
  for (const name in cookie) {
    if (!holds(cookie[name] ?? [], question.cookieValues(name))) return { key: 'cookie', name }
  }
  if (subprotocol.length === 0) return undefined
  const isOffered = subprotocol.some((each) => question.subprotocols.includes(each))
  return isOffered ? undefined : { key: 'subprotocol' }
}

/** Whether there is a value, and one of those that are wanted if some are. */
function holds(wanted: readonly string[], values: readonly string[]): boolean {
  if (wanted.length === 0) return values.length > 0
  return values.some((value) => wanted.includes(value))
}
