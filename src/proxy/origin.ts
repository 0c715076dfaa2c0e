/**
 * Which pages may open a session. A browser lets any page open a WebSocket to any host, and adds whatever
 * its visitor is known there by: without this check a foreign page would speak in its visitor's name.
 */
import type { RouteConfig } from '../config/config.ts'
import { hostName } from '../wire/host-name.ts'
import type { HttpField } from '../wire/http-fields.ts'
import type { RequestFacts } from './request-facts.ts'

const shownCharacters = 100 // of an origin, in an answer and a log

/**
 * @param ownCookies the names of those by which the gateway itself knows a client, which are no credential.
 * @returns why the page that asks may not connect; undefined if it may, or if no page asks.
 */
export function originFault(
  facts: Pick<RequestFacts, 'head' | 'publicHost' | 'certificate'>,
  origins: RouteConfig['origins'],
  ownCookies: readonly string[] = [],
): string | undefined {
  const { publicHost } = facts
  const origin = facts.head.fields.get('origin')?.toLowerCase()
  if (origins === 'any' || origin === undefined) return undefined
  const shown = origin.length > shownCharacters ? `${origin.slice(0, shownCharacters)}…` : origin
  const remedy = `origins: [${shown}] in the route would let it in`
  if (origins !== 'own') {
    return origins.includes(origin) ? undefined : `pages of ${shown} are not let in; ${remedy}`
  }
  const credential = credentialOf(facts, ownCookies)
  // Nobody is known by what a page can ask for without one: it could ask from its own server.
  if (credential === undefined) return undefined
  const asking = URL.parse(origin)?.hostname
  if (asking !== undefined && hostName(asking) === hostName(publicHost)) return undefined
  return origin === 'null'
    ? `a page without an origin sends ${credential}`
    : `a page of ${shown} sends ${credential} for ${publicHost}; ${remedy}`
}

/** What a browser adds by itself, and a server may know its visitor by. */
function credentialOf(
  { head, certificate }: Pick<RequestFacts, 'head' | 'certificate'>,
  ownCookies: readonly string[],
): string | undefined {
  const isOwn = (pair: string) => ownCookies.includes(pair.split('=', 1)[0]?.trim() ?? '')
  const isForeign = ({ key, value }: HttpField) =>
    key === 'cookie' && !value.split(';').every(isOwn)
  if (head.fields.list.some(isForeign)) return 'cookies'
  // The password that was typed in last (RFC 7617 §2.2), or a Kerberos ticket (RFC 4559).
  if (head.fields.count('authorization') > 0) return 'a login'
  return certificate === undefined ? undefined : 'a certificate'
}
