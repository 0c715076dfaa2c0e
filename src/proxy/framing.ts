/**
 * How the messages of a session are framed on their way: what is offered to the endpoint, what was agreed
 * with it and with the client, and the two directions that follow from it.
 *
 * A tunnel leaves compression to the ends. Where the gateway speaks it, each end has an agreement of its own.
 */
import type { CompressionConfig } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type { Compression } from '../wire/compression.ts'
import {
  acceptOffer,
  offerOf,
  readAnswer,
  type AcceptedOffer,
  type DeflateAgreement,
  type DeflateTerms,
} from '../wire/deflate-agreement.ts'
import { parseExtensions, type Extension } from '../wire/extension-header.ts'
import { FrameScanner } from '../wire/frame-scanner.ts'
import type { HttpFields } from '../wire/http-fields.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import type { InflateOptions } from '../wire/message-reader.ts'
import type { DeflateOptions } from '../wire/message-writer.ts'
import { deflaterBytes, inflaterBytes } from '../wire/raw-deflate.ts'
import type { Direction } from './direction.ts'
import { FramedDirection } from './framed.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route } from './route.ts'

/** What becomes of what the client sends, and of what the upstream sends. */
export interface Directions {
  readonly inbound: Direction
  readonly outbound: Direction
}

export interface Framing extends Directions {
  /** `Sec-WebSocket-Extensions` of the client's 101; undefined: none. */
  readonly extensions: string | undefined
}

const extensionsName = 'sec-websocket-extensions'

/**
 * The extensions an endpoint is offered: permessage-deflate alone, which a tunnel knows how to read past.
 * In a tunnel they are the client's own offers, else one of the gateway's.
 */
export function extensionOffers({ head }: RequestFacts, { config }: Route): string[] {
  const { compression } = config
  if (compression === 'off') return []
  if (compression !== 'pass') return compression.upstream ? [offerOf(compression)] : []
  // One with a parameter twice is none (RFC 7692 §7.1), and would be read in two ways.
  return offersIn(head.fields)
    .filter(({ hasDoubledParameter }) => !hasDoubledParameter)
    .map(({ text }) => text)
}

/**
 * @param answer the endpoint's 101, its extensions being among those offered.
 * @throws GatewayError if the endpoint agreed to what was not offered, or there is no memory for its window.
 */
export function framingOf(
  facts: RequestFacts,
  answer: ResponseHead,
  route: Route,
  compression: Compression,
): Framing {
  const { config } = route
  const chosen = answer.fields.get(extensionsName)
  if (!config.framed) {
    const isCompressed = chosen !== undefined
    return {
      extensions: chosen,
      inbound: new FrameScanner(route.frameRules(true, isCompressed)),
      outbound: new FrameScanner(route.frameRules(false, isCompressed)),
    }
  }
  const terms = typeof config.compression === 'string' ? undefined : config.compression
  const upstream = terms && agreeWithUpstream(chosen, terms, compression)
  const client = terms && agreeWithClient(facts, terms, compression)
  return {
    extensions: client?.header,
    inbound: new FramedDirection({
      rules: route.frameRules(true, client !== undefined),
      inflate: client && inflateInbound(client.agreement, compression),
      deflate: terms && upstream && deflateInbound(upstream, terms, compression),
    }),
    outbound: new FramedDirection({
      rules: route.frameRules(false, upstream !== undefined),
      inflate: upstream && inflateOutbound(upstream, compression),
      deflate: terms && client && deflateOutbound(client.agreement, terms, compression),
    }),
  }
}

/** @returns what it has chosen of the gateway's offer; undefined if it speaks without compression. */
function agreeWithUpstream(
  chosen: string | undefined,
  terms: DeflateTerms,
  compression: Compression,
): DeflateAgreement | undefined {
  const [extension] = parseExtensions(chosen ?? '') ?? []
  if (extension === undefined) return undefined
  const agreement = readAnswer(extension, terms)
  if (typeof agreement === 'string') throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', agreement)
  // It was offered to keep a window, so there has to be one: also of what is meant for messages under way.
  if (
    agreement.serverTakeover &&
    !compression.take(inflaterBytes(agreement.serverWindowBits), false)
  )
    throw new GatewayError('COMPRESSION_MEMORY')
  return agreement
}

/** A client need not be granted the windows that there is no memory for (RFC 7692 §7.1.1). */
function agreeWithClient(
  { head }: RequestFacts,
  terms: DeflateTerms,
  compression: Compression,
): AcceptedOffer | undefined {
  const offers = offersIn(head.fields)
  const serverTakeover =
    terms.serverTakeover && compression.couldKeep(deflaterBytes(terms.windowBits))
  const accepted = acceptOffer(offers, { ...terms, serverTakeover })
  if (accepted === undefined || !accepted.agreement.clientTakeover) return accepted
  return compression.take(inflaterBytes(accepted.agreement.clientWindowBits), true)
    ? accepted
    : acceptOffer(offers, { ...terms, serverTakeover, clientTakeover: false })
}

// Inbound are a client's messages, outbound a server's: that is how an agreement calls them at both ends.

function inflateInbound(agreement: DeflateAgreement, compression: Compression): InflateOptions {
  const { clientWindowBits: windowBits, clientTakeover: isTakeover } = agreement
  return { compression, windowBits, isTakeover }
}

function inflateOutbound(agreement: DeflateAgreement, compression: Compression): InflateOptions {
  const { serverWindowBits: windowBits, serverTakeover: isTakeover } = agreement
  return { compression, windowBits, isTakeover }
}

function deflateInbound(
  { clientWindowBits: windowBits, clientTakeover: isTakeover }: DeflateAgreement,
  { level, thresholdBytes }: CompressionConfig,
  compression: Compression,
): DeflateOptions | undefined {
  // An endpoint may ask for 8, within which zlib cannot compress: its messages go as they are.
  return windowBits < 9 ? undefined : { compression, windowBits, isTakeover, level, thresholdBytes }
}

function deflateOutbound(
  { serverWindowBits: windowBits, serverTakeover: isTakeover }: DeflateAgreement,
  { level, thresholdBytes }: CompressionConfig,
  compression: Compression,
): DeflateOptions {
  return { compression, windowBits, isTakeover, level, thresholdBytes }
}

function offersIn(fields: HttpFields): Extension[] {
  const extensions = parseExtensions(fields.get(extensionsName) ?? '') ?? []
  return extensions.filter(({ name }) => name === 'permessage-deflate')
}
