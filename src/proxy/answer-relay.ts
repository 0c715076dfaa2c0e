/**
 * An endpoint's answer on its way to the client: head at once, body as it comes, and the connection back
 * to whoever keeps it for the next request.
 */
import type { Emit } from '../core/events.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { AnswerSink, HttpConnection } from '../upstream/http-connection.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { encodeAnswer } from './answer.ts'
import { OpenAnswer } from './engine-io-open.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route } from './route.ts'
import type { Stickiness } from './stickiness.ts'
import { mayTrailAnswer } from './trailers.ts'

export interface RelayedRequest {
  readonly request: ClientRequest
  readonly facts: RequestFacts
  readonly route: Route
  readonly emit: Emit
}

/** An answer whose head has come, on its way to the client. */
export interface AnswerRelay extends RelayedRequest {
  readonly connection: HttpConnection
  readonly answer: ResponseHead
  readonly endpoint: Endpoint
  /** The endpoint's. */
  readonly upstream: string
  readonly stickiness: Stickiness<Endpoint>
  readonly startedAtMs: number
  /** How long it took to open the connection; undefined where it was there. */
  readonly dialMs: number | undefined
  /** The answer has passed, or broken off; may be called more than once. */
  readonly onOver: () => void
}

/** Passes an answer on: head at once, body as it comes, the connection back to the endpoint. */
export function relayAnswer(relay: AnswerRelay): void {
  const { request, facts, route, connection, answer, endpoint, stickiness } = relay
  const isKeptAlive = request.isKeptAlive && answer.body.kind !== 'until-close'
  setSendTimeout(relay)
  request.onGone = (error) => connection.destroy(error)
  request.onDrain = () => connection.stream.resume()
  // An endpoint that fails is no place to come back to.
  const cookie = answer.status < 500 ? stickiness.cookieFor(endpoint) : undefined
  const sendHead = (head: ResponseHead) =>
    void request.write(encodeAnswer(head, { facts, route, isKeptAlive, cookie }))
  if (stickiness.opensSession) {
    const sink = answerBody(relay, isKeptAlive)
    return connection.readBody(new OpenAnswer({ answer, tag: endpoint.tag, sendHead, sink }))
  }
  sendHead(answer)
  connection.readBody(answerBody(relay, isKeptAlive))
}

/** Of both sides: what each is slow to take pauses the other. */
export function setSendTimeout({
  request,
  connection,
  route,
}: Pick<AnswerRelay, 'request' | 'connection' | 'route'>): void {
  const { sendMs } = route.config.timeout
  request.sendTimeoutMs = sendMs
  connection.stream.sendTimeoutMs = sendMs
}

function answerBody(relay: AnswerRelay, isKeptAlive: boolean): AnswerSink {
  const { request, connection, endpoint, route } = relay
  const { listener } = request
  const { status } = relay.answer
  const { idleMs } = route.config.timeout
  // Without `timeout.idle` an answer may be silent for as long as it likes: event streams are.
  const idle = idleMs === undefined ? undefined : setTimeout(() => request.abort(), idleMs)
  const { onGone } = request
  request.onGone = (error) => {
    clearTimeout(idle)
    onGone?.(error)
    relay.onOver()
    relay.emit(describeAnswer({ ...relay, listener, status }))
  }
  return {
    bodyOnData(bytes) {
      idle?.refresh()
      if (request.write(bytes) > route.config.limits.pendingBytes) connection.stream.pause()
    },
    bodyOnEnd() {
      clearTimeout(idle)
      // An upstream may answer before it has read the request; then its connection is of no more use.
      if (request.isBodyRead) endpoint.dialer.give(connection)
      else connection.destroy()
      relay.onOver()
      relay.emit(describeAnswer({ ...relay, listener, status }))
      request.finish(isKeptAlive)
    },
    bodyOnFailure() {
      request.abort()
    },
    mayTrail: (name) => mayTrailAnswer(name, route),
  }
}

/** A request and how it was answered. */
export interface AnsweredRequest {
  readonly facts: RequestFacts
  readonly listener: string
  readonly route: Route | undefined
  /** Undefined where the gateway answers by itself. */
  readonly endpoint?: Endpoint
  readonly upstream?: string
  readonly status: number
  readonly startedAtMs: number
  readonly dialMs?: number | undefined
}

export function describeAnswer(answered: AnsweredRequest): Parameters<Emit>[0] {
  const { facts, listener, route, endpoint, upstream, status, startedAtMs, dialMs } = answered
  const { head, address } = facts
  return {
    // An upgrade that an endpoint has answered, but not with 101.
    type: head.isUpgrade && endpoint !== undefined ? 'handshake-rejected' : 'request-answered',
    listener,
    route: route?.config.name,
    upstream,
    endpoint: endpoint?.url,
    address,
    method: head.method,
    host: head.host,
    path: head.path,
    request: facts.requestId,
    status,
    dialMs,
    durationMs: performance.now() - startedAtMs,
  }
}
