/**
 * Plain HTTP through the gateway: the request's body and the answer stream past each other as they
 * arrive, framing included, each held back when the other side is slow.
 */
import type { BodySink } from '../core/body.ts'
import { GatewayError } from '../core/errors.ts'
import type { Emit } from '../core/events.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { AnswerSink, HttpConnection } from '../upstream/http-connection.ts'
import type { Pool } from '../upstream/pool.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { encodeAnswer, encodeRequest } from './forward.ts'
import type { Route } from './route.ts'

/** Methods that may be sent twice without doing more than once (RFC 9110 §9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** @throws GatewayError, for the caller to answer with. */
export async function relayHttp(
  request: ClientRequest,
  route: Route,
  pool: Pool,
  emit: Emit,
): Promise<void> {
  const startedAtMs = performance.now()
  const endpoint = pool.pick()
  const mayRetry = idempotent.has(request.head.method) && request.isBodyRead
  for (;;) {
    const dial = new AbortController()
    request.onGone = (error) => dial.abort(error)
    const diallingAtMs = performance.now()
    const connection = await endpoint.take(dial)
    const dialMs = connection.isReused ? undefined : performance.now() - diallingAtMs
    try {
      const answer = await ask(request, connection, endpoint, route)
      return relayAnswer({
        request,
        connection,
        answer,
        endpoint,
        route,
        emit,
        startedAtMs,
        dialMs,
      })
    } catch (error) {
      connection.destroy()
      // An idle connection may have been closed while the request was on its way: ask again.
      const isStale =
        connection.isReused && error instanceof GatewayError && error.code === 'UPSTREAM_RESET'
      if (!isStale || !mayRetry || request.isOver) throw error
    }
  }
}

async function ask(
  request: ClientRequest,
  connection: HttpConnection,
  endpoint: Endpoint,
  route: Route,
): Promise<ResponseHead> {
  const { head, address } = request
  if (request.isOver) throw new GatewayError('CLIENT_GONE')
  request.onGone = (error) => connection.destroy(error)
  request.sendTimeoutMs = route.config.timeout.sendMs
  connection.stream.sendTimeoutMs = route.config.timeout.sendMs
  connection.send(encodeRequest(head, endpoint, address), head.method, {
    onInterim: (interim) => request.writeInterim(encodeAnswer(interim, true)),
    onDrain: () => request.resumeBody(),
  })
  request.readBody(requestBody(request, connection, endpoint, route))
  const answer = await connection.answer()
  if (answer.status === 101)
    throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', 'a 101 that nobody asked for')
  if (answer.body.kind === 'chunked' && head.minor === 0) {
    throw new GatewayError('UPSTREAM_MALFORMED', 'chunks in answer to an HTTP/1.0 request')
  }
  return answer
}

function requestBody(
  request: ClientRequest,
  connection: HttpConnection,
  endpoint: Endpoint,
  route: Route,
): BodySink {
  return {
    bodyOnData(bytes) {
      if (connection.write(bytes) > route.config.limits.pendingBytes) request.pauseBody()
    },
    bodyOnEnd() {
      connection.expectAnswer(endpoint.timeout.answerMs)
    },
  }
}

/** An answer whose head has come, on its way to the client. */
export interface AnswerRelay {
  readonly request: ClientRequest
  readonly connection: HttpConnection
  readonly answer: ResponseHead
  readonly endpoint: Endpoint
  readonly route: Route
  readonly emit: Emit
  readonly startedAtMs: number
  /** How long it took to open the connection; undefined where it was there. */
  readonly dialMs: number | undefined
}

/** Passes an answer on: head at once, body as it comes, the connection back to the endpoint. */
export function relayAnswer(relay: AnswerRelay): void {
  const { request, connection, answer } = relay
  const isKeptAlive = request.isKeptAlive && answer.body.kind !== 'until-close'
  request.onGone = (error) => connection.destroy(error)
  request.onDrain = () => connection.stream.resume()
  request.write(encodeAnswer(answer, isKeptAlive))
  connection.readBody(answerBody(relay, isKeptAlive))
}

function answerBody(relay: AnswerRelay, isKeptAlive: boolean): AnswerSink {
  const { request, connection, endpoint, route } = relay
  const { status } = relay.answer
  const { idleMs } = route.config.timeout
  // Without `timeout.idle` an answer may be silent for as long as it likes: event streams are.
  const idle = idleMs === undefined ? undefined : setTimeout(() => request.abort(), idleMs)
  const { onGone } = request
  request.onGone = (error) => {
    clearTimeout(idle)
    onGone?.(error)
    relay.emit(describeAnswer({ ...relay, status }))
  }
  return {
    bodyOnData(bytes) {
      idle?.refresh()
      if (request.write(bytes) > route.config.limits.pendingBytes) connection.stream.pause()
    },
    bodyOnEnd() {
      clearTimeout(idle)
      // An upstream may answer before it has read the request; then its connection is of no more use.
      if (request.isBodyRead) endpoint.give(connection)
      else connection.destroy()
      relay.emit(describeAnswer({ ...relay, status }))
      request.finish(isKeptAlive)
    },
    bodyOnFailure() {
      request.abort()
    },
  }
}

/** A request and how it was answered. */
export interface AnsweredRequest {
  readonly request: ClientRequest
  readonly route: Route
  /** Undefined for a route that answers by itself. */
  readonly endpoint: Endpoint | undefined
  readonly status: number
  readonly startedAtMs: number
  readonly dialMs?: number | undefined
}

export function describeAnswer(answered: AnsweredRequest): Parameters<Emit>[0] {
  const { request, route, endpoint, status, startedAtMs, dialMs } = answered
  const { head, listener, address } = request
  return {
    // An upgrade that an endpoint has answered, but not with 101.
    type: head.isUpgrade && endpoint !== undefined ? 'handshake-rejected' : 'request-answered',
    listener,
    route: route.config.name,
    upstream: endpoint === undefined ? undefined : route.pool?.name,
    endpoint: endpoint?.options.url,
    address,
    method: head.method,
    host: head.host,
    path: head.path,
    status,
    dialMs,
    durationMs: performance.now() - startedAtMs,
  }
}
