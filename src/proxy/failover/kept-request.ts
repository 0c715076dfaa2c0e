/**
 * What is kept of a session's handshake so that other servers can be asked to take the session over: the
 * request as the client sent it, as text, and what the client was told.
 */
import type { ClientInfo } from '../../core/client-info.ts'
import type { Clock } from '../../core/clock.ts'
import { errorRow, GatewayError } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import { PathPattern, pathSegments } from '../../route/path-pattern.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'
import type { HttpConnection } from '../../upstream/http-connection.ts'
import type { Pool } from '../../upstream/pool.ts'
import type { Compression } from '../../wire/compression.ts'
import { encodeHead } from '../../wire/http-fields.ts'
import { HeadReader } from '../../wire/http-head.ts'
import { readRequestHead } from '../../wire/http-request.ts'
import type { ResponseHead } from '../../wire/http-response.ts'
import { offeredSubprotocols, switchFault } from '../../wire/websocket-handshake.ts'
import { blame } from '../attempts.ts'
import { encodeUpgrade } from '../forward.ts'
import { ExtensionOffer, renewalOf } from '../framing.ts'
import { isHopByHop } from '../hop-by-hop.ts'
import type { MovingSession } from './moving-session.ts'
import {
  RedialRefusal,
  type NextServer,
  type Redial,
  type Redialler,
  type Renewal,
  type Search,
} from './redialler.ts'
import { RequestFacts } from '../request-facts.ts'
import type { RouteTerms } from '../route.ts'

/** What all of them share. */
export interface KeptRequestHost {
  readonly compression: Compression
  readonly clock: Clock
  readonly emit: Emit
}

/** An endpoint gets at most so long to connect and answer where there are others to ask; each round twice as long. */
const firstRoundMs = 2_000
/** It was read before, and is bounded by the listener. */
const noLimits = { headBytes: Infinity, headers: Infinity }

export class KeptRequest implements Redialler {
  readonly #host: KeptRequestHost
  readonly #terms: RouteTerms
  /** Start line and fields, without those of the one connection. */
  readonly #head: string
  readonly #client: ClientInfo
  readonly #subprotocol: string | undefined
  /** `Sec-WebSocket-Extensions` of the first server. */
  readonly #extensions: string | undefined

  constructor(facts: RequestFacts, answer: ResponseHead, terms: RouteTerms, host: KeptRequestHost) {
    this.#host = host
    this.#terms = terms
    this.#head = textOf(facts)
    this.#client = facts.client
    // A part of a string keeps the whole of it alive.
    this.#subprotocol = copyOf(answer.fields.get('sec-websocket-protocol'))
    this.#extensions = copyOf(answer.fields.get('sec-websocket-extensions'))
  }

