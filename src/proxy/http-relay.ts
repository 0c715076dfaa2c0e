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
import type { ResponseHead } from '../wire/http-response.ts'
import { encodeAnswer, encodeInterim } from './answer.ts'
import { Attempts } from './attempts.ts'
import { OpenAnswer } from './engine-io-open.ts'
import { encodeRequest } from './forward.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route } from './route.ts'
import { stickinessOf, type Stickiness } from './stickiness.ts'
import { mayTrailAnswer, mayTrailRequest } from './trailers.ts'

/** Methods that may be sent twice without doing more than once (RFC 9110 §9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

interface RelayedRequest {
  readonly request: ClientRequest
  readonly facts: RequestFacts
  readonly route: Route
  readonly emit: Emit
}

/** @throws GatewayError, for the caller to answer with. */
export async function relayHttp(asked: RelayedRequest): Promise<void> {
  const { request, facts, route, emit } = asked
  const startedAtMs = performance.now()
  const pool = route.pickPool(facts)
  const stickiness = stickinessOf(facts, pool, false)
  facts.target = stickiness.target ?? facts.target
  const attempts = new Attempts({ pool, request: facts, isSession: false, stickiness, emit })
  const maySendTwice = idempotent.has(request.head.method) && request.isBodyRead
  const waiting = new AbortController()
  request.onGone = (error) => waiting.abort(error)
  let endpoint = await attempts.first(waiting.signal, Infinity)
  for (;;) {
    let next: Endpoint | undefined
    let isSent = false
    try {
      const onSend = () => (isSent = true)
      const asking = { ...asked, endpoint, stickiness, onSend, maySendTwice }
      const { connection, answer, dialMs } = await askEndpoint(asking)
      if (maySendTwice && attempts.mayRetryAfter(answer.status))
        next = attempts.next(endpoint, answer.status, !request.isOver)
      else attempts.answered(endpoint, answer.status, dialMs)
      if (next === undefined) {
        const onOver = () => endpoint.leave(false)
        const timing = { startedAtMs, dialMs }
        const from = { endpoint, upstream: pool.name, stickiness, connection }
        return relayAnswer({ ...asked, ...from, ...timing, answer, onOver })
      }
      connection.destroy()
    } catch (error) {
      if (error instanceof GatewayError) {
        // Somebody who has waited that long for a slow answer is not to wait for another one.
        const isLate = error.code === 'UPSTREAM_ANSWER_TIMEOUT'
        const mayRetry = (isSent ? maySendTwice && !isLate : true) && !request.isOver
        next = attempts.next(endpoint, error, mayRetry)
      }
      if (next === undefined) {
        endpoint.leave(false)
        throw attempts.failureFor(error)
      }
    }
    endpoint.leave(false)
    endpoint = next
  }
}

interface Asking extends RelayedRequest {
  readonly endpoint: Endpoint
  readonly stickiness: Stickiness<Endpoint>
  /** Whether asking twice does no more than asking once. */
  readonly maySendTwice: boolean
  /** The request is on its way: it may have been acted on. */
  onSend(): void
}

interface Asked {
  readonly connection: HttpConnection
  readonly answer: ResponseHead
  readonly dialMs: number | undefined
}

async function askEndpoint(asking: Asking): Promise<Asked> {
  const { request, facts, route, endpoint, stickiness, maySendTwice } = asking
  const head = encodeRequest(facts, endpoint, route, stickiness.opensSession)
  for (;;) {
    const dial = new AbortController()
    request.onGone = (error) => dial.abort(error)
    const diallingAtMs = performance.now()
    const connection = await endpoint.dialer.take(dial)
    const dialMs = connection.isReused ? undefined : performance.now() - diallingAtMs
    try {
      asking.onSend()
      return { connection, answer: await ask({ ...asking, connection, head }), dialMs }
    } catch (error) {
      connection.destroy()
      // An idle connection may have been closed while the request was on its way: ask again.
      const isStale =
        connection.isReused && error instanceof GatewayError && error.code === 'UPSTREAM_RESET'
      if (!isStale || !maySendTwice || request.isOver) throw error
    }
  }
}

interface SentRequest extends RelayedRequest {
  readonly connection: HttpConnection
  readonly endpoint: Endpoint
  /** The request's, as the endpoint gets it. */
  readonly head: Buffer
}

async function ask(sent: SentRequest): Promise<ResponseHead> {
  const { request, connection } = sent
  if (request.isOver) throw new GatewayError('CLIENT_GONE')
  request.onGone = (error) => connection.destroy(error)
  setSendTimeout(sent)
  connection.send(sent.head, request.head.method, {
    onInterim: (interim) => request.writeInterim(encodeInterim(interim)),
    onDrain: () => request.resumeBody(),
  })
  request.readBody(requestBody(sent))
  const answer = await connection.answer()
  if (answer.status === 101)
    throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', 'a 101 that nobody asked for')
  if (answer.body.kind === 'chunked' && request.head.minor === 0) {
    throw new GatewayError('UPSTREAM_MALFORMED', 'chunks in answer to an HTTP/1.0 request')
  }
  return answer
}

/** Of both sides: what each is slow to take pauses the other. */
function setSendTimeout({ request, connection, route }: AnswerRelay | SentRequest): void {
  const { sendMs } = route.config.timeout
  request.sendTimeoutMs = sendMs
  connection.stream.sendTimeoutMs = sendMs
}

function requestBody({ request, connection, endpoint, route }: SentRequest): BodySink {
  return {
    bodyOnData(bytes) {
      if (connection.write(bytes) > route.config.limits.pendingBytes) request.pauseBody()
    },
    bodyOnEnd() {
      connection.expectAnswer(endpoint.dialer.timeout.answerMs)
    },
    mayTrail: (name) => mayTrailRequest(name, route),
  }
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
  /** The answer has passed, or broken off. Not called where relaying it throws. */
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
