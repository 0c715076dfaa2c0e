/**
 * Takes an upgrade from "matched" to "session open", or refuses it.
 *
 * The upstream is dialled before the client is answered: the client gets the upstream's own status,
 * headers and subprotocol, never a socket that opens and dies at once (decisions/003).
 */
import { GatewayError } from '../core/errors.ts'
import type { Emit, SessionFacts } from '../core/events.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { HttpConnection } from '../upstream/http-connection.ts'
import { publicSubprotocol } from '../telemetry/subprotocol.ts'
import type { Pool } from '../upstream/pool.ts'
import type { RequestHead } from '../wire/http-request.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { offeredSubprotocols, switchFault, upgradeFault } from '../wire/websocket-handshake.ts'
import { compressionOffers, encodeSwitch, encodeUpgrade } from './forward.ts'
import { relayAnswer } from './http-relay.ts'
import type { Route } from './route.ts'
import { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

interface Handshake {
  readonly id: string
  readonly request: ClientRequest
  readonly route: Route
  readonly endpoint: Endpoint
  readonly upstream: string
  readonly startedAtMs: number
  /** From the start to a connection. */
  dialMs: number
}

/** @throws GatewayError, for the caller to answer with. */
export async function handshake(
  request: ClientRequest,
  route: Route,
  sessions: Sessions,
  emit: Emit,
): Promise<void> {
  const pool = admit(request.head, route)
  const endpoint = pool.pick()
  const id = Bun.randomUUIDv7('base64url')
  const attempt: Handshake = {
    id,
    request,
    route,
    endpoint,
    upstream: pool.name,
    startedAtMs: performance.now(),
    dialMs: 0,
  }
  let session: Session | undefined
  // Counted before it is open, so that a burst of handshakes cannot pass the limit together.
  const full = route.sessions.enter(request.address)
  if (full === 'total') throw new GatewayError('TOO_MANY_SESSIONS')
  if (full === 'client') throw new GatewayError('TOO_MANY_SESSIONS_OF_CLIENT')
  try {
    const { connection, answer } = await dial(attempt)
    if (answer.status === 101) session = openSession(attempt, connection, answer, sessions, emit)
    else
      relayAnswer({
        request,
        connection,
        answer,
        endpoint,
        route,
        emit,
        startedAtMs: attempt.startedAtMs,
        dialMs: attempt.dialMs,
      })
  } finally {
    if (session === undefined) route.sessions.leave(request.address)
  }
}

/** What can be said of a handshake without asking anybody. */
function admit(head: RequestHead, route: Route): Pool {
  const { pool } = route
  const fault = upgradeFault(head)
  if (fault !== undefined) throw new GatewayError('MALFORMED_UPGRADE', fault)
  if (pool?.isWebSocket !== true) throw new GatewayError('UPGRADE_NOT_POSSIBLE')
  if (head.fields.get('sec-websocket-version') !== '13') throw new GatewayError('WEBSOCKET_VERSION')
  if (!route.allowsOrigin(head.fields.get('origin'))) throw new GatewayError('ORIGIN_NOT_ALLOWED')
  return pool
}

/** Asks the endpoint. All of it together takes at most `timeout.handshake`. */
async function dial(
  attempt: Handshake,
): Promise<{ connection: HttpConnection; answer: ResponseHead }> {
  const { id, request, route, endpoint } = attempt
  const { handshakeMs } = route.config.timeout
  const attemptToConnect = new AbortController()
  request.onGone = (error) => attemptToConnect.abort(error)
  const connection = await endpoint.connect(attemptToConnect, handshakeMs)
  attempt.dialMs = performance.now() - attempt.startedAtMs
  request.onGone = (error) => connection.destroy(error)
  connection.send(encodeUpgrade(request.head, endpoint, request.address, id), 'GET', {})
  const leftMs = attempt.startedAtMs + handshakeMs - performance.now()
  connection.expectAnswer(Math.min(leftMs, endpoint.timeout.answerMs))
  return { connection, answer: await connection.answer() }
}

function openSession(
  attempt: Handshake,
  connection: HttpConnection,
  answer: ResponseHead,
  sessions: Sessions,
  emit: Emit,
): Session {
  const { id, request, route, startedAtMs, dialMs } = attempt
  const { head } = request
  const fault = switchFault(answer, {
    key: head.fields.get('sec-websocket-key') ?? '',
    subprotocols: offeredSubprotocols(head.fields),
    extensions: compressionOffers(head.fields).length > 0 ? ['permessage-deflate'] : [],
  })
  const client = fault === undefined ? request.takeOver() : undefined
  if (client === undefined) {
    connection.destroy()
    throw new GatewayError(fault === undefined ? 'CLIENT_GONE' : 'UPSTREAM_BAD_HANDSHAKE', fault)
  }
  client.write(encodeSwitch(answer, id))
  const facts = factsOf(attempt, answer)
  const session = new Session({
    id,
    route,
    facts,
    client,
    upstream: connection.stream,
    isCompressed: answer.fields.get('sec-websocket-extensions') !== undefined,
    onClose: sessions.onClose,
  })
  sessions.add(session)
  emit({
    type: 'session-opened',
    session: id,
    route: route.config.name,
    ...facts,
    dialMs,
    handshakeMs: performance.now() - startedAtMs,
  })
  session.begin(connection.takeOver(), connection.hasEnded)
  return session
}

/** What is kept of the request. Parts of the head are copied: a piece of a string keeps the whole alive. */
function factsOf({ request, endpoint, upstream }: Handshake, answer: ResponseHead): SessionFacts {
  const { head, listener, client } = request
  return {
    listener,
    upstream,
    endpoint: endpoint.options.url,
    address: client.address,
    host: copyOf(head.host),
    path: copyOf(head.path),
    subprotocol: publicSubprotocol(answer.fields.get('sec-websocket-protocol')),
    certificate: client.certificate?.subject,
  }
}

function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
