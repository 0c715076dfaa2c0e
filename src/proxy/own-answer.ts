/**
 * Answers that the gateway gives itself: a route's `respond` and `redirect`, and a listener's redirect to
 * https. An upgrade is answered the same way.
 */
import type { ClientRequest } from '../listener/client-request.ts'
import { encodeHead } from '../wire/http-fields.ts'
import { statusLine } from '../wire/status-line.ts'
import { httpsLocation } from './redirect.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route } from './route.ts'

export interface OwnAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** @returns undefined for a route with an upstream. @throws GatewayError where a redirect would lead astray. */
export function ownAnswer(route: Route, facts: RequestFacts): OwnAnswer | undefined {
  const { respond, redirect } = route.config
  if (route.redirect !== undefined && redirect !== undefined)
    return redirectTo(redirect.status, route.redirect.location(facts))
  return respond
}

/** RFC 9110 §15.4.9: a 308 keeps the method; a 301 is known to older clients, and GET stays GET. */
export function httpsAnswer(facts: RequestFacts, port: number): OwnAnswer {
  const isRead = facts.method === 'GET' || facts.method === 'HEAD'
  return redirectTo(isRead ? 301 : 308, httpsLocation(facts, port))
}

function redirectTo(status: number, location: string): OwnAnswer {
  return { status, headers: { Location: location }, body: '' }
}

/**
 * The whole answer. What the request brings is nothing to it: with a body that is not read yet, the
 * connection ends.
 */
export function sendAnswer(request: ClientRequest, { status, headers, body }: OwnAnswer): void {
  const { isKeptAlive } = request
  const bytes = Buffer.from(body)
  const fields = Object.entries(headers).map(([name, value]) => ({ name, value }))
  const isEmpty = status === 204 || status === 304
  if (!isEmpty) fields.push({ name: 'Content-Length', value: String(bytes.length) })
  fields.push({ name: 'Connection', value: isKeptAlive ? 'keep-alive' : 'close' })
  request.write(encodeHead(statusLine(status), fields))
  if (!isEmpty && request.head.method !== 'HEAD') request.write(bytes)
  // RFC 9112 §9.6: after `close` no request is served, whatever comes behind this one.
  request.finish(isKeptAlive)
}
