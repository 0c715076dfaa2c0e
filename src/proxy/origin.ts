/**
 * Which pages may open a session. A browser lets any page open a WebSocket to any host, with the cookies
 * of that host: without this check a foreign page would speak in its visitor's name.
 */
import type { RouteConfig } from '../config/config.ts'
import { hostName } from '../wire/host-name.ts'
import type { RequestFacts } from './request-facts.ts'

const shownCharacters = 100 // of an origin, in an answer and a log

/** @returns why the page that asks may not connect; undefined if it may, or if no page asks. */
export function originFault(
  { head, publicHost }: Pick<RequestFacts, 'head' | 'publicHost'>,
  origins: RouteConfig['origins'],
): string | undefined {
  const origin = head.fields.get('origin')?.toLowerCase()
  if (origins === 'any' || origin === undefined) return undefined
  const shown = origin.length > shownCharacters ? `${origin.slice(0, shownCharacters)}…` : origin
  const remedy = `origins: [${shown}] in the route would let it in`
  if (origins !== 'own') {
    return origins.includes(origin) ? undefined : `pages of ${shown} are not let in; ${remedy}`
  }
  // Nobody is known by what a page can ask for without cookies: it could ask from its own server.
  if (head.fields.count('cookie') === 0) return undefined
  const asking = URL.parse(origin)?.hostname
  if (asking !== undefined && hostName(asking) === hostName(publicHost)) return undefined
  return origin === 'null'
    ? 'a page without an origin sends cookies'
    : `a page of ${shown} sends cookies of ${publicHost}; ${remedy}`
}
