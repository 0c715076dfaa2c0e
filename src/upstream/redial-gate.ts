/**
 * Keeps sessions that have lost their server from asking for endpoints all at once, again and again, while
 * none can be had: after somebody has asked everybody in vain one asks at a time, at growing intervals, until
 * one is served.
 */
import type { Clock } from '../core/clock.ts'
import { WaitingLine } from './waiting-line.ts'

/** Between two who ask, while nobody is served: a server that restarts is back within seconds. */
const leastPauseMs = 50
const mostPauseMs = 500

export class RedialGate {
  readonly #clock: Clock
  readonly #line: WaitingLine<true>
  /** 0 while the gate is open. */
  #pauseMs = 0
  #mayProbe = false
  #callOffProbe: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#line = new WaitingLine(clock)
  }

  /** Resolves when it is this one's turn. @param signalOf asked for where it has to wait. @throws the signal's reason. */
  enter(signalOf: () => AbortSignal): Promise<unknown> | undefined {
    if (this.#pauseMs === 0) return undefined
    return this.#line.wait({ attempt: () => this.#turn(), limitMs: waitMs, signal: signalOf() })
  }

  /** Somebody was served, or may be: whoever waits may ask. */
  open(): void {
    this.#pauseMs = 0
    this.#callOffProbe?.()
    this.#callOffProbe = undefined
    this.#line.serve()
  }

  /** Somebody has asked everybody in vain. */
  failed(): void {
    if (this.#callOffProbe !== undefined) return
    this.#pauseMs = Math.min(Math.max(leastPauseMs, 2 * this.#pauseMs), mostPauseMs)
    this.#callOffProbe = this.#clock.after(this.#pauseMs, () => this.#probe())
  }

  #probe(): void {
    this.#callOffProbe = undefined
    if (this.#line.length === 0) {
      // Whoever comes next asks at once.
      this.#pauseMs = 0
      return
    }
    this.#mayProbe = true
    this.#line.serve()
    this.#mayProbe = false
    // Until somebody is served: this one may be gone before it has asked.
    this.failed()
  }

  #turn(): true | undefined {
    if (this.#pauseMs === 0) return true
    const isTurn = this.#mayProbe
    this.#mayProbe = false
    return isTurn || undefined
  }
}

/** Whoever waits has a deadline of its own, by its signal. */
const waitMs = 2 ** 30
