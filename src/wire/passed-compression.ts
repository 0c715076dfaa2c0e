/**
 * permessage-deflate that passes through a tunnel (RFC 7692 §7.1): a client agrees on it once, with the first
 * server, and must be able to go on with another that knows nothing of what was said before.
 *
 * What a client sends must not refer back, since a new server has no window; what a server sends may, for the
 * client reads a new one's messages with the window of the old.
 */
import {
  extensionName,
  largestWindowBits,
  readParameters,
  type DeflateParameters,
} from './deflate-agreement.ts'
import { parseExtensions } from './extension-header.ts'

/**
 * @param chosen a server's answer, which is one permessage-deflate.
 * @returns it with a client held to not refer back, which a server may always ask for (§7.1.1.2).
 */
export function withoutClientContext(chosen: string): string {
  const read = readChosen(chosen)
  const isThere = typeof read === 'object' && read.noClientTakeover
  return isThere ? chosen : `${chosen}; client_no_context_takeover`
}

/**
 * Whether a client can go on with another server.
 * @param told what it was told of compression at its handshake, without its context; undefined: nothing.
 * @param chosen what the other has chosen.
 * @returns a sentence why not; undefined: it can.
 */
export function passedMisfit(
  told: string | undefined,
  chosen: string | undefined,
): string | undefined {
  const before = readChosen(told)
  const after = readChosen(chosen)
  if (typeof before === 'string') return before
  if (typeof after === 'string') return after
  if (after === undefined)
    return before === undefined
      ? undefined
      : 'the server has not agreed to compression, as the one before it had'
  if (before === undefined)
    return 'the server has agreed to compression, which the one before it had not'
  return windowMisfit(before, after)
}

/** Each end keeps to what it was told first, so the other must be content with that. */
function windowMisfit(before: DeflateParameters, after: DeflateParameters): string | undefined {
  const [serverBefore, serverAfter] = [
    bitsOf(before.serverWindowBits),
    bitsOf(after.serverWindowBits),
  ]
  const [clientBefore, clientAfter] = [
    bitsOf(before.clientWindowBits),
    bitsOf(after.clientWindowBits),
  ]
  if (serverAfter > serverBefore)
    return `server_max_window_bits is ${serverAfter}, and the client was told ${serverBefore}`
  if (clientAfter < clientBefore)
    return `client_max_window_bits is ${clientAfter}, and the client was told ${clientBefore}`
  if (before.noServerTakeover && !after.noServerTakeover)
    return 'server_no_context_takeover is missing, and the client was told that it holds'
  return undefined
}

/** @returns undefined where there is no compression; a sentence where it is no answer to an offer of it. */
function readChosen(header: string | undefined): DeflateParameters | string | undefined {
  const extensions = parseExtensions(header ?? '')
  if (extensions === undefined) return 'Sec-WebSocket-Extensions is malformed'
  const [extension, ...others] = extensions
  if (extension === undefined) return undefined
  if (extension.name !== extensionName || others.length > 0)
    return `the server has chosen another extension than ${extensionName}`
  const read = readParameters(extension)
  // §7.1.2.2: only in an offer may it be without a value.
  return typeof read !== 'string' && read.clientWindowBits === 'any'
    ? 'client_max_window_bits has no value'
    : read
}

function bitsOf(bits: DeflateParameters['clientWindowBits']): number {
  return typeof bits === 'number' ? bits : largestWindowBits
}
