/**
 * Keeps sessions that have lost their server from asking for endpoints all at once, again and again, while
 * none can be had: after somebody has asked everybody in vain one asks at a time, at growing intervals, until
 * one is served. It tells when that lasts, and when it is over.
 */
import type { Clock } from '../core/clock.ts'
import { WaitingLine } from './waiting-line.ts'

/** Between two who ask, while nobody is served: a server that restarts is back within seconds. */
const leastPauseMs = 50
const mostPauseMs = 500

/** A server that is back sooner has made nobody wait to speak of. */
const strandedAfterMs = 1_000

/** Whom a gate tells. */
export interface RedialGateEvents {
  /** Everybody has been asked in vain for a while. @param sessions how many look for a server. */
  onStranded(sessions: number): void
  /** After that: somebody was served, or may be. */
  onRescued(afterMs: number): void
}

/** Since everybody was asked in vain. */
interface Outage {
  readonly sinceMs: number
  isTold: boolean
  readonly callOff: () => void
}

export class RedialGate {
  readonly #clock: Clock
  readonly #events: RedialGateEvents
  readonly #line: WaitingLine<true>
  /** 0 while the gate is open. */
  #pauseMs = 0
  #mayProbe = false
  #callOffProbe: (() => void) | undefined
  /** How many look for a server: those who wait here and those who ask. */
  #seekers = 0
  #outage: Outage | undefined

  constructor(clock: Clock, events: RedialGateEvents) {
    this.#clock = clock
    this.#events = events
    this.#line = new WaitingLine(clock)
  }

  /** Counts whoever looks for a server until it has found one, or does not want it any more. */
  async during<Found>(search: () => Promise<Found>): Promise<Found> {
    this.#seekers++
    try {
      return await search()
    } finally {
      this.#seekers--
      // Nobody is left to be rescued.
      if (this.#seekers === 0) this.#endOutage()
    }
  }

  /** Resolves when it is this one's turn. @param signalOf asked for where it has to wait. @throws the signal's reason. */
  enter(signalOf: () => AbortSignal): Promise<unknown> | undefined {
    if (this.#pauseMs === 0) return undefined
    return this.#line.wait({ attempt: () => this.#turn(), limitMs: waitMs, signal: signalOf() })
  }

  /** Somebody was served, or may be: whoever waits may ask. */
  open(): void {
    const outage = this.#endOutage()
    if (outage?.isTold === true) this.#events.onRescued(this.#clock.now() - outage.sinceMs)
    this.#pauseMs = 0
    this.#callOffProbe?.()
    this.#callOffProbe = undefined
    this.#line.serve()
  }

  /** Somebody has asked everybody in vain. */
  failed(): void {
    if (this.#seekers > 0) this.#outage ??= this.#beginOutage()
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

  #beginOutage(): Outage {
    const callOff = this.#clock.after(strandedAfterMs, () => {
      outage.isTold = true
      this.#events.onStranded(this.#seekers)
    })
    const outage: Outage = { sinceMs: this.#clock.now(), isTold: false, callOff }
    return outage
  }

  /** @returns the one that was. */
  #endOutage(): Outage | undefined {
    const outage = this.#outage
    outage?.callOff()
    this.#outage = undefined
    return outage
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
