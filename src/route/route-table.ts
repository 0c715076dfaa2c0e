/**
 * Finds what a request is for, by listener, host and path. Knows nothing of what it leads to.
 *
 * The order is fixed, not that of the file: exact host, wildcard, none; exact path, parameters,
 * longest prefix. Two routes that tie are an error when the configuration is checked.
 */
import { hostName } from '../wire/host-name.ts'
import { PathPattern, pathSegments } from './path-pattern.ts'

export interface RouteConditions {
  /** Names of listeners; empty for all. */
  readonly listeners: readonly string[]
  /** Lower case, `*.` in front for any name below; empty for all. */
  readonly host: readonly string[]
  readonly path: string
}

export interface RouteMatch<T> {
  readonly value: T
  /** What the `:name` segments of the path are. */
  readonly parameters: Readonly<Record<string, string>>
}

interface Entry<T> {
  readonly listeners: readonly string[]
  /** '' for any host. */
  readonly host: string
  readonly pattern: PathPattern
  readonly rank: readonly number[]
  readonly value: T
}

export class RouteTable<T> {
  readonly #entries: Entry<T>[] = []

  constructor(routes: Iterable<readonly [RouteConditions, T]>) {
    for (const [conditions, value] of routes) {
      const pattern = new PathPattern(conditions.path)
      const hosts = conditions.host.length === 0 ? [''] : conditions.host
      for (const host of hosts) {
        const rank = [...hostRank(host), ...pattern.rank, conditions.listeners.length === 0 ? 1 : 0]
        this.#entries.push({ listeners: conditions.listeners, host, pattern, rank, value })
      }
    }
    this.#entries.sort((a, b) => compareRanks(a.rank, b.rank))
  }

  /**
   * @param host as in the request, port included.
   * @returns undefined where no route matches; 'unsafe' for a path that may mean another to the server.
   */
  match(listener: string, host: string, target: string): RouteMatch<T> | 'unsafe' | undefined {
    const segments = pathSegments(target)
    if (segments === undefined) return 'unsafe'
    const name = hostName(host)
    for (const entry of this.#entries) {
      if (entry.listeners.length > 0 && !entry.listeners.includes(listener)) continue
      if (!hostMatches(entry.host, name)) continue
      const parameters = entry.pattern.match(segments)
      if (parameters === 'unsafe') return parameters
      if (parameters !== undefined) return { value: entry.value, parameters }
    }
    return undefined
  }
}

function hostMatches(pattern: string, name: string): boolean {
  if (pattern === '') return true
  if (!pattern.startsWith('*.')) return pattern === name
  return name.endsWith(pattern.slice(1)) && name.length >= pattern.length
}

function hostRank(host: string): number[] {
  if (host === '') return [2, 0]
  return host.startsWith('*.') ? [1, -host.length] : [0, 0]
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
