/**
 * Moves of live sessions one after the other at a rate, with a bounded number under way; one that does not
 * come about is not tried again at once.
 *
 * Invariant: what is planned is asked for once more when its turn comes, as much may have happened since.
 */
import type { Clock } from '../../core/clock.ts'
import type { MoveCause } from '../../core/events.ts'
import { TokenBucket } from '../../core/token-bucket.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'
import { Alarm } from './alarm.ts'
import type { Movable } from './movable.ts'

export interface PlannedMove {
  readonly session: Movable
  readonly cause: MoveCause
  /** undefined: by the balancer. */
  readonly to: Endpoint | undefined
}

export interface PacedMovesOptions {
  readonly perSecond: number
  readonly clock: Clock
  /** Whether it is still to be made. */
  readonly isDue: (move: PlannedMove) => boolean
  /** @param from the URL it has left. */
  readonly onMoved: (move: PlannedMove, from: string) => void
  /** A session threw where it may not. */
  readonly onMistake: (error: unknown) => void
}

/** Between two looks at the rate: fine enough to be even, and no call per session. */
const tickMs = 50
/**
 * A move takes about `drain.settle` and two round trips, so that this serves some thousand a second; each is a
 * connection more than the session has for good, and a descriptor.
 */
const maxUnderWay = 1_000
/** A session that did not move is left in peace for a while, longer each time: it may be in a long message. */
const firstPauseMs = 1_000
const longestPauseMs = 10_000

interface Pause {
  readonly lengthMs: number
  readonly untilMs: number
}

export class PacedMoves {
  readonly #options: PacedMovesOptions
  readonly #bucket: TokenBucket
  readonly #alarm: Alarm
  #planned: PlannedMove[] = []
  /** The planned one whose turn is next. */
  #next = 0
  readonly #underWay = new Map<Movable, PlannedMove>()
  readonly #pauses = new WeakMap<Movable, Pause>()
  #isStopped = false

  constructor(options: PacedMovesOptions) {
    const { perSecond, clock } = options
    this.#options = options
    // A tenth of a second's worth at once at most: the servers that take them over get no wave.
    this.#bucket = new TokenBucket({ perSecond, burst: Math.max(1, perSecond / 10) }, clock.now())
    this.#alarm = new Alarm(clock, () => this.#move())
  }

  /** How many can be made in a second: to plan more would only be to plan too early. */
  get perSecond(): number {
    return Math.ceil(this.#options.perSecond)
  }

  get underWay(): ReadonlyMap<Movable, PlannedMove> {
    return this.#underWay
  }

  /** How many wait for their turn. */
  get planned(): number {
    return this.#planned.length - this.#next
  }

  /** Whether it could be moved now. */
  isFree(session: Movable): boolean {
    const { untilMs } = this.#pauses.get(session) ?? { untilMs: -Infinity }
    return session.isMovable && untilMs <= this.#options.clock.now()
  }

  /** These, in their order, instead of those that still wait for their turn. */
  plan(moves: PlannedMove[]): void {
    this.#planned = moves
    this.#next = 0
    if (moves.length > 0 && !this.#isStopped) this.#alarm.within(0)
  }

  /** What is under way goes on. */
  stop(): void {
    this.#isStopped = true
    this.#planned = []
    this.#alarm.off()
  }

  #move(): void {
    const { clock, isDue } = this.#options
    let room = Math.min(this.#bucket.available(clock.now()), maxUnderWay - this.#underWay.size)
    for (; room > 0; this.#next++) {
      const move = this.#planned[this.#next]
      if (move === undefined) break
      if (!this.isFree(move.session) || !isDue(move)) continue
      this.#bucket.take(1)
      room--
      void this.#make(move)
    }
    if (this.planned > 0) this.#alarm.within(Math.max(tickMs, this.#bucket.waitMs(1)))
    else this.plan([])
  }

  async #make(move: PlannedMove): Promise<void> {
    const { session, cause, to } = move
    const { onMoved, onMistake } = this.#options
    const from = session.endpoint.url
    let isMoved = false
    this.#underWay.set(session, move)
    try {
      isMoved = await session.move(cause, to)
    } catch (error) {
      onMistake(error)
    }
    this.#underWay.delete(session)
    if (!isMoved) return this.#pause(session)
    this.#pauses.delete(session)
    if (!this.#isStopped) onMoved(move, from)
  }

  #pause(session: Movable): void {
    const before = this.#pauses.get(session)
    const lengthMs =
      before === undefined ? firstPauseMs : Math.min(2 * before.lengthMs, longestPauseMs)
    this.#pauses.set(session, { lengthMs, untilMs: this.#options.clock.now() + lengthMs })
  }
}
