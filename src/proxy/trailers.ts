/**
 * Which fields may stand behind a body. Some servers add them to those of the head (RFC 9110 §6.5.1 warns of
 * it), so what a head may not say, or what the gateway says itself, may not be said there either.
 */
import { spelled } from '../wire/http-fields.ts'
import { isHopByHop, isOfMessage } from './hop-by-hop.ts'
import type { Route } from './route.ts'

/** What tells a server who asks, and of what it is a part. */
const ofClients =
  /^(authorization|cookie|forwarded|traceparent|tracestate|x-forwarded-.*|x-real-ip|x-request-id)$/

/** @param name lower case. */
export function mayTrailRequest(name: string, { requestHeaders }: Route): boolean {
  const key = spelled(name)
  return mayTrail(key) && !ofClients.test(key) && !requestHeaders.touches(key)
}

/** @param name lower case. */
export function mayTrailAnswer(name: string, { answerHeaders }: Route): boolean {
  const key = spelled(name)
  return mayTrail(key) && !answerHeaders.touches(key)
}

function mayTrail(key: string): boolean {
  const isFraming = isOfMessage(key) || key === 'trailer'
  return !isFraming && !isHopByHop(key, []) && !key.startsWith('sluice-')
}
