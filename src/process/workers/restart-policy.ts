/**
 * When a worker that has died is started again: at once the first time, then later and later while it keeps
 * dying soon; in the end no more, as what dies ten times in a row within a minute would do nothing else.
 */
import type { Clock } from '../../core/clock.ts'

/** Who lives longer is well, and dies of something else the next time. */
const soonMs = 60_000
const firstDelayMs = 1_000
const longestDelayMs = 30_000
const mostDeaths = 10

export class RestartPolicy {
  readonly #clock: Clock
  #startedAtMs = 0
  /** In a row. */
  #soonDeaths = 0
  #delayMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  onStart(): void {
    this.#startedAtMs = this.#clock.now()
  }

  /** @returns how long to wait before it is started again; undefined: it is given up. */
  onDeath(): number | undefined {
    const isSoon = this.#clock.now() - this.#startedAtMs < soonMs
    if (!isSoon) this.#delayMs = 0
    this.#soonDeaths = isSoon ? this.#soonDeaths + 1 : 0
    if (this.#soonDeaths >= mostDeaths) return undefined
    const delayMs = this.#delayMs
    this.#delayMs = delayMs === 0 ? firstDelayMs : Math.min(2 * delayMs, longestDelayMs)
    return delayMs
  }
}
