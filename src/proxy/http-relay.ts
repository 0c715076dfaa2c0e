/**
 * Plain HTTP through the gateway: the request's body and the answer stream past each other as they
 * arrive, framing included, each held back when the other side is slow. The answer's way back is in
 * `answer-relay`.
 */
import type { BodySink } from '../core/body.ts'
import { GatewayError } from '../core/errors.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { HttpConnection } from '../upstream/http-connection.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { relayAnswer, setSendTimeout, type RelayedRequest } from './answer-relay.ts'
import { encodeInterim } from './answer.ts'
import { Attempts, goneSignal, leaver, type EndpointAnswer } from './attempts.ts'
import { encodeRequest } from './forward.ts'
import { stickinessOf, type Stickiness } from './stickiness.ts'
import { mayTrailRequest } from './trailers.ts'

/** Methods that may be sent twice without doing more than once (RFC 9110 §9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** @throws GatewayError, for the caller to answer with. */
export async function relayHttp(asked: RelayedRequest): Promise<void> {
  const { request, facts, route, emit } = asked
  const startedAtMs = performance.now()
  const pool = route.pickPool(facts)
  const stickiness = stickinessOf(facts, pool, false)
  facts.target = stickiness.target ?? facts.target
  const attempts = new Attempts({ pool, request: facts, isSession: false, stickiness, emit })
  const maySendTwice = idempotent.has(request.head.method) && request.isBodyRead
  const asking = new Asking({ ...asked, stickiness, maySendTwice })
  const answered = await attempts.answer({
    signal: () => goneSignal(request),
    limitMs: Infinity,
    ask: (endpoint) => asking.ask(endpoint),
    mayRepeat: (error) => asking.mayRepeat(error),
  })
  const onOver = leaver(answered.endpoint, false)
  try {
    relayAnswer({ ...asked, ...answered, upstream: pool.name, stickiness, startedAtMs, onOver })
  } catch (error) {
    answered.connection.destroy()
    onOver()
    throw error
  }
}

interface AskingOptions extends RelayedRequest {
  readonly stickiness: Stickiness<Endpoint>
  /** Whether asking twice does no more than asking once. */
  readonly maySendTwice: boolean
}

/** One request, as it is asked of endpoints. */
class Asking {
  readonly #options: AskingOptions
  /** It is on its way: it may have been acted on. */
  #isSent = false

  constructor(options: AskingOptions) {
    this.#options = options
  }

  async ask(endpoint: Endpoint): Promise<EndpointAnswer> {
    const { request, facts, route, stickiness, maySendTwice } = this.#options
    const head = encodeRequest(facts, endpoint, route, stickiness.opensSession)
    for (;;) {
      const dial = new AbortController()
      request.onGone = (error) => dial.abort(error)
      const diallingAtMs = performance.now()
      const connection = await endpoint.dialer.take(dial)
      const dialMs = connection.isReused ? undefined : performance.now() - diallingAtMs
      try {
        this.#isSent = true
        const answer = await ask({ ...this.#options, endpoint, connection, head })
        return { connection, answer, dialMs }
      } catch (error) {
        connection.destroy()
        // An idle connection may have been closed while the request was on its way: ask again.
        const isStale =
          connection.isReused && error instanceof GatewayError && error.code === 'UPSTREAM_RESET'
        if (!isStale || !maySendTwice || request.isOver) throw error
      }
    }
  }

  /** Somebody who has waited for a slow answer until it was too late is not to wait for another one. */
  mayRepeat(error: GatewayError | undefined): boolean {
    const { request, maySendTwice } = this.#options
    const isLate = error?.code === 'UPSTREAM_ANSWER_TIMEOUT'
    return (!this.#isSent || (maySendTwice && !isLate)) && !request.isOver
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
