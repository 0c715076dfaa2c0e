/**
 * Where a request has to go because an earlier one of the same client went there.
 *
 * Invariant: nothing is remembered. What leads to an endpoint is its tag, which the client brings along in
 * a cookie or at the end of an Engine.IO session id, so that every gateway reads it the same.
 */
import { GatewayError } from '../core/errors.ts'
import type { EndpointState } from '../core/events.ts'
import type { StickyOptions } from '../upstream/pool-options.ts'
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
  readonly sticky: StickyOptions | undefined
  /** Whatever its state and weight. */
  withTag(tag: string): Endpoint | undefined
}

/** How a request sticks. */
export interface Stickiness<Endpoint> {
  /** Where it goes, if that can be reached; undefined: where the balancer says. */
  readonly endpoint: Endpoint | undefined
  /** No other endpoint will do: where this one cannot be reached, the session is unknown. */
  readonly isBound: boolean
  /** The request's target as the endpoint gets it; undefined: as sent. */
  readonly target: string | undefined
  /** The answer opens an Engine.IO session, and the endpoint's tag goes into it. */
  readonly opensSession: boolean
  /** What the client is told to bring along the next time: a `Set-Cookie` value. */
  cookieFor(endpoint: Endpoint): string | undefined
}

type StickyFacts = Pick<RequestFacts, 'head' | 'scheme'>

const loose: Stickiness<never> = {
  endpoint: undefined,
  isBound: false,
  target: undefined,
  opensSession: false,
  cookieFor: () => undefined,
}
const opening: Stickiness<never> = { ...loose, opensSession: true }

/**
 * @param isHandshake whether it becomes a session, rather than a plain request.
 * @throws GatewayError `UNKNOWN_SESSION` for an Engine.IO session that is nowhere any more.
 */
export function stickinessOf<Endpoint extends StickyEndpoint>(
  facts: StickyFacts,
  pool: StickyPool<Endpoint>,
  isHandshake: boolean,
): Stickiness<Endpoint> {
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
): Stickiness<Endpoint> {
  const isUsable = isHandshake ? takesSessions : takesRequests
  const endpoint = cookieEndpoint(head, pool, cookie, isUsable)
  return {
    ...loose,
    endpoint,
    cookieFor: (chosen) =>
      chosen === endpoint ? undefined : encodeStickyCookie(cookie, chosen.tag, scheme === 'https'),
  }
}

/** Where the first one leads that leads somewhere. */
function cookieEndpoint<Endpoint extends StickyEndpoint>(
  { fields }: StickyFacts['head'],
  pool: StickyPool<Endpoint>,
  { name }: StickyCookie,
  isUsable: (endpoint: StickyEndpoint) => boolean,
): Endpoint | undefined {
  for (const tag of stickyCookieValues(fields, name)) {
    const endpoint = pool.withTag(tag)
    if (endpoint !== undefined && isUsable(endpoint)) return endpoint
  }
  return undefined
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
): Stickiness<Endpoint> {
  const request = readEngineIo(head.method, head.target)
  if (request === undefined) return loose
  if (request.kind === 'open') return isHandshake ? loose : opening
  const endpoint = pool.withTag(request.tag)
  // An ejected one is asked all the same: that is a guess, and the session is there or nowhere. Where the
  // guess is right the dial fails, and the client hears the same.
  if (endpoint === undefined || endpoint.standing.state === 'unhealthy')
    throw new GatewayError('UNKNOWN_SESSION')
  return { ...loose, endpoint, isBound: true, target: request.target }
}

/**
 * Of the upstreams of a split, the one that an earlier request of the same client went to.
 * @param hasKey whether the split has a place for it: a session is where it is all the same, but a cookie
 * stands behind what the configuration asks for.
 */
export function stuckPool<Pool extends StickyPool<StickyEndpoint>>(
  { head }: StickyFacts,
  pools: readonly Pool[],
  hasKey: boolean,
): Pool | undefined {
  return pools.find((pool) => {
    const { sticky } = pool
    if (sticky?.kind === 'cookie')
      return !hasKey && cookieEndpoint(head, pool, sticky, takesRequests) !== undefined
    if (sticky?.kind !== 'engine.io') return false
    const request = readEngineIo(head.method, head.target)
    return request?.kind === 'session' && pool.withTag(request.tag) !== undefined
  })
}
