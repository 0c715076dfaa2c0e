/**
 * The clock of whatever is simulated: its calls that are still to come are told from those of the gateway, by
 * whose clock all of it runs.
 */
import type { Clock } from '../../src/core/clock.ts'

export class WorldClock implements Clock {
  readonly #clock: Clock
  pending = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  wallTime(): number {
    return this.#clock.wallTime()
  }

  after(delayMs: number, run: () => void): () => void {
    let isPending = true
    this.pending++
    const settle = () => {
      if (isPending) this.pending--
      isPending = false
    }
    const callOff = this.#clock.after(delayMs, () => {
      settle()
      run()
    })
    return () => {
      settle()
      callOff()
    }
  }
}
