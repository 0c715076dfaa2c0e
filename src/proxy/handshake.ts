/**
 * Takes an upgrade from "matched" to "session open", or refuses it.
 *
 * The upstream is dialled before the client is answered: the client gets the upstream's own status,
 * headers and subprotocol, never a socket that opens and dies at once (decisions/003).
 */
import type { ByteStream } from '../core/byte-stream.ts'
import { GatewayError } from '../core/errors.ts'
import type { Emit, SessionFacts } from '../core/events.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import { publicSubprotocol } from '../telemetry/subprotocol.ts'
import type { Pool } from '../upstream/pool.ts'
import type { Compression } from '../wire/compression.ts'
import { offeredSubprotocols, switchFault, upgradeFault } from '../wire/websocket-handshake.ts'
import { encodeSwitch } from './answer.ts'
import { dialUpstream, type Dialled } from './dial.ts'
import { ExtensionOffer, framingOf, type Framing } from './framing.ts'
import { relayAnswer } from './answer-relay.ts'
import { leaver } from './attempts.ts'
import { KeptRequest } from './failover/kept-request.ts'
import { originFault } from './origin.ts'
import type { Quota } from './quota.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route, RouteTerms } from './route.ts'
import { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

export interface HandshakeRequest {
  readonly request: ClientRequest
  readonly facts: RequestFacts
  readonly route: Route
  readonly sessions: Sessions
  readonly compression: Compression
  /** The handshakes of the listener. */
  readonly underWay: Quota | undefined
  readonly emit: Emit
}

interface Handshake extends HandshakeRequest {
  readonly pool: Pool
  /** Of the route when the request came: they hold for the session, whatever the route says meanwhile. */
  readonly terms: RouteTerms
  readonly offer: ExtensionOffer
  readonly startedAtMs: number
}

/** One that an endpoint has answered. */
interface AnsweredHandshake extends Handshake, Dialled {}

/** @throws GatewayError, for the caller to answer with. */
export async function handshake(asked: HandshakeRequest): Promise<void> {
  const { facts, route, underWay } = asked
  facts.session = Bun.randomUUIDv7('base64url')
  const pool = admit(facts, route)
  if (underWay?.enter(facts.address) !== undefined) throw new GatewayError('TOO_MANY_HANDSHAKES')
  const { terms } = route
  const offer = new ExtensionOffer(facts, terms, asked.compression, pool.mayMove)
  try {
    await enterRoute({ ...asked, pool, terms, offer, startedAtMs: performance.now() })
  } finally {
    offer.withdraw()
    underWay?.leave(facts.address)
  }
}

/** Counted before it is a session, so that a burst of handshakes cannot pass the limit together. */
async function enterRoute(attempt: Handshake): Promise<void> {
  const { facts, route } = attempt
  const full = route.sessions.enter(facts.address)
  if (full === 'total') throw new GatewayError('TOO_MANY_SESSIONS')
  if (full === 'client') throw new GatewayError('TOO_MANY_SESSIONS_OF_CLIENT')
  route.handshakes.add(facts)
  let session: Session | undefined
  try {
    const dialled = await dialUpstream({ ...attempt, offers: attempt.offer.texts })
    const answered = { ...attempt, ...dialled }
    session = joinUpstream(answered)
    if (session !== undefined) openSession(answered, session)
  } catch (error) {
    // Until it is open nobody else would close what it holds.
    session?.destroy()
    throw error
  } finally {
    route.handshakes.delete(facts)
    if (session === undefined) route.sessions.leave(facts.address)
  }
}

/** @returns the session, where the endpoint has agreed to one; else the client gets the endpoint's answer. */
function joinUpstream(answered: AnsweredHandshake): Session | undefined {
  const { endpoint, connection, answer, pool } = answered
  const onOver = leaver(endpoint, true)
  try {
    if (answer.status === 101) return joinSession(answered)
    relayAnswer({ ...answered, upstream: pool.name, onOver })
    return undefined
  } catch (error) {
    connection.destroy()
    onOver()
    throw error
  }
}

/**
 * What can be said of a handshake without asking anybody.
 * @returns where it goes. @throws GatewayError if it is not let in.
 */
export function admit(facts: RequestFacts, route: Route): Pool {
  const { head } = facts
  const fault = upgradeFault(head)
  if (fault !== undefined) throw new GatewayError('MALFORMED_UPGRADE', fault)
  if (head.fields.get('sec-websocket-version') !== '13') throw new GatewayError('WEBSOCKET_VERSION')
  const foreign = originFault(facts, route.config.origins, route.ownCookies)
  if (foreign !== undefined) throw new GatewayError('ORIGIN_NOT_ALLOWED', foreign)
  const pool = route.pickPool(facts)
  if (!pool.isWebSocket) throw new GatewayError('UPGRADE_NOT_POSSIBLE')
  return pool
}

/** Answers the client, whose stream is the session's from then on. @throws GatewayError where it cannot be. */
function joinSession(attempt: AnsweredHandshake): Session {
  const { request, facts, route, terms, pool, sessions, endpoint, connection, answer } = attempt
  const { head, session: id } = facts
  const fault = switchFault(answer, {
    key: head.fields.get('sec-websocket-key') ?? '',
    subprotocols: offeredSubprotocols(head.fields),
    extensions: attempt.offer.texts.length > 0 ? ['permessage-deflate'] : [],
  })
  if (fault !== undefined) throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', fault)
  const framing = framingOf(facts, answer, attempt)
  const mayMove = attempt.offer.mayMove && pool.mayMove
  let client: ByteStream | undefined
  try {
    // What fails before the client is taken over can still be answered.
    const cookie = attempt.stickiness.cookieFor(endpoint)
    const { extensions } = framing
    const switching = encodeSwitch(answer, { facts, route, extensions, cookie })
    const sessionFacts = factsOf(attempt, framing)
    client = request.takeOver()
    if (client === undefined) throw new GatewayError('CLIENT_GONE')
    client.write(switching)
    return new Session({
      id,
      route,
      pool,
      endpoint,
      facts: sessionFacts,
      client,
      upstream: connection.stream,
      directions: framing,
      // By what it was offered a session whose upstream has been told so since could not go on elsewhere.
      redialler: mayMove ? new KeptRequest(facts, answer, terms, sessions) : undefined,
      host: sessions,
    })
  } catch (error) {
    framing.inbound.release()
    framing.outbound.release()
    client?.destroy()
    throw error
  }
}

/** Makes it known, then lets it run. */
function openSession(attempt: AnsweredHandshake, session: Session): void {
  const { connection, route, sessions, emit, startedAtMs, dialMs } = attempt
  sessions.add(session)
  emit({
    type: 'session-opened',
    session: session.id,
    route: route.config.name,
    ...session.facts,
    dialMs,
    handshakeMs: performance.now() - startedAtMs,
  })
  session.begin(connection.takeOver(), connection.hasEnded)
}

/** What is kept of the request. Parts of the head are copied: a piece of a string keeps the whole alive. */
function factsOf(attempt: AnsweredHandshake, framing: Framing): SessionFacts {
  const { request, facts, terms, endpoint, pool, answer } = attempt
  const { head, listener, client } = request
  return {
    listener,
    upstream: pool.name,
    endpoint: endpoint.url,
    address: facts.address,
    host: copyOf(head.host),
    path: copyOf(head.path),
    subprotocol: publicSubprotocol(answer.fields.get('sec-websocket-protocol')),
    compression: compressionOf(framing, terms),
    certificate: client.certificate?.subject,
    certificateNames: client.certificate?.alternativeNames,
    request: facts.requestId,
  }
}

/** In a tunnel the words are those of others. */
function compressionOf({ extensions }: Framing, { config }: RouteTerms): string | undefined {
  return extensions === undefined || config.framed ? extensions : 'end to end'
}

function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
