/**
 * How a session bears servers that leave it as soon as they have it: each time it waits twice as long before it
 * looks for another, and in the end it is closed. Else it would dial on without end, take one server after the
 * other down if it is what they die of, and tell its client of each.
 */

/** A server that has a session for less has not stayed. */
const hastyMs = 5_000
/** Before the third in a row is asked. */
const firstPauseMs = 50
const mostPauseMs = 5_000
/** In a row; together they take a quarter of a minute. */
const mostHasty = 10

export class Patience {
  /** By the clock; the first server is not one that took a session over. */
  #joinedAtMs = -Infinity
  /** Servers in a row that have not stayed. */
  #hasty = 0

  joined(nowMs: number): void {
    this.#joinedAtMs = nowMs
  }

  /** A server was lost, or has left by itself. */
  lost(nowMs: number): void {
    this.#hasty = nowMs - this.#joinedAtMs < hastyMs ? this.#hasty + 1 : 0
  }

  /** Whether the last one has not stayed. */
  get isHasty(): boolean {
    return this.#hasty > 0
  }

  /** Before another is asked. Two servers may well die one after the other, so the first comes without. */
  get pauseMs(): number {
    return this.#hasty < 2 ? 0 : Math.min(firstPauseMs * 2 ** (this.#hasty - 2), mostPauseMs)
  }

  get isOver(): boolean {
    return this.#hasty >= mostHasty
  }
}
