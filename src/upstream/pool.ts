/**
 * One upstream: whom a request goes to, and who waits while nobody has room.
 *
 * Invariant: whoever is given an endpoint is counted there from that moment until it `leave`s it.
 */
import { GatewayError } from '../core/errors.ts'
import type { RequestContext } from '../core/request-context.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import type { Endpoint } from './endpoint.ts'
import { Finder } from './finder.ts'
import { guardedBalancer } from './guarded-balancer.ts'
import { Members } from './members.ts'
import type { PoolHost, PoolOptions, StickyOptions } from './pool-options.ts'
import { RedialGate } from './redial-gate.ts'
import { RetryBudget } from './retry-budget.ts'
import { Tiers } from './tiers.ts'
import { UpstreamTls } from './upstream-tls.ts'
import { WaitingLine } from './waiting-line.ts'

/** Somebody who wants an endpoint. */
export interface Ask {
  readonly request: RequestContext
  readonly isSession: boolean
  /** Where an earlier request of the same client went, if it can be used. */
  readonly sticksTo: Endpoint | undefined
  /** Those that have failed it. */
  readonly tried: readonly Endpoint[]
}

export class Pool {
  readonly name: string
  readonly options: PoolOptions
  readonly retryBudget: RetryBudget
  /** Through which sessions go that have lost their server. */
  readonly redialGate: RedialGate
  /** Close codes by which its servers say that they leave; none where `failover` is off. */
  readonly leavingCodes: ReadonlySet<number>
  /** Requests that were tried again, since the start. */
  retries = 0
  readonly #host: PoolHost
  readonly #tls: UpstreamTls
  readonly #members: Members
  readonly #tiers: Tiers
  readonly #line: WaitingLine<Endpoint>
  readonly #finder: Finder
  #choosingAtMs = 0

