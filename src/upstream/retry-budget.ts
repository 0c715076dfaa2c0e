/**
 * How many requests to an upstream may be tried again: a share of all, so that an upstream that is down is not
 * asked several times as much as one that is well.
 */
import type { Clock } from '../core/clock.ts'
import { TokenBucket } from '../core/token-bucket.ts'

/** Besides the share, so that upstreams with little traffic have retries too. */
const perSecond = 10
/** What quiet times save for the first moments of a failure. */
const burst = 100

export interface RetryBudgetOptions {
  /** Of all requests, the share that may be tried again: 0.2. */
  readonly share: number
  readonly clock: Clock
}

export class RetryBudget {
  /** Of requests to come. */
  share: number
  readonly #clock: Clock
  readonly #bucket: TokenBucket

  constructor({ share, clock }: RetryBudgetOptions) {
    this.share = share
    this.#clock = clock
    this.#bucket = new TokenBucket({ perSecond, burst }, clock.now())
  }

  /** A request has come, and earns its share. What is over the most is cut off when somebody takes. */
  request(): void {
    this.#bucket.take(-this.share)
  }

  /** @returns whether a request may be tried once more; it then counts. */
  take(): boolean {
    if (this.#bucket.available(this.#clock.now()) === 0) return false
    this.#bucket.take(1)
    return true
  }
}
