/**
 * What two items may not both claim: a name, or the same requests.
 * Invariant: the later one in the file is told, and the earlier one is named with it. Two routes are
 * told exactly if which of them takes a request would depend on their order in the file.
 */
import type { MatchConfig } from './config.ts'
import type { Issue, Item, Path } from './issue.ts'

export function nameTies(items: readonly Item<{ readonly name?: string | undefined }>[]): Issue[] {
  const first = new Map<string, Path>()
  return items.flatMap(({ path, value }) => {
    if (value.name === undefined) return []
    const related = first.get(value.name)
    if (related === undefined) first.set(value.name, path)
    if (related === undefined) return []
    return {
      path: [...path, 'name'],
      message: `${JSON.stringify(value.name)} is already the name of`,
      related,
    }
  })
}

interface Matched {
  readonly listeners: readonly string[]
  readonly host: readonly string[]
  readonly path: string
  readonly match: MatchConfig
}

export function routeTies(routes: readonly Item<Matched>[]): Issue[] {
  const claims = new Map<string, Item<Matched>[]>()
  return routes.flatMap((route): Issue[] => {
    const groups = keysOf(route.value).map((key) => {
      const group = claims.get(key) ?? []
      claims.set(key, group)
      return group
    })
    const rival = groups.flat().find((each) => canMeet(each.value, route.value))
    for (const group of groups) group.push(route)
    return rival === undefined ? [] : [tie(route, rival)]
  })
}

function tie({ path, value }: Item<Matched>, rival: Item<Matched>): Issue {
  const isPlain = conditions(value.match) + conditions(rival.value.match) === 0
  if (isPlain)
    return { path, message: 'matches the same listener, host and path as', related: rival.path }
  return {
    path,
    message: 'matches the same host and path, and has as many conditions, as',
    related: rival.path,
    suggestion:
      'nothing decides for a request that meets both: give one of them a further condition',
  }
}

/** One for each host; routes without one in common cannot tie. */
function keysOf(route: Matched): string[] {
  const hosts = route.host.length === 0 ? [''] : [...new Set(route.host)]
  const count = furtherConditions(route)
  return hosts.map((host) => JSON.stringify([host, shape(route.path), count]))
}

/** `/chat/:room` and `/chat/:id` are one shape. */
function shape(path: string): string {
  return path.replace(/:[^/]+/g, ':')
}

/** What decides between routes of one host and one path shape: the more, the more exact. */
function furtherConditions({ listeners, match }: Matched): number {
  return (listeners.length > 0 ? 1 : 0) + conditions(match)
}

function conditions({ header, query, cookie, subprotocol }: MatchConfig): number {
  const offered = subprotocol.length > 0 ? 1 : 0
  return offered + [header, query, cookie].flatMap((each) => Object.keys(each)).length
}

/** Whether one request can meet the conditions of both. */
function canMeet(left: Matched, right: Matched): boolean {
  return (
    haveCommon(left.listeners, right.listeners) &&
    // A client that offers subprotocols of both goes to the one that stands first.
    haveCommon(left.match.subprotocol, right.match.subprotocol) &&
    areCompatible(left.match.header, right.match.header) &&
    areCompatible(left.match.query, right.match.query) &&
    areCompatible(left.match.cookie, right.match.cookie)
  )
}

type Conditions = MatchConfig['header']

function areCompatible(left: Conditions, right: Conditions): boolean {
  return Object.entries(left).every(([name, values]) => {
    const others = Object.hasOwn(right, name) ? right[name] : undefined
    return others === undefined || haveCommon(values, others)
  })
}

/** An empty list stands for everything. */
function haveCommon(left: readonly string[], right: readonly string[]): boolean {
  if (left.length === 0 || right.length === 0) return true
  return left.some((each) => right.includes(each))
}
