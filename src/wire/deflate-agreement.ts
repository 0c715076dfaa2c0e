/**
 * Negotiates permessage-deflate (RFC 7692 §7.1) in both roles: what a server answers to offers, what a
 * client offers, and what it makes of the answer.
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

/** As a server. @returns undefined if none of the offers can be accepted. */
export function acceptOffer(
  offers: readonly Extension[],
  terms: DeflateTerms,
): AcceptedOffer | undefined {
  throw new Error(`not yet ${offers.length} ${terms.windowBits}`)
}

/** As a client: what goes into `Sec-WebSocket-Extensions`. */
export function offerOf(terms: DeflateTerms): string {
  throw new Error(`not yet ${terms.windowBits}`)
}

/**
 * As a client, of the extension a server has chosen.
 * @returns a sentence where it is nothing that was offered: the connection is to be failed.
 */
export function readAnswer(answer: Extension, terms: DeflateTerms): DeflateAgreement | string {
  throw new Error(`not yet ${answer.name} ${terms.windowBits}`)
}
