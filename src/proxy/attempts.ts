/**
 * The endpoints that one request tries, one after the other, until one serves it.
 *
 * Invariant: none is tried twice, and at most `retry.dials` further ones, within the upstream's budget.
 */
import { errorRow, GatewayError, type ErrorCode } from '../core/errors.ts'
import type { Emit } from '../core/events.ts'
import type { RequestContext } from '../core/request-context.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { HttpConnection } from '../upstream/http-connection.ts'
import { faultOf } from '../upstream/fault.ts'
import type { Pool } from '../upstream/pool.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import type { Stickiness } from './stickiness.ts'

export interface AttemptOptions {
  readonly pool: Pool
  readonly request: RequestContext
  readonly isSession: boolean
  readonly stickiness: Stickiness<Endpoint>
  readonly emit: Emit
}

/** What an endpoint has answered. */
export interface EndpointAnswer {
  readonly connection: HttpConnection
  readonly answer: ResponseHead
  /** How long it took to connect; undefined where no dial was needed. */
  readonly dialMs: number | undefined
}

export interface FromEndpoint {
  readonly endpoint: Endpoint
}

export interface Trial<Answer extends EndpointAnswer> {
  /** Asked for where there is nothing to do but wait: aborted when nobody waits for the answer any more. */
  readonly signal: () => AbortSignal
  /** How long it may wait for an endpoint with room. */
  readonly limitMs: number
  /** @param isLast whether no other endpoint could be asked after this one. */
  ask(endpoint: Endpoint, isLast: boolean): Promise<Answer>
  /** Whether it can be asked of another endpoint, after this failure or an answer. */
  mayRepeat(error?: GatewayError): boolean
}

/** Nobody was there to ask. */
const unreachable: ReadonlySet<ErrorCode> = new Set([
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_CERTIFICATE',
  'UPSTREAM_CONNECT_TIMEOUT',
])

export class Attempts {
  readonly #options: AttemptOptions
  readonly #tried: Endpoint[] = []
  /** Those who answered that they cannot, and with what. */
  readonly #refusers = new Map<Endpoint, number>()

  constructor(options: AttemptOptions) {
    this.#options = options
  }

