/**
 * The open sessions of this process, in the order in which they were opened.
 */
import type { Emit, SessionEnd } from '../core/events.ts'
import type { Clock } from '../core/clock.ts'
import type { Compression } from '../wire/compression.ts'
import type { KeptRequestHost } from './failover/kept-request.ts'
import type { Route } from './route.ts'
import type { SessionHost } from './session-parts.ts'
import type { Session } from './session.ts'

export class Sessions implements SessionHost<Session>, KeptRequestHost {
  readonly emit: Emit
  readonly clock: Clock
  readonly compression: Compression
  readonly #open = new Map<string, Session>()
  /** That of the session opened last. */
  #sequence = 0
  /** Those that are closed in turn, as their route is there no more. */
  readonly #removed = new WeakSet<Session>()
  #onEmpty: (() => void) | undefined
  /** By the clock: when the last one is to be told to leave; undefined: they are not. */
  #leavesUntilMs: number | undefined

  constructor({ emit, clock, compression }: KeptRequestHost) {
    this.emit = emit
    this.clock = clock
    this.compression = compression
  }

  get size(): number {
    return this.#open.size
  }

  get(id: string): Session | undefined {
    return this.#open.get(id)
  }

  /** The oldest first. */
  all(): IterableIterator<Session> {
    return this.#open.values()
  }

  /** The client addresses of those of a route. */
  addressesOf(route: Route): string[] {
    const ofRoute = [...this.#open.values()].filter((session) => session.route === route)
    return ofRoute.map(({ facts }) => facts.address)
  }

  add(session: Session): void {
    session.sequence = ++this.#sequence
    this.#open.set(session.id, session)
    // Its handshake was under way when the others were told.
    if (this.#leavesUntilMs !== undefined) this.#closeInTurn(session, this.#leavesUntilMs)
    else if (session.route.isRemoved) session.close('ROUTE_REMOVED')
  }

  /** What every session is given to say that it is over: one function, as a closure each would cost more than their facts. */
  readonly onClose = (session: Session, end: SessionEnd): void => {
    const { id, route, facts, inbound, outbound } = session
    route.sessions.leave(facts.address)
    this.#open.delete(id)
    this.emit({
      type: 'session-closed',
      session: id,
      route: route.config.name,
      endpoint: facts.endpoint,
      address: facts.address,
      end,
      durationMs: this.clock.now() - session.openedAtMs,
      inbound,
      outbound,
    })
    if (this.#open.size === 0) this.#onEmpty?.()
  }

  /** Closes all sessions, spread evenly over a while so that their clients do not all come back at once. */
  closeAll(windowMs: number): void {
    this.#leavesUntilMs = this.clock.now() + windowMs
    this.#closeSpread([...this.#open.values()], 'LEAVING', windowMs)
  }

  /**
   * Those of these routes and upstreams go by what is said of them now; those of routes that are there no more are closed.
   * @param windowMs over which whoever has to go does.
   */
  follow(
    { routes, upstreams }: { routes: ReadonlySet<string>; upstreams: ReadonlySet<string> },
    windowMs: number,
  ): void {
    const open = [...this.#open.values()]
    const removed = open.filter((each) => each.route.isRemoved && !this.#removed.has(each))
    for (const session of removed) this.#removed.add(session)
    this.#closeSpread(removed, 'ROUTE_REMOVED', windowMs)
    const following = open.filter(
      ({ route, pool }) =>
        !route.isRemoved && (routes.has(route.config.name) || upstreams.has(pool.name)),
    )
    for (const [index, session] of following.entries())
      session.follow((windowMs * index) / following.length)
  }

  /** Some time in what is left of it. */
  #closeInTurn(session: Session, untilMs: number): void {
    const leftMs = Math.max(0, untilMs - this.clock.now())
    this.clock.after(Math.random() * leftMs, () => session.close('LEAVING'))
  }

  /** Resolves when the last session is over. */
  async emptied(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve))
  }

  /** Cuts what is left. */
  destroyAll(): void {
    for (const session of this.#open.values()) session.destroy()
  }

  #closeSpread(
    sessions: readonly Session[],
    reason: 'LEAVING' | 'ROUTE_REMOVED',
    windowMs: number,
  ): void {
    for (const [index, session] of sessions.entries())
      this.clock.after((windowMs * index) / sessions.length, () => session.close(reason))
  }
}