  /** @throws Error with a sentence if a file that TLS needs cannot be read or is wrong. */
  constructor(options: PoolOptions, host: PoolHost) {
    const { clock, random, secret } = host
    const needsTags = options.sticky !== undefined && options.sticky.kind !== 'expression'
    this.name = options.name
    this.options = options
    this.#host = host
    this.#tls = new UpstreamTls(options.tls, (event) => host.emit(event))
    this.retryBudget = new RetryBudget({ share: options.retry.budget, clock })
    this.redialGate = new RedialGate(clock, {
      onStranded: (sessions) =>
        host.emit({ type: 'sessions-stranded', upstream: options.name, sessions }),
      onRescued: (afterMs) =>
        host.emit({ type: 'sessions-rescued', upstream: options.name, afterMs }),
    })
    this.leavingCodes = new Set(options.failover.mode === 'off' ? [] : options.failover.on.codes)
    this.#tiers = new Tiers(
      () => this.#members.all(),
      () =>
        guardedBalancer(options.balancer.create({ random }), {
          random,
          onMistake: (error) => host.emit({ type: 'mistake', error: this.#named(error) }),
        }),
    )
    this.#line = new WaitingLine(clock)
    this.#finder = new Finder({
      ...host,
      name: this.name,
      scheme: () => this.scheme,
      onEndpoints: (found, source) => this.#members.sync(found, source),
    })
    this.#members = new Members(options, {
      clock,
      random,
      secret: needsTags ? secret : undefined,
      tls: this.#tls,
      choosingAtMs: () => this.#choosingAtMs,
      emit: (event) => host.emit(event),
      onChange: () => {
        this.#tiers.invalidate()
        if (this.size > 0) this.#finder.found()
        this.#line.serve()
        host.onChange(this.name)
      },
      onRoom: () => {
        if (this.#line.length > 0) this.#line.serve()
      },
    })
    for (const endpoint of options.endpoints) this.#members.add(endpoint, 'file')
  }

  /** Whether WebSockets can be opened to it. */
  get isWebSocket(): boolean {
    return this.scheme !== 'http'
  }

  /** Of all its endpoints; undefined while there is none and nothing says what they will speak. */
  get scheme(): 'ws' | 'http' | undefined {
    const { discover } = this.options
    if (discover !== undefined && discover.kind !== 'file') return discover.scheme
    const [endpoint] = this.#members.all()
    return endpoint?.options.scheme
  }

  /** Whether its sessions can go on at another endpoint than the first. */
  get mayMove(): boolean {
    const { mode } = this.options.failover
    return mode === 'transparent' || mode === 'notify'
  }

  get sticky(): StickyOptions | undefined {
    return this.options.sticky
  }

  /** Those that are there now. */
  get endpoints(): Iterable<Endpoint> {
    return this.#members.all()
  }

  /** Sessions of endpoints that are not there any more, by their URLs. */
  get leaving(): ReadonlyMap<string, number> {
    return this.#members.leaving()
  }

  /** Open sessions of an address, there or gone, and handshakes that may become one. */
  sessionsAt(url: string): number {
    return this.#members.sessionsAt(url)
  }

  get size(): number {
    return this.#members.size
  }

  /** Nothing is known of its endpoints yet. */
  get isDiscovering(): boolean {
    return this.#finder.isAtStart
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#line.length
  }

  endpoint(url: string): Endpoint | undefined {
    return this.#members.get(url)
  }

  /** Where the tag of a cookie leads. */
  withTag(tag: string): Endpoint | undefined {
    return this.#members.withTag(tag)
  }

  /** Asks for health and finds endpoints, until it `leave`s. */
  start(): void {
    this.#members.start()
    const { discover } = this.options
    if (discover !== undefined) this.#finder.start(discover, this.size > 0)
  }

  /** Ends the idle connections of all endpoints, and looks after nothing any more. */
  leave(): void {
    this.#finder.stop()
    this.#line.dismiss()
    this.#members.stop()
    this.#tls.stop()
  }

  /**
   * To be waited for before anything is read of the endpoints: what a request sticks to may not be there yet.
   * @returns undefined where they are known, or cannot be found.
   */
  untilDiscovered(signal: AbortSignal): Promise<unknown> | undefined {
    return this.#finder.untilFound(signal)
  }

  /**
   * An endpoint for whoever asks, counted there.
   * @param signal aborted by who does not want it any more. @param limitMs how long it may wait at most.
   * @throws GatewayError NO_ENDPOINT or ENDPOINTS_FULL, or the signal's reason.
   */
  enter(ask: Ask, signal: AbortSignal, limitMs: number): Endpoint | Promise<Endpoint> {
    return this.enterInTurn(ask) ?? this.#wait(ask, signal, limitMs)
  }

  /** The same without a wait. @returns undefined if there is none, or others wait for it. */
  enterInTurn(ask: Ask): Endpoint | undefined {
    // Those in line wait for room elsewhere than where somebody sticks.
    const mustWait = ask.isSession && this.#line.length > 0 && !this.#isStillFit(ask)
    return mustWait ? undefined : this.enterNow(ask)
  }

  /** The same before those who wait. @returns undefined if there is none that is fit and has room. */
  enterNow(ask: Ask): Endpoint | undefined {
    const endpoint = this.#choose(ask)
    endpoint?.enter(ask.isSession)
    return endpoint
  }

  /** Whether each session has a place, by a value of its request or the order of the endpoints. */
  get hasPlaces(): boolean {
    return this.sticky?.kind === 'expression' || this.#tiers.hasPlaces
  }

  /**
   * Where a session would be sent if it came anew. Nobody is counted there, and no turn is used up.
   * @param from where it is: its own room there is not what keeps it away.
   * @returns undefined if one is as good as another, or none has room.
   */
  placeOf(request: RequestContext, from: Endpoint): Endpoint | undefined {
    this.#choosingAtMs = this.#host.clock.now()
    return from.without(() => this.#tiers.place(request, this.#keyOf(request)))
  }

  /** Whether one is there, beside these, that could be given to somebody now. */
  hasOther(others: readonly Endpoint[], isSession: boolean): boolean {
    for (const endpoint of this.#members.all()) {
      const { standing, weight, isFull } = endpoint
      const isFit = standing.state === 'healthy' || standing.state === 'ejected'
      if (isFit && weight > 0 && !(isSession && isFull) && !others.includes(endpoint)) return true
    }
    return false
  }

  /** An administrator's. @returns what is wrong, as a sentence. */
  add(options: EndpointOptions): Endpoint | string {
    if (this.#members.get(options.url) !== undefined)
      return `${options.url} is an endpoint of ${this.name} already`
    const { scheme } = this
    if (scheme !== undefined && options.scheme !== scheme)
      return `The endpoints of one upstream speak the same: those of ${this.name} speak ${scheme}`
    const added = this.#members.add(options, 'admin')
    return added ?? `${this.name} has as many endpoints as it may: ${this.size}`
  }

  /** Its sessions are moved where they can be; else they go on. */
  remove(endpoint: Endpoint): void {
    this.#members.remove(endpoint)
  }

  setWeight(endpoint: Endpoint, weight: number): void {
    this.#members.setWeight(endpoint, weight)
  }

  async #wait(ask: Ask, signal: AbortSignal, limitMs: number): Promise<Endpoint> {
    const { queue } = this.options
    if (ask.isSession && queue !== undefined && this.#line.length < queue.sessions) {
      const served = await this.#line.wait({
        attempt: () => this.enterNow(ask),
        limitMs: Math.min(queue.waitMs, limitMs),
        signal,
      })
      if (served !== undefined) return served
    }
    const isFull = ask.isSession && this.#tiers.isFull
    throw new GatewayError(isFull ? 'ENDPOINTS_FULL' : 'NO_ENDPOINT')
  }

  #choose(ask: Ask): Endpoint | undefined {
    const { request, isSession, sticksTo, tried } = ask
    if (this.#isStillFit(ask)) return sticksTo
    const key = this.#keyOf(request)
    this.#choosingAtMs = this.#host.clock.now()
    return this.#tiers.choose({ request, isSession, key, tried })
  }

  /** What a request sticks by; empty: nothing. */
  #keyOf(request: RequestContext): string {
    const { sticky } = this.options
    return sticky?.kind === 'expression' ? sticky.by.render(request) : ''
  }

  /** Whether it sticks to one that can be used: much may have happened while it waited. */
  #isStillFit({ isSession, sticksTo, tried }: Ask): boolean {
    if (sticksTo === undefined || tried.includes(sticksTo)) return false
    const { state } = sticksTo.standing
    const isUsable = state === 'healthy' || (state === 'draining' && !isSession)
    const isThere = this.#members.get(sticksTo.url) === sticksTo
    return isUsable && isThere && !(isSession && sticksTo.isFull)
  }

  /** For who reads of it in the log. */
  #named(cause: unknown): Error {
    const what = cause instanceof Error ? cause.message : Bun.inspect(cause)
    return new Error(`The balancer ${this.options.balancer.type} of ${this.name}: ${what}`, {
      cause,
    })
  }
}
