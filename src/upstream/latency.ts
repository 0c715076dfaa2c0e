/**
 * How long an endpoint takes to answer, as a moving average that weighs by time: the peak-EWMA of Finagle
 * (`PeakEwma.scala`), which linkerd and tower took over. Something slower counts at once and in full, something quicker
 * little by little, so that an endpoint in trouble is left alone from its first slow answer on.
 */

/** After so long without news an observation counts 1/e. As in Finagle and linkerd. */
const decayMs = 10_000

export class Latency {
  #averageMs: number | undefined
  #observedAtMs = 0

  /** @param nowMs by the clock that is used throughout. */
  observe(ms: number, nowMs: number): void {
    const kept = this.#remaining(nowMs)
    const before = this.#averageMs ?? 0
    this.#averageMs = ms >= before ? ms : before * kept + ms * (1 - kept)
    this.#observedAtMs = nowMs
  }

  /** The average as last observed, for people. */
  get averageMs(): number | undefined {
    return this.#averageMs
  }

  /**
   * The average for who chooses by it: it fades while nothing is observed, so that an endpoint that was slow once
   * is tried again.
   * @returns undefined until something was observed.
   */
  read(nowMs: number): number | undefined {
    return this.#averageMs === undefined ? undefined : this.#averageMs * this.#remaining(nowMs)
  }

  #remaining(nowMs: number): number {
    return Math.exp(-Math.max(0, nowMs - this.#observedAtMs) / decayMs)
  }
}
