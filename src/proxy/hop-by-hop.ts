/**
 * Fields of one connection (RFC 9110 §7.6.1), which are not relayed: `Upgrade` and `Connection` are written
 * anew for the next one, `Transfer-Encoding` passes with the body.
 */
import { spelled } from '../wire/http-fields.ts'

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'proxy-authorization',
  // No field at all, but `HTTP_PROXY` to CGI and its heirs, whose libraries would ask by it (httpoxy).
  'proxy',
])

/** What a message is understood by: no `Connection` field takes it away, and it is there in no other spelling. */
const ofMessage = /^(content-length|transfer-encoding|host|sec-websocket-.*)$/

/**
 * @param key lower case.
 * @param connection the members of the message's `Connection` field, lower case.
 */
export function isHopByHop(key: string, connection: readonly string[]): boolean {
  const name = spelled(key)
  if (hopByHop.has(name)) return true
  if (isOfMessage(name)) return name !== key
  for (const member of connection) if (spelled(member) === name) return true
  return false
}

/** Whether it is part of how a message is read. @param name as `spelled`. */
export function isOfMessage(name: string): boolean {
  return ofMessage.test(name)
}
