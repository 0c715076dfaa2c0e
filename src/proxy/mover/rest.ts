/**
 * Who was moved by rebalancing is left in peace for a minute, so that nobody is sent to and fro while endpoints come
 * and go.
 */
import type { Clock } from '../../core/clock.ts'
import type { Movable } from './movable.ts'

const restMs = 60_000

export class Rest {
  readonly #clock: Clock
  /** By the clock. */
  readonly #untilMs = new WeakMap<Movable, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  begin(session: Movable): void {
    this.#untilMs.set(session, this.#clock.now() + restMs)
  }

  holds(session: Movable): boolean {
    return (this.#untilMs.get(session) ?? -Infinity) > this.#clock.now()
  }
}