  placeNow(session: MovingSession): Endpoint | undefined {
    const { pool, endpoint } = session
    return pool.hasPlaces ? pool.placeOf(this.#factsOf(session), endpoint) : undefined
  }

  async redial(options: Redial): Promise<NextServer> {
    // Whoever has a server does not wait for one.
    if (!options.isPatient) return this.#find(options)
    return options.session.pool.redialGate.during(() => this.#find(options))
  }

  async #find(options: Redial): Promise<NextServer> {
    const { session, isPatient, search } = options
    const { redialGate, options: pool } = session.pool
    const facts = this.#factsOf(session)
    let attemptMs = Math.min(firstRoundMs, pool.failover.waitMs / 4)
    for (;;) {
      search.throwIfOver()
      if (isPatient) await redialGate.enter(() => signalOf(search))
      search.throwIfOver()
      const { next, hasAnswered, lack } = await this.#askEach(facts, options, attemptMs)
      if (next !== undefined || hasAnswered) redialGate.open()
      if (next !== undefined) return next
      if (!isPatient) throw lack ?? new GatewayError('NO_ENDPOINT', 'no other endpoint takes it')
      // Where servers answer, and only do not fit this session, others need not wait behind it.
      if (hasAnswered) await pause(search, this.#host.clock)
      else redialGate.failed()
      attemptMs *= 2
    }
  }

  /** Each endpoint once; the one it comes from only where it is patient, and then last. */
  async #askEach(
    facts: RequestFacts,
    { session, to, moves, isPatient, search }: Redial,
    attemptMs: number,
  ): Promise<Outcome> {
    const { pool } = session
    // What is at its address now: that may be another object.
    const from = pool.endpoint(session.endpoint.url) ?? session.endpoint
    const tried: Endpoint[] = [from]
    let hasAskedFrom = !isPatient
    let hasAnswered = false
    let lack: GatewayError | undefined
    // One that hangs must not take the time of those that may be back in a moment.
    const limitMs = isPatient && pool.size === 1 ? Infinity : attemptMs
    for (;;) {
      const endpoint = enter(pool, facts, to, tried)
      if (endpoint === undefined) {
        if (hasAskedFrom) return { next: undefined, hasAnswered, lack }
        hasAskedFrom = true
        tried.splice(tried.indexOf(from), 1)
        continue
      }
      const moved = { moves, from: from.url }
      const asked = { session, facts, endpoint, moved, attemptMs: limitMs, search }
      const outcome = await this.#ask(asked)
      if (outcome.next !== undefined) return outcome
      hasAnswered ||= outcome.hasAnswered
      lack ??= outcome.lack
      tried.push(endpoint)
    }
  }

  /** Who asked has left the endpoint where it has not agreed. @throws RedialRefusal of a 4xx, and why the search is over. */
  async #ask(asked: Asked): Promise<Outcome> {
    const { session, endpoint, search } = asked
    const { emit, clock } = this.#host
    const startedAtMs = clock.now()
    try {
      return { next: await this.#agree(asked), hasAnswered: true }
    } catch (error) {
      endpoint.leave(true)
      search.throwIfOver()
      const told = { upstream: session.pool.name, endpoint: endpoint.url, isRetried: true }
      if (error instanceof RedialRefusal) {
        if (error.isClients) {
          session.pool.redialGate.open()
          throw error
        }
        const detail = `answered ${error.status}`
        if (error.status >= 500) endpoint.standing.failed('request', detail)
        emit({ type: 'attempt-failed', ...told, code: `${error.status}`, detail })
        return { next: undefined, hasAnswered: false }
      }
      if (!(error instanceof GatewayError)) throw error
      // What does not fit this session may fit every other.
      const hasAnswered = error.code === 'UPSTREAM_BAD_HANDSHAKE'
      if (!hasAnswered) blame(endpoint, error, clock.now() - startedAtMs)
      emit({ type: 'attempt-failed', ...told, code: error.code, detail: error.message })
      const lack = errorRow(error.code).side === 'gateway' ? error : undefined
      return { next: undefined, hasAnswered, lack }
    }
  }

  async #agree(asked: Asked): Promise<NextServer> {
    const { facts, endpoint, moved, attemptMs, search } = asked
    const { compression, clock } = this.#host
    const offer = new ExtensionOffer(facts, this.#terms, compression, true)
    const dial = new AbortController()
    let connection: HttpConnection | undefined
    const giveUp = (error: unknown) => {
      dial.abort(error)
      connection?.destroy(error instanceof GatewayError ? error : undefined)
    }
    search.onOver = giveUp
    const { connectMs, answerMs } = endpoint.dialer.timeout
    const limitMs = Math.min(attemptMs, connectMs + answerMs)
    const callOff = clock.after(limitMs, () => giveUp(new GatewayError('UPSTREAM_ANSWER_TIMEOUT')))
    try {
      const startedAtMs = clock.now()
      connection = await endpoint.dialer.connect(dial)
      endpoint.observe(clock.now() - startedAtMs)
      connection.send(
        encodeUpgrade(facts, endpoint, this.#terms, { offers: offer.texts, moved }),
        'GET',
        {},
      )
      connection.expectAnswer(answerMs)
      const answer = await connection.answer()
      const renewal = this.#accept(asked, answer, offer)
      endpoint.standing.succeeded('request')
      return { endpoint, connection, renewal }
    } catch (error) {
      connection?.destroy()
      throw error
    } finally {
      callOff()
      search.onOver = undefined
      offer.withdraw()
    }
  }

  /** @throws RedialRefusal, or GatewayError where another endpoint may do better. */
  #accept({ session, facts }: Asked, answer: ResponseHead, offer: ExtensionOffer): Renewal {
    const { status, fields } = answer
    if (status !== 101) throw new RedialRefusal(status)
    const { fields: asked } = facts.head
    const fault = switchFault(answer, {
      key: asked.get('sec-websocket-key') ?? '',
      subprotocols: offeredSubprotocols(asked),
      extensions: offer.texts.length > 0 ? ['permessage-deflate'] : [],
    })
    if (fault !== undefined) throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', fault)
    const subprotocol = fields.get('sec-websocket-protocol')
    if (subprotocol !== this.#subprotocol)
      throw new GatewayError('UPSTREAM_BAD_HANDSHAKE', 'it has chosen another subprotocol')
    const agreed = { before: this.#extensions, now: fields.get('sec-websocket-extensions') }
    return renewalOf(agreed, {
      route: session.route,
      compression: this.#host.compression,
      offer,
    })
  }

  #factsOf({ id, facts: { request } }: MovingSession): RequestFacts {
    const raw = new HeadReader(noLimits).read(Buffer.from(this.#head, 'latin1'), 0)
    const head = raw !== undefined && 'fields' in raw ? readRequestHead(raw) : undefined
    if (head === undefined || !('fields' in head))
      throw new TypeError('A request that was accepted cannot be read')
    const facts = new RequestFacts(head, this.#client, request)
    facts.parameters = parametersOf(head.path, this.#terms.config.path)
    facts.session = id
    return facts
  }
}

/** What has come of asking. */
interface Outcome {
  readonly next: NextServer | undefined
  /** Whether somebody has agreed, be it to what does not fit. */
  readonly hasAnswered: boolean
  /** What the gateway itself lacks. */
  readonly lack?: GatewayError | undefined
}

interface Asked {
  readonly session: MovingSession
  readonly facts: RequestFacts
  readonly endpoint: Endpoint
  readonly moved: { readonly moves: number; readonly from: string }
  readonly attemptMs: number
  readonly search: Search
}

/** As long as the gate makes others wait at most. */
const misfitPauseMs = 500

function pause(search: Search, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const callOff = clock.after(misfitPauseMs, resolve)
    search.onOver = () => {
      callOff()
      resolve()
    }
  })
}

/** Given up with the search. */
function signalOf(search: Search): AbortSignal {
  const wait = new AbortController()
  search.onOver = (reason) => wait.abort(reason)
  return wait.signal
}

function enter(
  pool: Pool,
  request: RequestFacts,
  to: Endpoint | undefined,
  tried: readonly Endpoint[],
): Endpoint | undefined {
  if (to === undefined)
    return pool.enterNow({ request, isSession: true, sticksTo: undefined, tried })
  if (tried.includes(to) || to.isFull) return undefined
  to.enter(true)
  return to
}

function textOf({ head }: RequestFacts): string {
  const fields = head.fields.list
    .filter(({ key }) => !isHopByHop(key, head.connection))
    .map(({ key, name, value }) => ({ name, value: key === 'host' ? head.host : value }))
  return encodeHead(`${head.method} ${head.target} HTTP/1.1`, fields).toString('latin1')
}

/** It has matched before. */
function parametersOf(path: string, pattern: string): RequestFacts['parameters'] {
  const match = new PathPattern(pattern).match(pathSegments(path) ?? [])
  return typeof match === 'object' ? match : {}
}

function copyOf(text: string | undefined): string | undefined {
  return text && Buffer.from(text, 'latin1').toString('latin1')
}
