/**
 * Those who wait for something to become free, first come, first served.
 *
 * Invariant: at most `places` wait, each at most its time, and nobody who has given up is served.
 */
import type { Clock } from '../core/clock.ts'

interface Waiting<T> {
  /** @returns undefined: not yet. */
  readonly attempt: () => T | undefined
  readonly serve: (value: T | undefined) => void
}

export interface Wait<T> {
  /** Tried whenever something may have become free. @returns undefined: not yet. */
  readonly attempt: () => T | undefined
  readonly limitMs: number
  /** Aborted by who gives up; the promise then rejects with its reason. */
  readonly signal: AbortSignal
}

export class WaitingLine<T> {
  readonly #line = new Set<Waiting<T>>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get length(): number {
    return this.#line.size
  }

  /** @returns what was waited for; undefined when the time is over. */
  wait({ attempt, limitMs, signal }: Wait<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#line.delete(waiting)
        stopTimer()
        signal.removeEventListener('abort', onAbort)
      }
      const waiting: Waiting<T> = {
        attempt,
        serve: (value) => {
          leave()
          resolve(value)
        },
      }
      const onAbort = () => {
        leave()
        reject(signal.reason)
      }
      const stopTimer = this.#clock.after(limitMs, () => {
        leave()
        resolve(undefined)
      })
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      this.#line.add(waiting)
    })
  }

  /** Serves from the front for as long as there is something for the first. */
  serve(): void {
    for (const { attempt, serve } of this.#line) {
      const value = attempt()
      if (value === undefined) return
      serve(value)
    }
  }

  /** Nobody is served any more: the time of all is over. */
  dismiss(): void {
    for (const { serve } of this.#line) serve(undefined)
  }
}
