/**
 * Where a request has to go because an earlier one of the same client went there.
 *
 * Invariant: nothing is remembered. What leads to an endpoint is its tag, which the client brings along in
 * a cookie or at the end of an Engine.IO session id, so that every gateway reads it the same.
 */
import type { StickyConfig } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type { EndpointState } from '../core/events.ts'
import { readEngineIo } from './engine-io.ts'
import type { RequestFacts } from './request-facts.ts'
import { encodeStickyCookie, stickyCookieValues, type StickyCookie } from './sticky-cookie.ts'

/** An endpoint, as far as it matters here. */
export interface StickyEndpoint {
  /** Empty where nothing needs it. */
  readonly tag: string
  readonly standing: { readonly state: EndpointState }
  /** It may have no further session. */
  readonly isFull: boolean
}

export interface StickyPool<Endpoint extends StickyEndpoint> {
  readonly sticky: StickyConfig | undefined
  /** Whatever its state and weight. */
  withTag(tag: string): Endpoint | undefined
}

/** How a request sticks. */
export interface Stick<Endpoint> {
  /** Where it goes, if that can be reached; undefined: where the balancer says. */
  readonly endpoint: Endpoint | undefined
  /** No other endpoint will do: where this one cannot be reached, the session is unknown. */
  readonly isBound: boolean
  /** The request's target as the endpoint gets it; undefined: as sent. */
  readonly target: string | undefined
  /** The answer opens an Engine.IO session, and the endpoint's tag goes into it. */
  readonly adoptsSid: boolean
  /** What the client is told to bring along the next time: a `Set-Cookie` value. */
  cookieFor(endpoint: Endpoint): string | undefined
}

type StickyFacts = Pick<RequestFacts, 'head' | 'scheme'>

const loose: Stick<never> = {
  endpoint: undefined,
  isBound: false,
  target: undefined,
  adoptsSid: false,
  cookieFor: () => undefined,
}

/**
 * @param isHandshake whether it becomes a session, rather than a plain request.
 * @throws GatewayError `UNKNOWN_SESSION` for an Engine.IO session that is nowhere any more.
 */
export function stick<Endpoint extends StickyEndpoint>(
  facts: StickyFacts,
  pool: StickyPool<Endpoint>,
  isHandshake: boolean,
): Stick<Endpoint> {
  const { sticky } = pool
  // By an expression an endpoint is chosen, not found again: that is the pool's.
  if (sticky === undefined || sticky.kind === 'expression') return loose
  return sticky.kind === 'cookie'
    ? stickByCookie(facts, pool, sticky, isHandshake)
    : stickBySession(facts, pool, isHandshake)
}

function stickByCookie<Endpoint extends StickyEndpoint>(
  { head, scheme }: StickyFacts,
  pool: StickyPool<Endpoint>,
  cookie: StickyCookie,
  isHandshake: boolean,
): Stick<Endpoint> {
  const isUsable = isHandshake ? takesSessions : takesRequests
  const endpoint = stickyCookieValues(head.fields, cookie.name)
    .map((tag) => pool.withTag(tag))
    .find((each) => each !== undefined && isUsable(each))
  return {
    ...loose,
    endpoint,
    cookieFor: (chosen) =>
      chosen === endpoint ? undefined : encodeStickyCookie(cookie, chosen.tag, scheme === 'https'),
  }
}

function takesSessions({ standing, isFull }: StickyEndpoint): boolean {
  return standing.state === 'healthy' && !isFull
}

/** A draining endpoint still answers for what its clients have there. */
function takesRequests({ standing: { state } }: StickyEndpoint): boolean {
  return state === 'healthy' || state === 'draining'
}

function stickBySession<Endpoint extends StickyEndpoint>(
  { head }: StickyFacts,
  pool: StickyPool<Endpoint>,
  isHandshake: boolean,
): Stick<Endpoint> {
  const request = readEngineIo(head.method, head.target)
  if (request === undefined) return loose
  if (request.kind === 'open') return isHandshake ? loose : opening
  const endpoint = pool.withTag(request.tag)
  // Not where it is ejected: that is a guess, and the session is there or nowhere. If the guess is right,
  // the dial fails, and says so.
  if (endpoint === undefined || endpoint.standing.state === 'unhealthy')
    throw new GatewayError('UNKNOWN_SESSION')
  return { ...loose, endpoint, isBound: true, target: request.target }
}

const opening: Stick<never> = { ...loose, adoptsSid: true }
