/**
 * The endpoints of one upstream that are being left: those that drain and those that were removed at a pace and in
 * order, those that checks call unhealthy (where `health.move` says so) at once.
 *
 * What is left is found by a look at all sessions, once a second while an endpoint is being left that has
 * some. Endpoints are told apart by their addresses: one that has gone and come again is not being left.
 */
import type { MoveCause } from '../../core/events.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'
import { Alarm } from './alarm.ts'
import type { Movable, MovingHost } from './movable.ts'
import { PacedMoves, type PlannedMove } from './paced-moves.ts'

/** How far the sessions of an endpoint have been moved off it. */
export interface Departure {
  readonly cause: MoveCause
  /** Since it began. */
  readonly moved: number
  /** Sessions it still has, with handshakes that may become one, and of those the ones that cannot be moved. */
  readonly left: number
  readonly unmovable: number
}

interface DepartureUnderWay {
  cause: MoveCause
  moved: number
  unmovable: number
  /** Sessions that have given their server up, and are on their way. */
  switching: number
  told: Departure | undefined
  toldAtMs: number
}

/** While there is something to move. */
const lookEveryMs = 1_000
/** While all that is left cannot be moved, or has nowhere to go; a change of the endpoints is told at once. */
const slowLookEveryMs = 10_000
/** However often endpoints change. */
const leastBetweenLooksMs = 50
/** Of one unhealthy endpoint: each is a dial, so that a tick takes some 20 ms. */
const failOversATick = 200
const failOverEveryMs = 5

export class Departures {
  readonly #host: MovingHost
  /** By URL. */
  readonly #leaving = new Map<string, DepartureUnderWay>()
  readonly #paced: PacedMoves
  readonly #look: Alarm
  #lookedAtMs = -Infinity
  /** Those whose endpoint is unhealthy, which have still to give it up. */
  #hung: Movable[] = []
  readonly #giveUp: Alarm
  /** Where those were that have given their server up. */
  #given = new Map<Movable, string>()

