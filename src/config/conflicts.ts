/**
 * Keys of one item that do not go together.
 * Invariant: only what an item says itself is held against it, never what it has from `defaults`; and a
 * fault in one of its keys hides none between others.
 */
import type { Issue, Item, Path } from './issue.ts'
import { framingConflicts } from './framing.ts'
import { isMapping, type Mapping } from './mapping.ts'

export function listenerConflicts({ path, value }: Item<Mapping>): Issue[] {
  const issues = placeConflicts({ path, value }, 'a listener')
  if (has(value, 'redirect') && has(value, 'tls')) {
    const message = 'means nothing beside tls: clients of this listener are on https already'
    const suggestion = 'redirect belongs to the listener without tls'
    issues.push(about([...path, 'redirect'], message, suggestion))
  }
  return issues
}

/** Of a listener or of `admin`, which are at a port or a Unix socket. */
export function placeConflicts({ path, value }: Item<Mapping>, what: string): Issue[] {
  const isUnix = has(value, 'unix')
  if (!isUnix && !has(value, 'port')) {
    const suggestion = `${what} is at a port or at a Unix socket`
    return [{ path: [...path, 'port'], message: 'is missing', suggestion }]
  }
  if (!isUnix) return []
  const message = `${what} is at a port or at a Unix socket, not at both`
  return ['address', 'port']
    .filter((key) => has(value, key))
    .map((key) => about([...path, key], message))
}

/** Of a listener where there are several processes: each binds the ports itself, and two cannot bind one path. */
export function sharingConflicts({
  path,
  value,
}: Item<{ readonly unix?: string | undefined }>): Issue[] {
  if (value.unix === undefined) return []
  const message = 'a Unix socket cannot be shared by several processes'
  return [{ path, message, suggestion: 'give a port, or workers: 1' }]
}

const destinations = ['upstream', 'respond', 'redirect'] as const

/** What only becomes of a request that goes to an upstream. */
const ofUpstreams = [
  'split-by',
  'forward',
  'answer',
  'origins',
  'framed',
  'compression',
  'limits',
  'timeout',
  'heartbeat',
]

export function routeConflicts({ path, value }: Item<Mapping>): Issue[] {
  const [first, ...more] = destinations.filter((key) => has(value, key))
  if (first === undefined) {
    const suggestion = 'give it upstream, respond or redirect'
    return [{ path, message: 'the route leads nowhere', suggestion }]
  }
  const issues = more.map((key) =>
    about([...path, key], `a route has ${first} or ${key}, not both`),
  )
  if (first !== 'upstream') {
    const message = `means nothing beside ${first}: the gateway answers by itself`
    const given = ofUpstreams.filter((key) => has(value, key))
    return [...issues, ...given.map((key) => about([...path, key], message))]
  }
  issues.push(...framingConflicts({ path, value }))
  if (has(value, 'split-by') && !isMapping(value['upstream'])) {
    const message = 'means nothing without a split'
    const suggestion = 'a split is upstream: { chat: 95, chat-next: 5 }'
    issues.push(about([...path, 'split-by'], message, suggestion))
  }
  return issues
}

export function has(value: Mapping, key: string): boolean {
  return Object.hasOwn(value, key)
}

/** A key that is at fault, whatever its value. */
export function about(path: Path, message: string, suggestion?: string): Issue {
  return { path, message, suggestion, isAboutKey: true }
}
