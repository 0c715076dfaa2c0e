/**
 * Finds what a request is for, by listener, host, path and further conditions. Knows nothing of what it
 * leads to.
 *
 * The order is fixed: exact host, wildcard, none; exact path, parameters, longest prefix; the number of
 * further conditions. Only of two routes that tie in all of these the first in the file goes first.
 */
import type { RequestHead } from '../wire/http-request.ts'
import { conditionCount, misfitOf, type RouteConditions, type Misfit } from './conditions.ts'
import { PathPattern, pathSegments, type PathMatch } from './path-pattern.ts'
import { otherReadings } from './path-readings.ts'
import { Question } from './question.ts'

export interface RouteMatch<T> {
  readonly value: T
  /** What the `:name` segments of the path are, and `*` what its end is. */
  readonly parameters: Readonly<Record<string, string>>
}

/** What is asked of a request to find its route. */
export type Asked = Pick<RequestHead, 'host' | 'target' | 'fields'>

/** A route as a request finds it. */
export interface Candidate<T> {
  readonly value: T
  /** undefined: it fits, and takes the request if no earlier one does. */
  readonly misfit: Misfit | undefined
}

/** A route under one of its hosts. */
interface Entry<T> {
  readonly conditions: RouteConditions
  /** '' for any host. */
  readonly host: string
  readonly pattern: PathPattern
  readonly rank: readonly number[]
  readonly value: T
}

export class RouteTable<T> {
  /** In the order in which they are tried. */
  readonly #entries: readonly Entry<T>[]
  /** By host as written: for a request only a few are looked at, however many there are. */
  readonly #byHost = new Map<string, PathIndex<T>>()
  readonly #hasWildcards: boolean

  constructor(routes: Iterable<readonly [RouteConditions, T]>) {
    this.#entries = [...routes].flatMap(entriesOf).toSorted((a, b) => compareRanks(a.rank, b.rank))
    for (const [order, entry] of this.#entries.entries()) {
      const index = this.#byHost.get(entry.host) ?? new PathIndex<T>()
      index.add(entry, order)
      this.#byHost.set(entry.host, index)
    }
    this.#hasWildcards = this.#entries.some(({ host }) => host.startsWith('*.'))
  }

  /** @returns undefined where no route matches; 'unsafe' for a path that may mean another to the server. */
  match(listener: string, asked: Asked): RouteMatch<T> | 'unsafe' | undefined {
    const found = this.#find(listener, asked, asked.target)
    if (typeof found !== 'object') return found
    for (const path of otherReadings(asked.target)) {
      const other = this.#find(listener, asked, path)
      if (typeof other !== 'object' || other.value !== found.value) return 'unsafe'
    }
    return found
  }

  #find(listener: string, asked: Asked, path: string): RouteMatch<T> | 'unsafe' | undefined {
    const segments = pathSegments(path)
    if (segments === undefined) return 'unsafe'
    const question = new Question(listener, asked, segments)
    return (
      this.#byHost.get(question.hostName)?.find(question) ??
      (this.#hasWildcards ? this.#matchBelow(question) : undefined) ??
      (question.hostName === '' ? undefined : this.#byHost.get('')?.find(question))
    )
  }

  #matchBelow(question: Question): RouteMatch<T> | 'unsafe' | undefined {
    for (const wildcard of wildcardsFor(question.hostName)) {
      const found = this.#byHost.get(wildcard)?.find(question)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Every route in the order of trial, and why it does not fit: for people. None if the path is unsafe. */
  candidates(listener: string, asked: Asked): Candidate<T>[] {
    const segments = pathSegments(asked.target)
    if (segments === undefined) return []
    const question = new Question(listener, asked, segments)
    const keys = new Set(['', question.hostName, ...wildcardsFor(question.hostName)])
    return this.#entries.map((entry) => ({
      value: entry.value,
      misfit: keys.has(entry.host) ? misfitIn(entry, question) : { key: 'host' },
    }))
  }
}

/** The routes of one host, by the first segment of their paths where that is written out. */
class PathIndex<T> {
  readonly #byFirst = new Map<string, Ordered<T>[]>()
  readonly #others: Ordered<T>[] = []

  /** Entries come in their order. */
  add(entry: Entry<T>, order: number): void {
    const { first } = entry.pattern
    if (first === undefined) return void this.#others.push({ entry, order })
    const list = this.#byFirst.get(first) ?? []
    list.push({ entry, order })
    this.#byFirst.set(first, list)
  }

  find(question: Question): RouteMatch<T> | 'unsafe' | undefined {
    const named = this.#byFirst.get(question.segments[0] ?? '') ?? none
    const others = this.#others
    for (let left = 0, right = 0; left < named.length || right < others.length;) {
      const isNamedFirst = (named[left]?.order ?? Infinity) < (others[right]?.order ?? Infinity)
      const next = isNamedFirst ? named[left++] : others[right++]
      const found = next && take(next.entry, question)
      if (found !== undefined) return found
    }
    return undefined
  }
}

interface Ordered<T> {
  readonly entry: Entry<T>
  readonly order: number
}

const none: readonly never[] = []

function take<T>(entry: Entry<T>, question: Question): RouteMatch<T> | 'unsafe' | undefined {
  const parameters: PathMatch = entry.pattern.match(question.segments)
  if (parameters === undefined) return undefined
  if (misfitOf(entry.conditions, question) !== undefined) return undefined
  return parameters === 'unsafe' ? parameters : { value: entry.value, parameters }
}

function misfitIn<T>(entry: Entry<T>, question: Question): Misfit | undefined {
  const isHere = entry.pattern.match(question.segments) !== undefined
  return isHere ? misfitOf(entry.conditions, question) : { key: 'path' }
}

function entriesOf<T>([conditions, value]: readonly [RouteConditions, T]): Entry<T>[] {
  const pattern = new PathPattern(conditions.path)
  const hosts = conditions.host.length === 0 ? [''] : conditions.host
  return hosts.map((host) => ({
    conditions,
    host,
    pattern,
    rank: [...hostRank(host), ...pattern.rank, -conditionCount(conditions)],
    value,
  }))
}

/** The wildcards that a host is below of, the longest first. Each stands for at least one character. */
function wildcardsFor(name: string): string[] {
  const wildcards: string[] = []
  for (let dot = name.indexOf('.', 1); dot > 0; dot = name.indexOf('.', dot + 1))
    wildcards.push(`*${name.slice(dot)}`)
  return wildcards
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
