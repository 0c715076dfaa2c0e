/**
 * The endpoints that one request tries, one after the other, until one serves it.
 *
 * Invariant: none is tried twice, and at most `retry.dials` further ones, within the upstream's budget.
 */
import { errorRow, type GatewayError } from '../core/errors.ts'
import type { Emit } from '../core/events.ts'
import type { RequestContext } from '../core/request-context.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Pool } from '../upstream/pool.ts'

export interface AttemptOptions {
  readonly pool: Pool
  readonly request: RequestContext
  readonly isSession: boolean
  /** Where an earlier request of the same client went. */
  readonly sticksTo: Endpoint | undefined
  readonly emit: Emit
}

export class Attempts {
  readonly #options: AttemptOptions
  readonly #tried: Endpoint[] = []

  constructor(options: AttemptOptions) {
    this.#options = options
  }

  /** The first endpoint; whoever gets it leaves it. @throws as `Pool.enter`. */
  first(signal: AbortSignal, limitMs: number): Endpoint | Promise<Endpoint> {
    const { pool } = this.#options
    pool.retryBudget.request()
    return pool.enter({ ...this.#options, tried: this.#tried }, signal, limitMs)
  }

  /** The endpoint has answered; a 5xx is a failure all the same. @param dialMs undefined where no dial was needed. */
  answered(endpoint: Endpoint, status: number, dialMs: number | undefined): void {
    if (dialMs !== undefined) endpoint.observe(dialMs)
    if (status >= 500) endpoint.standing.failed('handshake', `answered ${status}`)
    else endpoint.standing.succeeded('handshake')
  }

  /** Whether another endpoint may be asked because of this answer. */
  mayRetryAfter(status: number): boolean {
    return this.#options.pool.options.retry.statuses.includes(status)
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
    failed.standing.failed('handshake', detail)
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

  #another(): Endpoint | undefined {
    const { pool, request, isSession } = this.#options
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
