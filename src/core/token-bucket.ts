/**
 * A rate with a burst: tokens come back evenly, up to a most. Taking more than there are leaves a debt,
 * which is paid back before anything else may be taken.
 */
export interface Rate {
  readonly perSecond: number
  /** The most that can be there at once. */
  readonly burst: number
}

/** A token that is there but for the rounding of its parts is there. */
const rounding = 1e-9

export class TokenBucket {
  #rate: Rate
  #tokens: number
  #countedAtMs: number

  /** Full at the start. @param nowMs by the clock that is used throughout. */
  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#countedAtMs = nowMs
  }

  /** Another rate from now on. A debt stays; no more is there than its burst. */
  follow(rate: Rate, nowMs: number): void {
    this.available(nowMs)
    this.#rate = rate
    this.#tokens = Math.min(rate.burst, this.#tokens)
  }

  /** Whole tokens that are there; never negative. */
  available(nowMs: number): number {
    const { perSecond, burst } = this.#rate
    const cameBack = ((nowMs - this.#countedAtMs) / 1_000) * perSecond
    this.#tokens = Math.min(burst, this.#tokens + cameBack)
    this.#countedAtMs = nowMs
    return Math.max(0, Math.floor(this.#tokens + rounding))
  }

  take(tokens: number): void {
    this.#tokens -= tokens
  }

  /** Milliseconds until that many will be there, as counted at the last `available`; at most the burst ever is. */
  waitMs(tokens: number): number {
    const missing = Math.min(tokens, this.#rate.burst) - this.#tokens
    return Math.max(0, Math.ceil((missing / this.#rate.perSecond) * 1_000))
  }
}
