/**
 * What trusted proxies tell of a client: its address, and how it came. Anybody else's word counts for
 * nothing. Read from the right, where the nearest proxy writes: what stands left of the first address
 * that is not trusted may have been made up.
 */
import type { ClientInfo } from '../core/client-info.ts'
import { formatAddress, parseAddress } from '../core/ip-address.ts'
import type { HttpFields } from '../wire/http-fields.ts'
import { isHost, type RequestHead } from '../wire/http-request.ts'

/** The client: the rightmost address that is no trusted proxy's; behind trusted proxies alone, the leftmost. */
export function clientAddress(fields: HttpFields, client: ClientInfo): string {
  if (!client.isTrustedProxy) return client.address
  let address = client.address
  for (const next of passedAddresses(fields).toReversed()) {
    // Whoever wrote something else than an address cannot tell who was before it either.
    if (next === undefined) return address
    address = next
    if (!client.isTrusted(next)) return address
  }
  return address
}

/** The addresses a request has passed, in their order; undefined for what is none. */
function passedAddresses(fields: HttpFields): (string | undefined)[] {
  // A proxy that writes one of the two lets the client's own of the other pass: the common one counts.
  if (fields.count('x-forwarded-for') > 0) return fields.tokens('x-forwarded-for').map(readAddress)
  return fields.tokens('forwarded').map(readForwardedFor)
}

/** RFC 7239 §4. Strict and without escapes: a comma inside of quotes then never makes an element. */
const forwardedElement =
  /^(?:[!#$%&'*+\-.^_`|~0-9a-z]+=(?:[!#$%&'*+\-.^_`|~0-9a-z]+|"[^"\\]*")(?:;[ \t]*|$))+$/

function readForwardedFor(element: string): string | undefined {
  if (!forwardedElement.test(element)) return undefined
  const [, quoted, bare] = /(?:^|;[ \t]*)for=(?:"([^"]*)"|([^;]*))/.exec(element) ?? []
  return readAddress(quoted ?? bare ?? '')
}

/** `192.0.2.7`, `192.0.2.7:5000`, `2001:db8::1`, `[2001:db8::1]:5000` → the address alone, in its usual text. */
function readAddress(text: string): string | undefined {
  const [, bracketed, dotted] = /^(?:\[([^\]]+)\]|([0-9.]+))(?::[0-9]{1,5})?$/.exec(text) ?? []
  const address = parseAddress(bracketed ?? dotted ?? text)
  return address === undefined ? undefined : formatAddress(address)
}

/** What `X-Forwarded-Proto` may say, and what it means. */
export const schemes: ReadonlyMap<string, 'http' | 'https'> = new Map<string, 'http' | 'https'>([
  ['http', 'http'],
  ['ws', 'http'],
  ['https', 'https'],
  ['wss', 'https'],
])

/** How the client speaks to the first of us. */
export function publicScheme(fields: HttpFields, client: ClientInfo): 'http' | 'https' {
  const told = client.isTrustedProxy ? fields.get('x-forwarded-proto') : undefined
  return schemes.get(told?.toLowerCase() ?? '') ?? (client.isTls ? 'https' : 'http')
}

/** The host the client asked for, port included. */
export function publicHost(head: RequestHead, client: ClientInfo): string {
  const told = client.isTrustedProxy ? head.fields.get('x-forwarded-host') : undefined
  return told !== undefined && told !== '' && isHost(told) ? told : head.host
}

/** A trusted proxy's, if it is one; otherwise a new one, so that no client can mix up the logs. */
export function requestId(fields: HttpFields, client: ClientInfo): string {
  const told = client.isTrustedProxy ? fields.get('x-request-id') : undefined
  const isGood = told !== undefined && /^[!-~]{1,128}$/.test(told)
  return isGood && fields.count('x-request-id') === 1 ? told : Bun.randomUUIDv7()
}