  /**
   * Asks one endpoint after the other, until what one answers, or how it fails, is the client's answer.
   * @returns an answer; whoever gets it leaves the endpoint, and ends the connection.
   * @throws what `Pool.enter` and `ask` throw; then nothing is left behind.
   */
  async answer<Answer extends EndpointAnswer>(
    trial: Trial<Answer>,
  ): Promise<Answer & FromEndpoint> {
    const { isSession } = this.#options
    const first = this.#first(trial)
    let endpoint = first instanceof Promise ? await first : first
    for (;;) {
      const startedAtMs = performance.now()
      let outcome: Answer | undefined
      let next: Endpoint | undefined
      try {
        outcome = await trial.ask(endpoint, this.#isLast(endpoint))
        next = this.#afterAnswer(endpoint, outcome, trial)
        if (next === undefined) return { ...outcome, endpoint }
      } catch (error) {
        next = this.#afterFailure(endpoint, error, trial, performance.now() - startedAtMs)
        if (next === undefined) {
          outcome?.connection.destroy()
          endpoint.leave(isSession)
          throw this.#failureFor(error)
        }
      }
      outcome?.connection.destroy()
      endpoint.leave(isSession)
      endpoint = next
    }
  }

  /** Whether no other endpoint could be asked after this one. */
  #isLast(endpoint: Endpoint): boolean {
    const { pool, isSession, stickiness } = this.#options
    const { dials } = pool.options.retry
    const mayGoOn = !stickiness.isBound && this.#tried.length < dials
    return !mayGoOn || !pool.hasOther([...this.#tried, endpoint], isSession)
  }

  #first(trial: Trial<EndpointAnswer>): Endpoint | Promise<Endpoint> {
    const { pool, request, isSession, stickiness } = this.#options
    const { endpoint: sticksTo, isBound } = stickiness
    pool.retryBudget.request()
    if (sticksTo === undefined || !isBound) {
      const ask = { request, isSession, sticksTo, tried: this.#tried }
      return pool.enterInTurn(ask) ?? pool.enter(ask, trial.signal(), trial.limitMs)
    }
    // Its session is there already, so there is no room to wait for.
    sticksTo.enter(isSession)
    return sticksTo
  }

  /** @returns another endpoint, where the answer is one that another may better. */
  #afterAnswer(
    endpoint: Endpoint,
    { answer: { status }, dialMs }: EndpointAnswer,
    trial: Trial<EndpointAnswer>,
  ): Endpoint | undefined {
    if (dialMs !== undefined) endpoint.observe(dialMs)
    if (!this.#options.pool.options.retry.statuses.includes(status)) {
      if (status >= 500) return undefined
      endpoint.standing.succeeded('request')
      // What they refused another could do: so it was not the request. A 429, say, is no sign of an illness.
      for (const [refuser, refusal] of this.#refusers)
        if (refusal >= 500) refuser.standing.failed('request', `answered ${refusal}`)
      return undefined
    }
    this.#refusers.set(endpoint, status)
    const next = trial.mayRepeat() ? this.#another(endpoint) : undefined
    this.#tell(endpoint, `${status}`, `answered ${status}`, next)
    return next
  }

  #afterFailure(
    endpoint: Endpoint,
    error: unknown,
    trial: Trial<EndpointAnswer>,
    tookMs: number,
  ): Endpoint | undefined {
    if (!(error instanceof GatewayError) || !isFaultOfEndpoint(error)) return undefined
    blame(endpoint, error, tookMs)
    const mayRetry = errorRow(error.code).isRetryable && trial.mayRepeat(error)
    const next = mayRetry ? this.#another(endpoint) : undefined
    this.#tell(endpoint, error.code, error.message, next)
    return next
  }

  /** @returns what the client is told of a failure that is its answer. */
  #failureFor(error: unknown): unknown {
    const { isBound } = this.#options.stickiness
    const isLost = isBound && error instanceof GatewayError && unreachable.has(error.code)
    return isLost ? new GatewayError('UNKNOWN_SESSION') : error
  }

  #tell(
    { url }: Endpoint,
    code: ErrorCode | `${number}`,
    detail: string,
    next: Endpoint | undefined,
  ): void {
    const { pool, emit } = this.#options
    const isRetried = next !== undefined
    emit({ type: 'attempt-failed', upstream: pool.name, endpoint: url, code, detail, isRetried })
  }

  #another(failed: Endpoint): Endpoint | undefined {
    const { pool, request, isSession, stickiness } = this.#options
    this.#tried.push(failed)
    if (stickiness.isBound) return undefined
    if (this.#tried.length > pool.options.retry.dials) return undefined
    const next = pool.enterNow({ request, isSession, sticksTo: undefined, tried: this.#tried })
    if (next === undefined) return undefined
    if (!pool.retryBudget.take()) {
      next.leave(isSession)
      return undefined
    }
    pool.retries++
    return next
  }
}

/** Counts a failed attempt against the endpoint, if it is its fault. @param tookMs how long it took to fail. */
export function blame(endpoint: Endpoint, error: GatewayError, tookMs: number): void {
  if (!isFaultOfEndpoint(error)) return
  endpoint.standing.failed('request', faultOf(error).message, tookMs)
  if (unreachable.has(error.code)) endpoint.observeFailedDial()
}

/** What the client or the gateway itself brought about says nothing of the endpoint. */
function isFaultOfEndpoint({ code }: GatewayError): boolean {
  return errorRow(code).side === 'upstream'
}

/** Leaves an endpoint, once: an answer that breaks off may end in more than one way. */
export function leaver(endpoint: Endpoint, isSession: boolean): () => void {
  let isLeft = false
  return () => {
    if (isLeft) return
    isLeft = true
    endpoint.leave(isSession)
  }
}

/** What ends a wait when the client leaves. */
export function goneSignal(request: ClientRequest): AbortSignal {
  const gone = new AbortController()
  request.onGone = (error) => gone.abort(error)
  return gone.signal
}