  constructor(host: MovingHost) {
    const { pool, clock, emit } = host
    this.#host = host
    this.#look = new Alarm(clock, () => this.#lookAtAll())
    this.#giveUp = new Alarm(clock, () => this.#giveSomeUp())
    this.#paced = new PacedMoves({
      perSecond: pool.options.drain.perSecond,
      clock,
      isDue: ({ session, cause }) => this.#causeFor(session) === cause && this.#hasPlace,
      onMoved: (_, from) => this.#countMoved(from),
      onMistake: (error) => emit({ type: 'mistake', error }),
    })
  }

  onChange(): void {
    const sinceMs = this.#host.clock.now() - this.#lookedAtMs
    this.#look.within(Math.max(0, leastBetweenLooksMs - sinceMs))
  }

  of(url: string): Departure | undefined {
    const leaving = this.#leaving.get(url)
    return leaving === undefined ? undefined : this.#describe(url, leaving)
  }

  stop(): void {
    this.#paced.stop()
    this.#look.off()
    this.#giveUp.off()
    this.#hung = []
  }

  #lookAtAll(): void {
    const nowMs = this.#host.clock.now()
    this.#lookedAtMs = nowMs
    this.#begin()
    if (this.#leaving.size === 0) return this.#paced.plan([])
    this.#survey()
    for (const [url, leaving] of this.#leaving) this.#follow(url, leaving, nowMs)
    if (this.#leaving.size === 0) return
    const isGoingOn =
      this.#hasPlace && [...this.#leaving].some(([url, each]) => this.#hasWork(url, each))
    this.#look.within(isGoingOn ? lookEveryMs : slowLookEveryMs)
  }

  /** Finds those that have sessions and are to be left. */
  #begin(): void {
    const { pool } = this.#host
    const found = [...pool.leaving.keys()]
    for (const { url, sessions } of pool.endpoints)
      if (sessions > 0 && this.#causeAt(url) !== undefined) found.push(url)
    for (const url of found) {
      const cause = this.#causeAt(url)
      if (cause === undefined || this.#leaving.has(url)) continue
      const nothing = { moved: 0, unmovable: 0, switching: 0, told: undefined, toldAtMs: -Infinity }
      this.#leaving.set(url, { cause, ...nothing })
    }
  }

  /** Who is where, and whose turn it is. */
  #survey(): void {
    const { pool, sessions } = this.#host
    const hasPlace = this.#hasPlace
    const moves: PlannedMove[] = []
    const given = this.#given
    this.#given = new Map()
    this.#hung = []
    for (const leaving of this.#leaving.values()) leaving.unmovable = leaving.switching = 0
    for (const session of sessions()) {
      if (session.pool !== pool) continue
      const from = given.get(session)
      if (from !== undefined) this.#followGiven(session, from)
      if (session.isBetween) continue
      const cause = this.#causeFor(session)
      const leaving = this.#leaving.get(session.endpoint.url)
      if (cause === undefined || leaving === undefined) continue
      leaving.cause = cause
      if (!session.isMovable) {
        const isOnItsWay = this.#paced.underWay.has(session) || this.#given.has(session)
        if (!isOnItsWay) leaving.unmovable++
      } else if (!hasPlace) continue
      else if (cause === 'unhealthy' && !this.#isHeard(session)) this.#hung.push(session)
      else if (moves.length < this.#paced.perSecond && this.#paced.isFree(session))
        moves.push({ session, cause, to: undefined })
    }
    this.#paced.plan(moves)
    if (this.#hung.length > 0) this.#giveUp.within(0)
  }

  /** Whether its server has said something since the check began that failed last: it does not hang, and is left in order. */
  #isHeard({ heardAtMs }: Movable): boolean {
    const { clock, pool } = this.#host
    return heardAtMs > clock.now() - (pool.options.health?.timeoutMs ?? 0)
  }

  /** One that has given its server up: whether it has come to another. */
  #followGiven(session: Movable, from: string): void {
    if (session.endpoint.url !== from) return this.#countMoved(from)
    if (session.isMovable) return
    this.#given.set(session, from)
    const leaving = this.#leaving.get(from)
    if (leaving !== undefined) leaving.switching++
  }

  /** Tells of it, and forgets it at its end. */
  #follow(url: string, leaving: DepartureUnderWay, nowMs: number): void {
    const now = this.#describe(url, leaving)
    const isOver = leaving.switching === 0 && (now.left === 0 || this.#causeAt(url) === undefined)
    if (isOver) this.#leaving.delete(url)
    const { told, toldAtMs } = leaving
    const isNews = told === undefined || !Bun.deepEquals(told, now)
    if (!isOver && (!isNews || nowMs - toldAtMs < lookEveryMs)) return
    leaving.told = now
    leaving.toldAtMs = nowMs
    const { pool, emit } = this.#host
    emit({ type: 'endpoint-leaving', upstream: pool.name, endpoint: url, ...now })
  }

  #describe(url: string, { cause, moved, unmovable }: DepartureUnderWay): Departure {
    const left = this.#host.pool.sessionsAt(url)
    return { cause, moved, left, unmovable: Math.min(unmovable, left) }
  }

  #hasWork(url: string, { unmovable, switching }: DepartureUnderWay): boolean {
    return switching > 0 || this.#host.pool.sessionsAt(url) > unmovable
  }

  #giveSomeUp(): void {
    if (!this.#hasPlace) this.#hung = []
    for (const session of this.#hung.splice(0, failOversATick)) {
      const { endpoint, isMovable } = session
      if (!isMovable || this.#causeFor(session) !== 'unhealthy') continue
      this.#given.set(session, endpoint.url)
      session.failOver('unhealthy', this.#standingOf(endpoint).fault ?? 'unhealthy')
    }
    if (this.#hung.length > 0) this.#giveUp.within(failOverEveryMs)
  }

  #countMoved(from: string): void {
    const leaving = this.#leaving.get(from)
    if (leaving !== undefined) leaving.moved++
  }

  /** Whether there is an endpoint to go to: none that is left is healthy. */
  get #hasPlace(): boolean {
    for (const { standing, weight, isFull } of this.#host.pool.endpoints)
      if (standing.state === 'healthy' && weight > 0 && !isFull) return true
    return false
  }

  /** Why a session has to leave where it is. */
  #causeFor({ endpoint }: Movable): MoveCause | undefined {
    return this.#causeOf(endpoint.url, this.#standingOf(endpoint))
  }

  /** Why an address is being left. */
  #causeAt(url: string): MoveCause | undefined {
    return this.#causeOf(url, this.#host.pool.endpoint(url)?.standing)
  }

  #causeOf(url: string, standing: Endpoint['standing'] | undefined): MoveCause | undefined {
    const { pool } = this.#host
    // Also one that drains: who does not answer is not left in order.
    if (pool.options.health?.movesSessions === true && standing?.fault !== undefined)
      return 'unhealthy'
    if (pool.endpoint(url) === undefined) return 'removed'
    return standing?.state === 'draining' ? 'draining' : undefined
  }

  /** Of what is at its address now; of itself if nothing is. */
  #standingOf(endpoint: Endpoint): Endpoint['standing'] {
    return (this.#host.pool.endpoint(endpoint.url) ?? endpoint).standing
  }
}
