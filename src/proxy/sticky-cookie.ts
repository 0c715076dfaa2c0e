/**
 * The cookie by which a client finds its endpoint again: the endpoint's tag and nothing else, so there is
 * nothing to learn from it and nothing to win by changing it. Endpoints get it like any other cookie.
 */
import { readCookies } from '../expression/cookies.ts'
import type { StickyOptions } from '../upstream/pool-options.ts'
import type { HttpFields } from '../wire/http-fields.ts'

export type StickyCookie = Extract<StickyOptions, { kind: 'cookie' }>

/** The values that a request has for it, in their order: one a path, and whatever else set one. */
export function stickyCookieValues(fields: HttpFields, name: string): string[] {
  const values: string[] = []
  for (const { key, value } of fields.list) {
    if (key !== 'cookie') continue
    for (const cookie of readCookies(value)) if (cookie.name === name) values.push(cookie.value)
  }
  return values
}

/** A `Set-Cookie` value. @param isSecure whether the client is spoken to with TLS. */
export function encodeStickyCookie(cookie: StickyCookie, tag: string, isSecure: boolean): string {
  const { name, path, maxAgeMs, sameSite } = cookie
  const parts = [`${name}=${tag}`, `Path=${path}`, 'HttpOnly', `SameSite=${sameSite}`]
  // Browsers take no `None` without it, and no name with one of these prefixes.
  if (isSecure || sameSite === 'None' || /^__(host|secure)-/i.test(name)) parts.push('Secure')
  if (maxAgeMs !== undefined) parts.push(`Max-Age=${Math.ceil(maxAgeMs / 1_000)}`)
  return parts.join('; ')
}
