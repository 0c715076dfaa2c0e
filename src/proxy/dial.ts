/**
 * From a pool to an answered handshake: an endpoint is chosen and asked, and where it fails before it has
 * agreed to anything, another. All of it together takes at most `timeout.handshake`.
 */
import { GatewayError } from '../core/errors.ts'
import type { Emit } from '../core/events.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { HttpConnection } from '../upstream/http-connection.ts'
import type { Pool } from '../upstream/pool.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { Attempts, goneSignal, type FromEndpoint } from './attempts.ts'
import { encodeUpgrade } from './forward.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route } from './route.ts'
import { stickinessOf, type Stickiness } from './stickiness.ts'

export interface DialOptions {
  readonly request: ClientRequest
  readonly facts: RequestFacts
  readonly route: Route
  readonly pool: Pool
  /** Of extensions. */
  readonly offers: readonly string[]
  readonly startedAtMs: number
  readonly emit: Emit
}

/** An endpoint that has answered. Whoever gets it leaves the endpoint, and ends the connection. */
export interface Dialled extends FromEndpoint {
  readonly stickiness: Stickiness<Endpoint>
  readonly connection: HttpConnection
  readonly answer: ResponseHead
  /** How long it took to connect. */
  readonly dialMs: number
}

/** @throws GatewayError; then nothing is left behind. */
export async function dialUpstream(options: DialOptions): Promise<Dialled> {
  const { request, facts, pool, emit } = options
  const stickiness = stickinessOf(facts, pool, true)
  facts.target = stickiness.target ?? facts.target
  const attempts = new Attempts({ pool, request: facts, isSession: true, stickiness, emit })
  const answered = await attempts.answer({
    signal: () => goneSignal(request),
    limitMs: leftMs(options),
    ask: (endpoint, isLast) => ask(endpoint, options, isLast),
    mayRepeat: () => leftMs(options) > 0,
  })
  return { ...answered, stickiness }
}

type Answered = Pick<Dialled, 'connection' | 'answer' | 'dialMs'>

async function ask(endpoint: Endpoint, options: DialOptions, isLast: boolean): Promise<Answered> {
  const { request, facts, route, offers } = options
  const head = encodeUpgrade(facts, endpoint, route, { offers })
  const { dialer } = endpoint
  const { connectMs, answerMs } = dialer.timeout
  const halfMs = route.config.timeout.handshakeMs / 2
  const diallingAtMs = performance.now()
  // While there is another to ask, one that says nothing must leave it half of the time.
  const untilMs = isLast ? Infinity : diallingAtMs + halfMs
  const limitMs = (givenMs: number) =>
    Math.max(0, Math.min(leftMs(options), untilMs - performance.now(), givenMs))
  // One that gets what others have left of the time is not to blame if that is too little: less than half of
  // it, and less than its upstream gives.
  const hasShare = leftMs(options) >= halfMs
  const isFair = (givenMs: number) => hasShare || leftMs(options) >= givenMs
  const dial = new AbortController()
  request.onGone = (error) => dial.abort(error)
  if (request.isOver) throw new GatewayError('CLIENT_GONE')
  const connection = await dialer.connect(
    dial,
    limitMs(connectMs),
    isFair(connectMs) ? 'UPSTREAM_CONNECT_TIMEOUT' : 'HANDSHAKE_TIMEOUT',
  )
  const dialMs = performance.now() - diallingAtMs
  request.onGone = (error) => connection.destroy(error)
  connection.send(head, 'GET', {})
  connection.expectAnswer(
    limitMs(answerMs),
    isFair(answerMs) ? 'UPSTREAM_ANSWER_TIMEOUT' : 'HANDSHAKE_TIMEOUT',
  )
  return { connection, answer: await connection.answer(), dialMs }
}

function leftMs({ route, startedAtMs }: DialOptions): number {
  return Math.max(0, startedAtMs + route.config.timeout.handshakeMs - performance.now())
}
