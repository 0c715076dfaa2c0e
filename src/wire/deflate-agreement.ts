/**
 * Negotiates permessage-deflate (RFC 7692 §7.1) in both roles: what a server answers to offers, what a
 * client offers, and what it makes of the answer.
 *
 * What is agreed on is never more than either end's terms, but for the window of a client that does not let
 * servers limit it.
 */
import type { Extension } from './extension-header.ts'

/** What an end wants of a connection at most. */
export interface DeflateTerms {
  /** Base-two logarithm of the largest window, 9 to 15: zlib cannot compress within 8. */
  readonly windowBits: number
  /** Whether messages of the client, and of the server, may refer back to earlier ones. */
  readonly clientTakeover: boolean
  readonly serverTakeover: boolean
}

/** What two ends have agreed on. */
export interface DeflateAgreement {
  /** Base-two logarithm of the window that messages of the client refer back over, 8 to 15. */
  readonly clientWindowBits: number
  readonly serverWindowBits: number
  readonly clientTakeover: boolean
  readonly serverTakeover: boolean
}

export interface AcceptedOffer {
  readonly agreement: DeflateAgreement
  /** What to answer in `Sec-WebSocket-Extensions`. */
  readonly header: string
}

export const extensionName = 'permessage-deflate'
/** RFC 7692 §7.1.2: the window of a stream whose end has not promised a smaller one. */
export const largestWindowBits = 15
/** The smallest window zlib compresses within: asked for 8 it takes 9, which the other end could not read. */
export const leastDeflateBits = 9
/** RFC 7692 §7.1.2.1: a decimal number from 8 to 15 without leading zeros. */
const windowBitsPattern = /^(?:[89]|1[0-5])$/

/** As a server. @returns undefined if none of the offers can be accepted. */
export function acceptOffer(
  offers: readonly Extension[],
  terms: DeflateTerms,
): AcceptedOffer | undefined {
  for (const offer of offers) {
    if (offer.name !== extensionName) continue
    const offered = readParameters(offer)
    if (typeof offered === 'string') continue
    const { serverWindowBits = largestWindowBits } = offered
    if (serverWindowBits >= leastDeflateBits) return accept(offered, terms)
  }
  return undefined
}

/** As a client: what goes into `Sec-WebSocket-Extensions`. */
export function offerOf({ windowBits, clientTakeover, serverTakeover }: DeflateTerms): string {
  const isLimited = windowBits < largestWindowBits
  return written({
    noClientTakeover: !clientTakeover,
    noServerTakeover: !serverTakeover,
    clientWindowBits: isLimited ? windowBits : 'any',
    serverWindowBits: isLimited ? windowBits : undefined,
  })
}

/**
 * As a client, of the extension a server has chosen.
 * @returns a sentence where it is nothing that was offered: the connection is to be failed.
 */
export function readAnswer(answer: Extension, terms: DeflateTerms): DeflateAgreement | string {
  if (answer.name !== extensionName) return `the extension is not ${extensionName}`
  const chosen = readParameters(answer)
  if (typeof chosen === 'string') return chosen
  const { clientWindowBits = largestWindowBits, serverWindowBits = largestWindowBits } = chosen
  // RFC 7692 §7.1.2.2: only in an offer may it be without a value.
  if (clientWindowBits === 'any') return 'client_max_window_bits has no value'
  // RFC 7692 §7.1.2.1: who accepts such an offer answers with the same value or a smaller one.
  if (serverWindowBits > terms.windowBits)
    return `server_max_window_bits is ${serverWindowBits}, at most ${terms.windowBits} was offered`
  // RFC 7692 §7.1.1.1: who accepts such an offer answers with the same parameter.
  if (!terms.serverTakeover && !chosen.noServerTakeover)
    return 'server_no_context_takeover was offered and is not in the answer'
  return {
    // RFC 7692 §7.1.2.2 and §7.1.1.2: a client may do with less than the server can read.
    clientWindowBits: Math.min(clientWindowBits, terms.windowBits),
    serverWindowBits,
    clientTakeover: terms.clientTakeover && !chosen.noClientTakeover,
    serverTakeover: !chosen.noServerTakeover,
  }
}

/** The parameters of an offer or of an answer; undefined: it is not there. */
export interface DeflateParameters {
  noClientTakeover: boolean
  noServerTakeover: boolean
  /** `any`: an offer to keep to whatever the server limits it to (RFC 7692 §7.1.2.2). */
  clientWindowBits: number | 'any' | undefined
  serverWindowBits: number | undefined
}

function accept(offered: DeflateParameters, terms: DeflateTerms): AcceptedOffer {
  const { clientWindowBits: clientOffer, serverWindowBits: serverOffer } = offered
  const agreement: DeflateAgreement = {
    // RFC 7692 §7.1.2.2: a client that does not offer it cannot be limited.
    clientWindowBits:
      clientOffer === undefined ? largestWindowBits : lesser(clientOffer, terms.windowBits),
    serverWindowBits: lesser(serverOffer ?? 'any', terms.windowBits),
    clientTakeover: terms.clientTakeover && !offered.noClientTakeover,
    serverTakeover: terms.serverTakeover && !offered.noServerTakeover,
  }
  const { clientWindowBits, serverWindowBits } = agreement
  const header = written({
    noClientTakeover: !agreement.clientTakeover,
    noServerTakeover: !agreement.serverTakeover,
    clientWindowBits: clientWindowBits < largestWindowBits ? clientWindowBits : undefined,
    // RFC 7692 §7.1.2.1: where it was offered it is answered, whatever its value.
    serverWindowBits:
      serverOffer !== undefined || serverWindowBits < largestWindowBits
        ? serverWindowBits
        : undefined,
  })
  return { agreement, header }
}

function lesser(offered: number | 'any', windowBits: number): number {
  return offered === 'any' ? windowBits : Math.min(offered, windowBits)
}

/** @returns a sentence where a parameter is unknown, twice there, or has a value it may not have (§7.1). */
export function readParameters({
  parameters,
  hasDoubledParameter,
}: Extension): DeflateParameters | string {
  if (hasDoubledParameter) return `a parameter of ${extensionName} comes twice`
  const read: DeflateParameters = {
    noClientTakeover: false,
    noServerTakeover: false,
    clientWindowBits: undefined,
    serverWindowBits: undefined,
  }
  for (const [name, value] of parameters) {
    const bits = value !== true && windowBitsPattern.test(value) ? Number(value) : undefined
    if (name === 'client_no_context_takeover' && value === true) read.noClientTakeover = true
    else if (name === 'server_no_context_takeover' && value === true) read.noServerTakeover = true
    else if (name === 'client_max_window_bits' && value === true) read.clientWindowBits = 'any'
    else if (name === 'client_max_window_bits' && bits) read.clientWindowBits = bits
    else if (name === 'server_max_window_bits' && bits) read.serverWindowBits = bits
    else return `${value === true ? name : `${name}=${value}`} is no parameter of ${extensionName}`
  }
  return read
}

function written(parameters: DeflateParameters): string {
  const { clientWindowBits, serverWindowBits } = parameters
  const texts = [extensionName]
  if (parameters.noServerTakeover) texts.push('server_no_context_takeover')
  if (parameters.noClientTakeover) texts.push('client_no_context_takeover')
  if (serverWindowBits !== undefined) texts.push(`server_max_window_bits=${serverWindowBits}`)
  if (clientWindowBits === 'any') texts.push('client_max_window_bits')
  else if (clientWindowBits !== undefined) texts.push(`client_max_window_bits=${clientWindowBits}`)
  return texts.join('; ')
}
