/**
 * The endpoints that one request tries, one after the other, until one serves it.
 *
 * Invariant: none is tried twice, and at most `retry.dials` further ones, within the upstream's budget.
 */
import { errorRow, GatewayError, type ErrorCode } from '../core/errors.ts'
import type { Emit } from '../core/events.ts'
import type { RequestContext } from '../core/request-context.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Pool } from '../upstream/pool.ts'
import type { Stickiness } from './stickiness.ts'

export interface AttemptOptions {
  readonly pool: Pool
  readonly request: RequestContext
  readonly isSession: boolean
  readonly stickiness: Stickiness<Endpoint>
  readonly emit: Emit
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

  constructor(options: AttemptOptions) {
    this.#options = options
  }

  /** The first endpoint; whoever gets it leaves it. @throws as `Pool.enter`. */
  first(signal: AbortSignal, limitMs: number): Endpoint | Promise<Endpoint> {
    const { pool, request, isSession, stickiness } = this.#options
    const { endpoint: sticksTo, isBound } = stickiness
    pool.retryBudget.request()
    if (sticksTo === undefined || !isBound)
      return pool.enter({ request, isSession, sticksTo, tried: this.#tried }, signal, limitMs)
    // Its session is there already, so there is no room to wait for.
    sticksTo.enter(isSession)
    return sticksTo
  }

  /** The endpoint has answered; a 5xx is a failure all the same. @param dialMs undefined where no dial was needed. */
  answered(endpoint: Endpoint, status: number, dialMs: number | undefined): void {
    if (dialMs !== undefined) endpoint.observe(dialMs)
    if (status >= 500) endpoint.standing.failed('handshake', `answered ${status}`)
    else endpoint.standing.succeeded('handshake')
  }

  /** Whether another endpoint may be asked because of this answer. */
  mayRetryAfter(status: number): boolean {
    const { pool, stickiness } = this.#options
    return !stickiness.isBound && pool.options.retry.statuses.includes(status)
  }

  /**
   * The endpoint has failed, or refused with a status that may be tried elsewhere.
   * @param mayRetry whether the request can be sent again.
   * @returns the next, to be left by whoever gets it; undefined: this failure is the client's answer.
   */
  next(failed: Endpoint, failure: GatewayError | number, mayRetry: boolean): Endpoint | undefined {
    const { pool, emit } = this.#options
    const isAnswer = typeof failure === 'number'
    // What the client or the gateway itself brought about says nothing of the endpoint.
    if (!isAnswer && errorRow(failure.code).side !== 'upstream') return undefined
    const detail = isAnswer ? `answered ${failure}` : failure.message
    // A 429, say, is no sign of an illness.
    if (!isAnswer || failure >= 500) failed.standing.failed('handshake', detail)
    this.#tried.push(failed)
    const isRetryable = isAnswer || errorRow(failure.code).isRetryable
    const next = mayRetry && isRetryable ? this.#another() : undefined
    emit({
      type: 'attempt-failed',
      upstream: pool.name,
      endpoint: failed.url,
      code: isAnswer ? `${failure}` : failure.code,
      detail,
      isRetried: next !== undefined,
    })
    return next
  }

  /** @returns what the client is told of a failure that is its answer. */
  failureFor(error: unknown): unknown {
    const { isBound } = this.#options.stickiness
    const isLost = isBound && error instanceof GatewayError && unreachable.has(error.code)
    return isLost ? new GatewayError('UNKNOWN_SESSION') : error
  }

  #another(): Endpoint | undefined {
    const { pool, request, isSession, stickiness } = this.#options
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
