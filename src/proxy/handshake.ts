/**
 * Takes an upgrade from "matched" to "session open", or refuses it.
 *
 * The upstream is dialled before the client is answered: the client gets the upstream's own status,
 * headers and subprotocol, never a socket that opens and dies at once (decisions/003).
 */
import { GatewayError } from '../core/errors.ts'
import type { Emit, SessionEnd } from '../core/events.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { HttpConnection } from '../upstream/http-connection.ts'
import type { Pool } from '../upstream/pool.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { offeredSubprotocols, switchFault, upgradeFault } from '../wire/websocket-handshake.ts'
import { encodeSwitch } from './answer.ts'
import { compressionOffers, encodeUpgrade } from './forward.ts'
import { relayAnswer } from './http-relay.ts'
import { originFault } from './origin.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route } from './route.ts'
import { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

export interface HandshakeRequest {
  readonly request: ClientRequest
  readonly facts: RequestFacts
  readonly route: Route
  readonly sessions: Sessions
  readonly emit: Emit
}

interface Handshake extends HandshakeRequest {
  readonly endpoint: Endpoint
  readonly startedAtMs: number
}

/** @throws GatewayError, for the caller to answer with. */
export async function handshake(asked: HandshakeRequest): Promise<void> {
  const { facts, route } = asked
  facts.session = Bun.randomUUIDv7('base64url')
  const endpoint = admit(facts, route).pick()
  const attempt: Handshake = { ...asked, endpoint, startedAtMs: performance.now() }
  let session: Session | undefined
  // Counted before it is open, so that a burst of handshakes cannot pass the limit together.
  route.sessions++
  try {
    const { connection, answer } = await dial(attempt)
    if (answer.status === 101) session = openSession(attempt, connection, answer)
    else relayAnswer({ ...attempt, connection, answer })
  } finally {
    if (session === undefined) route.sessions--
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
  const foreign = originFault(facts, route.config.origins)
  if (foreign !== undefined) throw new GatewayError('ORIGIN_NOT_ALLOWED', foreign)
  if (route.isFull) throw new GatewayError('TOO_MANY_SESSIONS')
  const pool = route.pickPool(facts)
  if (!pool.isWebSocket) throw new GatewayError('UPGRADE_NOT_POSSIBLE')
  return pool
}

/** Asks the endpoint. All of it together takes at most `timeout.handshake`. */
async function dial(
  attempt: Handshake,
): Promise<{ connection: HttpConnection; answer: ResponseHead }> {
  const { request, facts, route, endpoint } = attempt
  const { handshakeMs } = route.config.timeout
  const head = encodeUpgrade(facts, endpoint, route)
  const attemptToConnect = new AbortController()
  request.onGone = (error) => attemptToConnect.abort(error)
  const connection = await endpoint.connect(attemptToConnect, handshakeMs)
  request.onGone = (error) => connection.destroy(error)
  connection.send(head, 'GET', {})
  const leftMs = attempt.startedAtMs + handshakeMs - performance.now()
  connection.expectAnswer(Math.min(leftMs, endpoint.timeout.answerMs))
  return { connection, answer: await connection.answer() }
}

function openSession(
  attempt: Handshake,
  connection: HttpConnection,
  answer: ResponseHead,
): Session {
  const { request, facts, route, endpoint, sessions, emit, startedAtMs } = attempt
  const { head, address, session: id } = facts
  const fault = switchFault(answer, {
    key: head.fields.get('sec-websocket-key') ?? '',
    subprotocols: offeredSubprotocols(head.fields),
    extensions: compressionOffers(facts, route).length > 0 ? ['permessage-deflate'] : [],
  })
  const client = fault === undefined ? request.takeOver() : undefined
  if (client === undefined) {
    connection.destroy()
    throw new GatewayError(fault === undefined ? 'CLIENT_GONE' : 'UPSTREAM_BAD_HANDSHAKE', fault)
  }
  client.write(encodeSwitch(answer, facts, route))
  const session = new Session({
    id,
    route,
    client,
    upstream: connection.stream,
    isCompressed: answer.fields.get('sec-websocket-extensions') !== undefined,
    onClose(session: Session, end: SessionEnd) {
      route.sessions--
      sessions.delete(session)
      const { inbound, outbound } = session
      const durationMs = performance.now() - session.openedAtMs
      emit({
        type: 'session-closed',
        session: id,
        route: route.config.name,
        end,
        durationMs,
        inbound,
        outbound,
      })
    },
  })
  sessions.add(session)
  emit({
    type: 'session-opened',
    session: id,
    route: route.config.name,
    endpoint: endpoint.options.url,
    address,
    host: head.host,
    path: head.path,
    subprotocol: answer.fields.get('sec-websocket-protocol'),
    handshakeMs: performance.now() - startedAtMs,
  })
  session.begin(connection.takeOver(), connection.hasEnded)
  return session
}
