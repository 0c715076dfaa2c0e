/**
 * How the messages of a session are framed on their way: what is offered to the endpoint, what was agreed
 * with it and with the client, and the two directions that follow from it.
 *
 * A tunnel leaves compression to the ends. Where the gateway speaks it, each end has an agreement of its own.
 */
import { GatewayError } from '../core/errors.ts'
import { deflateOptions, inflateOptions } from '../wire/agreed-compression.ts'
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
import { deflaterBytes, inflaterBytes } from '../wire/raw-deflate.ts'
import { MessageReader } from '../wire/message-reader.ts'
import { passedMisfit, withoutClientContext } from '../wire/passed-compression.ts'
import type { Direction } from './direction.ts'
import { FramedDirection } from './framed.ts'
import type { Renewal } from './failover/redialler.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route, RouteTerms } from './route.ts'

/** What becomes of what the client sends, and of what the upstream sends. */
export interface Directions {
  readonly inbound: Direction
  readonly outbound: Direction
}

export interface Framing extends Directions {
  /** `Sec-WebSocket-Extensions` of the client's 101; undefined: none. */
  readonly extensions: string | undefined
}

export interface FramingOptions {
  readonly route: Route
  readonly compression: Compression
  /** What the endpoint was offered. */
  readonly offer: ExtensionOffer
}

const extensionsName = 'sec-websocket-extensions'

/** What an endpoint is offered: permessage-deflate alone, which a tunnel knows how to read past. */
export class ExtensionOffer {
  /** In a tunnel the client's own offers, else at most one of the gateway's. */
  readonly texts: readonly string[]
  /** Those of the gateway's. */
  readonly terms: DeflateTerms | undefined
  readonly mayMove: boolean
  /** What the route said when it was made, which holds for the session that comes of it. */
  readonly config: RouteTerms['config']
  readonly #compression: Compression
  /** Memory for the window of an endpoint that may keep one. */
  #reservedBytes = 0

  /** @param mayMove whether another server may have to go on with what the client's messages refer to. */
  constructor(
    facts: RequestFacts,
    { config }: Pick<RouteTerms, 'config'>,
    compression: Compression,
    mayMove = false,
  ) {
    this.config = config
    this.mayMove = mayMove
    this.#compression = compression
    if (typeof config.compression === 'string') {
      // One with a parameter twice is none (RFC 7692 §7.1), and would be read in two ways.
      const offers = config.compression === 'pass' ? offersIn(facts.head.fields) : []
      this.texts = offers.filter((each) => !each.hasDoubledParameter).map(({ text }) => text)
    } else if (!config.compression.upstream) this.texts = []
    else {
      const bytes = inflaterBytes(config.compression.windowBits)
      const serverTakeover = config.compression.serverTakeover && compression.take(bytes, true)
      if (serverTakeover) this.#reservedBytes = bytes
      const clientTakeover = config.compression.clientTakeover && !mayMove
      this.terms = { ...config.compression, clientTakeover, serverTakeover }
      this.texts = [offerOf(this.terms)]
    }
  }

  /** @param agreement what the endpoint made of it: the memory it takes belongs to the session from here on. */
  settle(agreement: DeflateAgreement | undefined): void {
    const neededBytes =
      agreement?.serverTakeover === true ? inflaterBytes(agreement.serverWindowBits) : 0
    this.#compression.give(this.#reservedBytes - neededBytes)
    this.#reservedBytes = 0
  }

  /** Nothing came of it, if it is not settled. */
  withdraw(): void {
    this.#compression.give(this.#reservedBytes)
    this.#reservedBytes = 0
  }
}

/**
 * @param answer the endpoint's 101, its extensions being among those offered.
 * @throws GatewayError if the endpoint agreed to what was not offered.
 */
export function framingOf(
  facts: RequestFacts,
  answer: ResponseHead,
  { route, compression, offer }: FramingOptions,
): Framing {
  const { config } = offer
  const chosen = answer.fields.get(extensionsName)
  if (!config.framed) {
    const isCompressed = chosen !== undefined
    return {
      extensions: isCompressed && offer.mayMove ? withoutClientContext(chosen) : chosen,
      inbound: new FrameScanner(route.frameRules(true, isCompressed)),
      outbound: new FrameScanner(route.frameRules(false, isCompressed)),
    }
  }
  const terms = typeof config.compression === 'string' ? undefined : config.compression
  const upstream = agreeWithUpstream(chosen, offer)
  const client = terms && agreeWithClient(facts, terms, compression)
  // What comes in is a client's, what goes out a server's: that is how an agreement calls them at both ends.
  const how = terms && { ...terms, compression }
  return {
    extensions: client?.header,
    inbound: new FramedDirection({
      rules: route.frameRules(true, client !== undefined),
      inflate: client && inflateOptions(client.agreement, 'client', compression),
      deflate: how && upstream && deflateOptions(upstream, 'client', how),
    }),
    outbound: new FramedDirection({
      rules: route.frameRules(false, upstream !== undefined),
      inflate: upstream && inflateOptions(upstream, 'server', compression),
      deflate: how && client && deflateOptions(client.agreement, 'server', how),
    }),
  }
}

/** What an endpoint answered to the offer of extensions, the first one and now another. */
interface Agreed {
  readonly before: string | undefined
  readonly now: string | undefined
}

/**
 * For a session that goes on at another server, whose client knows nothing of that.
 * @throws GatewayError if what was agreed with the first server does not fit this one.
 */
export function renewalOf(
  { before, now }: Agreed,
  { route, compression, offer }: FramingOptions,
): Renewal {
  if (!offer.config.framed) {
    const misfit = passedMisfit(before && withoutClientContext(before), now)
    if (misfit !== undefined) throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', misfit)
    const rules = route.frameRules(false, now !== undefined)
    return { renew: () => new FrameScanner(rules), release() {} }
  }
  const agreement = agreeWithUpstream(now, offer)
  const inflate = agreement && inflateOptions(agreement, 'server', compression)
  const rules = route.frameRules(false, agreement !== undefined)
  const renewal: Renewal = {
    renew(direction) {
      if (direction instanceof FramedDirection) return direction.renewed(rules, inflate)
      throw new TypeError('A session does not become framed on its way')
    },
    release: () => new MessageReader(rules, inflate).release(),
  }
  const windowBits = readAgreement(before, offer, true)?.clientWindowBits ?? 0
  if (agreement?.clientWindowBits !== undefined && agreement.clientWindowBits >= windowBits)
    return renewal
  if (agreement === undefined && windowBits === 0) return renewal
  renewal.release()
  throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', 'it has agreed to another compression')
}

/** @returns what it has chosen of the gateway's offer; undefined if it speaks without compression. */
function agreeWithUpstream(
  chosen: string | undefined,
  offer: ExtensionOffer,
): DeflateAgreement | undefined {
  const agreement = readAgreement(chosen, offer)
  offer.settle(agreement)
  return agreement
}

function readAgreement(
  chosen: string | undefined,
  offer: ExtensionOffer,
  wasBefore = false,
): DeflateAgreement | undefined {
  const [extension] = parseExtensions(chosen ?? '') ?? []
  const agreement =
    extension &&
    offer.terms &&
    readAnswer(extension, wasBefore ? { ...offer.terms, serverTakeover: true } : offer.terms)
  if (typeof agreement === 'string') throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', agreement)
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

function offersIn(fields: HttpFields): Extension[] {
  const extensions = parseExtensions(fields.get(extensionsName) ?? '') ?? []
  return extensions.filter(({ name }) => name === 'permessage-deflate')
}
