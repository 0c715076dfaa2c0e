/**
 * Time, lent to what waits and measures, so that tests can let it pass.
 */
export interface Clock {
  /** Milliseconds from a fixed moment; never goes back. */
  now(): number
  /** Milliseconds since 1970. */
  wallTime(): number
  /** @returns what calls it off. A pending call keeps no process alive. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
