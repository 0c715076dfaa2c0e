/**
 * Fields of one connection (RFC 9110 §7.6.1): `Upgrade` and `Connection` are written anew for the next
 * one, `Transfer-Encoding` passes with the body.
 */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'proxy-authorization',
])

/** Fields that no `Connection` field can name: the message would be another without them. */
const unnamable = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'sec-websocket-key',
  'sec-websocket-accept',
])

/** @param connection the members of the message's `Connection` field, lower case. */
export function isHopByHop(key: string, connection: readonly string[]): boolean {
  return hopByHop.has(key) || (connection.includes(key) && !unnamable.has(key))
}
