// A second reading of how routes are found, by regular expressions and a comparison of words: slow,
// and simple enough to be checked by eye.

import type { RouteConditions } from '../../src/route/conditions.ts'

/** The name in the pattern is the name in the result. */
function expression(path: string): RegExp {
  const isPrefix = path.endsWith('/*')
  const exact = (isPrefix ? path.slice(0, -2) : path)
    .replaceAll('.', '\\.')
    .replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')
  return new RegExp(`^${exact}${isPrefix ? '(?:/(?<rest>.*))?' : ''}$`)
}

function hostMatches(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host
  const base = pattern.slice(2)
  return host !== base && host.endsWith(`.${base}`) && host !== `.${base}`
}

/** The smaller sorts first. What decides comes first: host, path, further conditions. */
function place(host: string, { path, listeners, match }: RouteConditions): string {
  const digits = (count: number) => String(count).padStart(4, '0')
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '*')
  const named = segments.filter((segment) => segment.startsWith(':')).length
  const hostKind = host === '' ? '3 none' : host.startsWith('*.') ? '2 wildcard' : '1 exact'
  const pathKind = path.endsWith('/*') ? '3 prefix' : named > 0 ? '2 parameters' : '1 exact'
  return [
    hostKind,
    digits(9999 - host.length),
    pathKind,
    digits(9999 - segments.length),
    // Of two that are as long, the one whose first difference is a literal.
    segments.map((segment) => (segment.startsWith(':') ? '1' : '0')).join(''),
    digits(
      9999 -
        [listeners, match.subprotocol].filter((each) => each.length > 0).length -
        Object.keys({ ...match.header }).length -
        Object.keys({ ...match.query }).length -
        Object.keys({ ...match.cookie }).length,
    ),
  ].join()
}

export interface Request {
  readonly listener: string
  /** Lower case, without port. */
  readonly host: string
  readonly path: string
  readonly query: URLSearchParams
  readonly cookies: readonly (readonly [string, string])[]
  readonly header: Headers
  readonly subprotocols: readonly string[]
}

function holds(
  { match }: RouteConditions,
  { query, cookies, header, subprotocols }: Request,
): boolean {
  const isOneOf = (wanted: readonly string[], values: readonly string[]) =>
    wanted.length === 0 ? values.length > 0 : values.some((value) => wanted.includes(value))
  return (
    Object.entries(match.query).every(([name, wanted]) => isOneOf(wanted, query.getAll(name))) &&
    Object.entries(match.header).every(([name, wanted]) =>
      isOneOf(
        wanted,
        [header.get(name)].filter((value) => value !== null),
      ),
    ) &&
    Object.entries(match.cookie).every(([name, wanted]) =>
      isOneOf(
        wanted,
        cookies.filter(([each]) => each === name).map(([, value]) => value),
      ),
    ) &&
    (match.subprotocol.length === 0 || isOneOf(match.subprotocol, subprotocols))
  )
}

export interface Candidate {
  readonly route: RouteConditions
  readonly place: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Every route that the request fits, the best first. */
export function candidates(routes: readonly RouteConditions[], request: Request): Candidate[] {
  const { listener, host, path } = request
  const all = routes.flatMap((route) =>
    (route.host.length === 0 ? [''] : route.host).flatMap((pattern) => {
      const match = expression(route.path).exec(path)
      const isHere = route.listeners.length === 0 || route.listeners.includes(listener)
      if (!holds(route, request)) return []
      if (match === null || !isHere || !(pattern === '' || hostMatches(pattern, host))) return []
      const { rest = '', ...named } = match.groups ?? {}
      const parameters = route.path.endsWith('/*') ? { ...named, '*': rest } : named
      return [{ route, place: place(pattern, route), parameters }]
    }),
  )
  return all.toSorted((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0))
}
