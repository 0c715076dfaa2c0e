/**
 * A clock that stands still until it is told to go on.
 */
import type { Clock } from '../../src/core/clock.ts'

interface Call {
  readonly dueAtMs: number
  readonly run: () => void
}

export class FakeClock implements Clock {
  #nowMs = 0
  readonly #calls = new Set<Call>()

  now(): number {
    return this.#nowMs
  }

  wallTime(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const call = { dueAtMs: this.#nowMs + Math.max(0, delayMs), run }
    this.#calls.add(call)
    return () => void this.#calls.delete(call)
  }

  /** Calls that are still to come. */
  get pending(): number {
    return this.#calls.size
  }

  /** Lets time pass; what falls due runs in order, each at its own moment. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    while (this.runNext(untilMs));
    this.#nowMs = untilMs
  }

  /** Lets time pass until the next call falls due, and runs it. @returns false if there is none by then. */
  runNext(untilMs: number): boolean {
    let next: Call | undefined
    for (const call of this.#calls)
      if (call.dueAtMs <= untilMs && (next === undefined || call.dueAtMs < next.dueAtMs))
        next = call
    if (next === undefined) return false
    this.#calls.delete(next)
    this.#nowMs = Math.max(this.#nowMs, next.dueAtMs)
    next.run()
    return true
  }
}
