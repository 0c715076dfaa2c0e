/**
 * The WebSocket opening handshake on both sides: what a request and an answer must look like.
 *
 * RFC 6455 §4.1 (what the client checks) and §4.2 (what the server checks).
 */
import { createHash } from 'node:crypto'
import { parseExtensions } from './extension-header.ts'
import { trimWhiteSpace, type HttpFields } from './http-fields.ts'
import type { RequestHead } from './http-request.ts'
import type { ResponseHead } from './http-response.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** Sixteen bytes in base64. */
const keyPattern = /^[A-Za-z0-9+/]{21}[AQgw]==$/

/** What `Sec-WebSocket-Accept` must be in the answer to this key (RFC 6455 §4.2.2). */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + GUID, 'latin1')
    .digest('base64')
}

/** @returns what is wrong with an upgrade request; undefined if nothing is. Its version is not looked at. */
export function upgradeFault(head: RequestHead): string | undefined {
  if (head.method !== 'GET') return 'the method of an upgrade is GET'
  if (head.body.kind !== 'length' || head.body.bytes > 0) return 'an upgrade has no body'
  const key = head.fields.get('sec-websocket-key')
  if (key === undefined || !keyPattern.test(key))
    return 'sec-websocket-key is not sixteen bytes in base64'
  // RFC 6455 §9.1: whoever receives a list of extensions that cannot be read fails the connection.
  if (parseExtensions(head.fields.get('sec-websocket-extensions') ?? '') === undefined)
    return 'sec-websocket-extensions is malformed'
  return undefined
}

/** What was asked of the server whose answer is checked. */
export interface Offer {
  readonly key: string
  readonly subprotocols: readonly string[]
  /** Names of the extensions. */
  readonly extensions: readonly string[]
}

/** The subprotocols a request offers, case kept: RFC 6455 compares them as they are. */
export function offeredSubprotocols(fields: HttpFields): string[] {
  const value = fields.get('sec-websocket-protocol') ?? ''
  return value
    .split(',')
    .map((name) => trimWhiteSpace(name))
    .filter((name) => name !== '')
}

/**
 * @returns what is wrong with a 101; undefined if nothing is. A proxy that takes any 101 for a tunnel
 * can be made to relay requests unseen.
 */
export function switchFault(answer: ResponseHead, offer: Offer): string | undefined {
  const { fields } = answer
  if (answer.minor !== 1) return 'a 101 is HTTP/1.1'
  if (fields.tokens('upgrade').join() !== 'websocket')
    return 'the upgrade header of the 101 is not websocket'
  if (!answer.connection.includes('upgrade'))
    return 'the connection header of the 101 is not upgrade'
  if (
    fields.count('sec-websocket-accept') !== 1 ||
    fields.get('sec-websocket-accept') !== acceptFor(offer.key)
  ) {
    return 'sec-websocket-accept does not belong to the key that was sent'
  }
  if (fields.count('sec-websocket-protocol') > 1) return 'more than one subprotocol was chosen'
  const chosen = fields.get('sec-websocket-protocol')
  if (chosen !== undefined && !offer.subprotocols.includes(chosen))
    return 'the subprotocol was not offered'
  const extensions =
    fields.count('sec-websocket-extensions') > 1
      ? undefined
      : parseExtensions(fields.get('sec-websocket-extensions') ?? '')
  if (extensions === undefined || extensions.some(({ hasDoubledParameter }) => hasDoubledParameter))
    return 'sec-websocket-extensions is malformed'
  const names = extensions.map(({ name }) => name)
  if (names.some((name) => !offer.extensions.includes(name))) return 'an extension was not offered'
  // RFC 7692 §6: RSV1 marks the frames of one of them.
  if (new Set(names).size < names.length) return 'an extension was chosen twice'
  return undefined
}
