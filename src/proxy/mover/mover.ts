/**
 * Moves the live sessions of one upstream as its endpoints come and go: off those that are left, and to those
 * that have less than their part.
 *
 * Invariant: sessions are walked over only while an endpoint is being left, or some are to be spread. With `rebalance`
 * alone something runs for good: the counts of endpoints are looked at every 10 seconds, or, where each session has its
 * place, all are asked for it once a minute.
 */
import { Departures, type Departure } from './departures.ts'
import { Homing } from './homing.ts'
import type { MovingHost } from './movable.ts'
import { Rebalance } from './rebalance.ts'

export class Mover {
  readonly #departures: Departures
  readonly #rebalance: Rebalance | Homing | undefined

  /** For an upstream whose sessions can be moved: see `Pool.mayMove`. */
  constructor(host: MovingHost) {
    const { pool } = host
    this.#departures = new Departures(host)
    // By a key or an order each session has its place, and counts mean nothing.
    const Kind = pool.hasPlaces ? Homing : Rebalance
    const { rebalance } = pool.options
    if (rebalance !== undefined) this.#rebalance = new Kind(host, rebalance.perSecond)
  }

  /** Something about the endpoints has changed. */
  onChange(): void {
    this.#departures.onChange()
    this.#rebalance?.onChange()
  }

  /** How far it is with an endpoint that is being left, there or gone; undefined: it is not. */
  departure(url: string): Departure | undefined {
    return this.#departures.of(url)
  }

  /** What is under way goes on. */
  stop(): void {
    this.#departures.stop()
    this.#rebalance?.stop()
  }
}
