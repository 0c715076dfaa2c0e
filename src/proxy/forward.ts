/**
 * The heads that go on to an endpoint: a client's request as the endpoint gets it.
 *
 * Order, names and values stay as sent, but for `Host`, which goes first, and `Connection`, which goes
 * last. Left out are the fields that concern one connection alone (RFC 9110 §7.6.1) and those that only
 * the gateway may set. What the route sets or removes comes after all of that.
 */
import { GatewayError } from '../core/errors.ts'
import { pathSegments } from '../route/path-pattern.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import { encodeHead, spelled, type HttpField } from '../wire/http-fields.ts'
import { isHost } from '../wire/http-request.ts'
import { forwardingFields, isReplaced } from './forwarded.ts'
import { isHopByHop } from './hop-by-hop.ts'
import type { RequestFacts } from './request-facts.ts'
import type { RouteTerms } from './route.ts'

type Field = Pick<HttpField, 'name' | 'value'>

/**
 * A request without upgrade, for an endpoint.
 * @param mustBePlain the gateway reads the answer, which is not to be compressed. @throws GatewayError as `targetFor`.
 */
export function encodeRequest(
  facts: RequestFacts,
  endpoint: Endpoint,
  route: RouteTerms,
  mustBePlain = false,
): Buffer {
  const sent = requestFields(facts, endpoint, route)
  const fields = mustBePlain ? sent.filter(({ name }) => spelled(name) !== 'accept-encoding') : sent
  // An HTTP/1.0 client cannot read chunks, so its upstream must not send any.
  fields.push({ name: 'Connection', value: facts.head.minor === 1 ? 'keep-alive' : 'close' })
  return encodeHead(startLine(facts, endpoint, route), fields)
}

/** What an endpoint is told of a session that comes from another. */
export interface Moved {
  /** The how manieth endpoint after the first it is. */
  readonly moves: number
  /** The URL of the one before. */
  readonly from: string
}

export interface UpgradeOptions {
  /** Of extensions. */
  readonly offers: readonly string[]
  readonly moved?: Moved
}

/**
 * A WebSocket handshake, for an endpoint, which is told the session's id.
 * @throws as `encodeRequest`.
 */
export function encodeUpgrade(
  facts: RequestFacts,
  endpoint: Endpoint,
  route: RouteTerms,
  { offers, moved }: UpgradeOptions,
): Buffer {
  const fields = requestFields(facts, endpoint, route).filter(
    ({ name }) => name.toLowerCase() !== 'sec-websocket-extensions',
  )
  if (offers.length > 0) fields.push({ name: 'Sec-WebSocket-Extensions', value: offers.join(', ') })
  fields.push({ name: 'Sluice-Session', value: facts.session })
  if (moved !== undefined) {
    fields.push({ name: 'Sluice-Failover', value: String(moved.moves) })
    fields.push({ name: 'Sluice-Previous-Endpoint', value: moved.from })
  }
  fields.push({ name: 'Upgrade', value: 'websocket' }, { name: 'Connection', value: 'Upgrade' })
  return encodeHead(startLine(facts, endpoint, route), fields)
}

function startLine(facts: RequestFacts, endpoint: Endpoint, route: RouteTerms): string {
  const { target } = facts
  const { method, minor } = facts.head
  const path = target === '*' ? '*' : endpoint.options.path + targetFor(facts, route)
  return `${method} ${path} HTTP/1.${minor}`
}

/**
 * Path and query for the endpoint, behind the path of its own URL.
 * @throws GatewayError UNSAFE_PATH where what a request brings would make it another path.
 */
function targetFor(facts: RequestFacts, { config }: RouteTerms): string {
  const { target } = facts
  const { path } = facts.head
  if (config.forward.path === undefined) return target
  const rendered = config.forward.path.renderUrl(facts)
  if (rendered === undefined)
    throw new GatewayError('UNSAFE_PATH', 'a value for a segment of the path has a slash')
  const rewritten = rendered.startsWith('/') ? rendered : `/${rendered}`
  if (pathSegments(rewritten) === undefined)
    throw new GatewayError('UNSAFE_PATH', 'a value for the path makes dot segments or %00 of it')
  return rewritten.includes('?') ? rewritten : rewritten + target.slice(path.length)
}

function requestFields(facts: RequestFacts, endpoint: Endpoint, route: RouteTerms): Field[] {
  const { head } = facts
  const fields: Field[] = []
  for (const field of head.fields.list) {
    if (field.key === 'host' || isHopByHop(field.key, head.connection)) continue
    if (spelled(field.key) === 'proxy-authenticate' || isReplaced(field.key, facts)) continue
    fields.push(field)
  }
  fields.push(...forwardingFields(facts))
  return [
    { name: 'Host', value: hostFor(facts, endpoint, route) },
    ...route.requestHeaders.apply(fields, facts),
  ]
}

function hostFor(facts: RequestFacts, { options }: Endpoint, { config }: RouteTerms): string {
  const { host } = config.forward
  if (host === 'client') return facts.head.host
  if (host === 'endpoint') return options.authority
  const rendered = host.render(facts)
  if (isHost(rendered)) return rendered
  throw new GatewayError('MALFORMED_REQUEST', 'the value for the host header is not a host')
}
