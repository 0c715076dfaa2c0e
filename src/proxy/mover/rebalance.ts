/**
 * Spreads live sessions anew once endpoints have come, are well again or weigh something else: from those that have
 * more than their part by weight to those that have less, at a pace, until each is near its part.
 *
 * Invariant: it comes to rest. What sessions do by themselves moves nobody, unless an endpoint is far off its
 * part: that is what a server leaves behind that died and was back before anybody called it unhealthy.
 */
import type { Endpoint } from '../../upstream/endpoint.ts'
import { Alarm } from './alarm.ts'
import { Lineup } from './lineup.ts'
import type { Movable, MovingHost } from './movable.ts'
import { PacedMoves, type PlannedMove } from './paced-moves.ts'
import { Rest } from './rest.ts'
import { apportion, nextTransfer, type Share, type Tolerance } from './shares.ts'

interface Holder extends Share {
  readonly endpoint: Endpoint
  /** Sessions of it that can be moved: not more than could be within a second. */
  readonly movable: Movable[]
}

/** After a change, so that those that come together are known together, and first checks have ended. */
const calmMs = 1_000
const lookEveryMs = 1_000
/** A look at the counts of the endpoints alone. */
const slowLookEveryMs = 10_000
/** What spreading ends with. */
const fine: Tolerance = { sessions: 1, relative: 0.02 }
/** What it begins with where no endpoint has changed: more than sessions that come and go by chance leave behind. */
const lopsided: Tolerance = { sessions: 2, relative: 0.25 }

export class Rebalance {
  readonly #host: MovingHost
  readonly #lineup: Lineup
  readonly #paced: PacedMoves
  readonly #rest: Rest
  readonly #look: Alarm
  #isSpreading = false

  constructor(host: MovingHost, perSecond: number) {
    const { pool, clock, emit } = host
    this.#host = host
    this.#lineup = new Lineup(pool)
    this.#rest = new Rest(clock)
    this.#look = new Alarm(clock, () => this.#lookAtEndpoints())
    this.#paced = new PacedMoves({
      perSecond,
      clock,
      isDue: ({ session: { endpoint }, to }) =>
        to !== undefined &&
        to.url !== endpoint.url &&
        this.#lineup.takes(to) &&
        this.#lineup.has(endpoint),
      onMoved: ({ session }) => this.#rest.begin(session),
      onMistake: (error) => emit({ type: 'mistake', error }),
    })
  }

  onChange(): void {
    this.#look.within(calmMs)
  }

  stop(): void {
    this.#paced.stop()
    this.#look.off()
  }

  #lookAtEndpoints(): void {
    const holders = Array.from(this.#lineup.weights(), ([endpoint, weight]) =>
      holderOf(endpoint, weight),
    )
    if (this.#lineup.hasChanged() || this.#isLopsided(holders)) this.#isSpreading = true
    if (!this.#isSpreading) return this.#look.within(slowLookEveryMs)
    this.#count(holders)
    apportion(holders)
    const isUnderWay = this.#paced.underWay.size > 0
    this.#isSpreading = isUnderWay || nextTransfer(holders, this.#rules(fine)) !== undefined
    const moves = this.#plan(holders)
    this.#paced.plan(moves)
    // Where nobody can be moved now it may be so for long: they rest, or their failover forbids it.
    this.#look.within(isUnderWay || moves.length > 0 ? lookEveryMs : slowLookEveryMs)
  }

  #isLopsided(holders: readonly Holder[]): boolean {
    for (const holder of holders) holder.sessions = holder.endpoint.sessions
    apportion(holders)
    return nextTransfer(holders, this.#rules(lopsided)) !== undefined
  }

  #rules(tolerance: Tolerance, mayGive: (holder: Holder) => boolean = () => true) {
    return { tolerance, mayGive, mayTake: ({ endpoint }: Holder) => !endpoint.isFull }
  }

  /** All sessions count, also those that cannot be moved; those under way where they are going, and
   * those without a server nowhere. */
  #count(holders: readonly Holder[]): void {
    const { pool, sessions } = this.#host
    const byUrl = new Map(holders.map((holder) => [holder.endpoint.url, holder]))
    for (const holder of holders) holder.sessions = 0
    for (const session of sessions()) {
      if (session.pool !== pool) continue
      const to = this.#paced.underWay.get(session)?.to
      if (to === undefined && session.isBetween) continue
      const holder = byUrl.get((to ?? session.endpoint).url)
      if (holder === undefined) continue
      holder.sessions++
      if (holder.movable.length < this.#paced.perSecond && this.#isFree(session))
        holder.movable.push(session)
    }
  }

  /** What can be done within a second. */
  #plan(holders: readonly Holder[]): PlannedMove[] {
    const moves: PlannedMove[] = []
    const rules = this.#rules(fine, ({ movable }) => movable.length > 0)
    while (moves.length < this.#paced.perSecond) {
      const { from, to } = nextTransfer(holders, rules) ?? {}
      const session = from?.movable.pop()
      if (from === undefined || to === undefined || session === undefined) break
      from.sessions--
      to.sessions++
      moves.push({ session, cause: 'rebalance', to: to.endpoint })
    }
    return moves
  }

  #isFree(session: Movable): boolean {
    return this.#paced.isFree(session) && !this.#rest.holds(session)
  }
}

function holderOf(endpoint: Endpoint, weight: number): Holder {
  return {
    endpoint,
    weight,
    most: endpoint.options.sessions ?? Infinity,
    sessions: 0,
    part: 0,
    movable: [],
  }
}
