/**
 * Moves live sessions to where they belong, for upstreams by hash, by order or sticky by an expression: there a
 * session has its place, and how many others are where says nothing. Once endpoints have changed it asks each
 * session for its place, some at a time, and moves those that are elsewhere at a pace.
 */
import type { Endpoint } from '../../upstream/endpoint.ts'
import { Alarm } from './alarm.ts'
import { Lineup } from './lineup.ts'
import type { Movable, MovingHost } from './movable.ts'
import { PacedMoves, type PlannedMove } from './paced-moves.ts'
import { Rest } from './rest.ts'

/** After a change, so that those that come together are known together, and first checks have ended. */
const calmMs = 1_000
const tickMs = 50
/** To ask a session is to read its request: some microseconds each. */
const asksATick = 500
/** All are asked again while some were found elsewhere. */
const nextSweepMs = 10_000
/** A server that died and was back at once has changed no endpoint, and left its sessions elsewhere. */
const slowSweepMs = 60_000

export class Homing {
  readonly #host: MovingHost
  readonly #lineup: Lineup
  readonly #paced: PacedMoves
  readonly #rest: Rest
  readonly #turn: Alarm
  /** Those that are still to be asked in the sweep under way. */
  #sweep: Iterator<Movable> | undefined
  #sweepAtMs = -Infinity
  #hasFound = false

  constructor(host: MovingHost, perSecond: number) {
    const { pool, clock, emit } = host
    this.#host = host
    this.#lineup = new Lineup(pool)
    this.#rest = new Rest(clock)
    this.#turn = new Alarm(clock, () => this.#goOn())
    this.#paced = new PacedMoves({
      perSecond,
      clock,
      isDue: ({ session, to }) => to !== undefined && this.#placeOf(session) === to,
      onMoved: ({ session }) => this.#rest.begin(session),
      onMistake: (error) => emit({ type: 'mistake', error }),
    })
  }

  onChange(): void {
    this.#turn.within(calmMs)
  }

  stop(): void {
    this.#paced.stop()
    this.#turn.off()
    this.#sweep = undefined
  }

  #goOn(): void {
    const nowMs = this.#host.clock.now()
    if (this.#lineup.hasChanged()) this.#sweepAtMs = nowMs
    if (this.#sweep === undefined) {
      if (nowMs < this.#sweepAtMs) return this.#turn.within(this.#sweepAtMs - nowMs)
      this.#sweep = this.#host.sessions()[Symbol.iterator]()
      this.#sweepAtMs = Infinity
      this.#hasFound = false
    }
    // Those that were found wait for their turn to move: to find more would be to ask too early.
    const isOver = this.#paced.planned === 0 && this.#askSome(this.#sweep)
    if (!isOver) return this.#turn.within(tickMs)
    this.#sweep = undefined
    const restMs = this.#hasFound ? nextSweepMs : slowSweepMs
    this.#sweepAtMs = Math.min(this.#sweepAtMs, nowMs + restMs)
    this.#turn.within(this.#sweepAtMs - nowMs)
  }

  /** @returns whether all have been asked. */
  #askSome(sweep: Iterator<Movable>): boolean {
    const moves: PlannedMove[] = []
    let isOver = false
    for (let asks = 0; asks < asksATick && moves.length < this.#paced.perSecond; asks++) {
      const { value: session, done = false } = sweep.next()
      isOver = done
      if (done) break
      if (session.pool !== this.#host.pool || !this.#isFree(session)) continue
      const to = this.#placeOf(session)
      if (to !== undefined) moves.push({ session, cause: 'rebalance', to })
    }
    if (moves.length > 0) this.#hasFound = true
    this.#paced.plan(moves)
    return isOver
  }

  #isFree(session: Movable): boolean {
    return this.#paced.isFree(session) && !this.#rest.holds(session)
  }

  /** Where it belongs, if that is elsewhere. */
  #placeOf(session: Movable): Endpoint | undefined {
    const { endpoint } = session
    if (!this.#lineup.has(endpoint)) return undefined
    const place = session.placeNow()
    return place?.url === endpoint.url ? undefined : place
  }
}
