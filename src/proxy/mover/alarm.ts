/**
 * One call that is to come, by a clock: set again it comes at the earlier of both times, and never twice.
 */
import type { Clock } from '../../core/clock.ts'

export class Alarm {
  readonly #clock: Clock
  readonly #run: () => void
  #dueAtMs = Infinity
  #callOff: (() => void) | undefined

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock
    this.#run = run
  }

  /** Calls at the latest after this. */
  within(delayMs: number): void {
    const dueAtMs = this.#clock.now() + delayMs
    if (dueAtMs >= this.#dueAtMs) return
    this.off()
    this.#dueAtMs = dueAtMs
    this.#callOff = this.#clock.after(delayMs, () => {
      this.#dueAtMs = Infinity
      this.#run()
    })
  }

  off(): void {
    this.#callOff?.()
    this.#dueAtMs = Infinity
  }
}
