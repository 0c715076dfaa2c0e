/**
 * One upstream: its endpoints, whom a request goes to, and what it goes by, which may change while it serves.
 *
 * Invariant: what does not change goes on as it is, be it one endpoint of many or one key of the configuration.
 */
import type { Prepared } from '../core/reload.ts'
import type { RequestContext } from '../core/request-context.ts'
import { Chooser, type Ask } from './chooser.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import type { Endpoint } from './endpoint.ts'
import { Finder } from './finder.ts'
import { Members } from './members.ts'
import type { PoolHost, PoolOptions, StickyOptions } from './pool-options.ts'
import { makeBalancer, makeSettings, remakeSettings, type PoolSettings } from './pool-settings.ts'
import { RedialGate } from './redial-gate.ts'
import { RetryBudget } from './retry-budget.ts'
import { Sources } from './sources.ts'
import { Tiers } from './tiers.ts'

export class Pool {
  readonly name: string
  readonly retryBudget: RetryBudget
  /** Through which sessions go that have lost their server. */
  readonly redialGate: RedialGate
  /** Requests that were tried again, since the start. */
  retries = 0
  readonly #host: PoolHost
  readonly #settings: PoolSettings
  readonly #members: Members
  readonly #sources: Sources
  readonly #chooser: Chooser
  readonly #finder: Finder
  #leavingCodes: ReadonlySet<number>
  #isRunning = false

  /** @throws Error with a sentence if a file that TLS needs cannot be read or is wrong; then nothing is left behind. */
  constructor(options: PoolOptions, host: PoolHost) {
    const { clock, random, secret, emit } = host
    this.name = options.name
    this.#host = host
    this.#settings = { ...makeSettings(options, host), secret }
    this.#leavingCodes = leavingCodesOf(options)
    this.retryBudget = new RetryBudget({ share: options.retry.budget, clock })
    this.redialGate = new RedialGate(clock, {
      onStranded: (sessions) => emit({ type: 'sessions-stranded', upstream: this.name, sessions }),
      onRescued: (afterMs) => emit({ type: 'sessions-rescued', upstream: this.name, afterMs }),
    })
    this.#finder = new Finder({
      ...host,
      name: this.name,
      scheme: (isFirst) => this.#schemeFound(isFirst),
      onEndpoints: (found, source) => this.#sources.find(found, source),
    })
    this.#members = new Members(this.#settings, {
      clock,
      random,
      choosingAtMs: () => this.#chooser.choosingAtMs,
      emit,
      onChange: () => {
        if (this.size > 0) this.#finder.found()
        this.#chooser.onChange()
        host.onChange(this.name)
      },
      onRoom: () => this.#chooser.onRoom(),
    })
    this.#sources = new Sources(this.#members)
    this.#chooser = new Chooser({
      settings: this.#settings,
      members: this.#members,
      tiers: this.#createTiers(options),
      clock,
    })
    this.#sources.list([], options.endpoints)
  }

  get options(): PoolOptions {
    return this.#settings.options
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

  /** Close codes by which its servers say that they leave; none where `failover` is off. */
  get leavingCodes(): ReadonlySet<number> {
    return this.#leavingCodes
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
    return this.#chooser.waiting
  }

  endpoint(url: string): Endpoint | undefined {
    return this.#members.get(url)
  }

  /** Where the tag of a cookie leads. */
  withTag(tag: string): Endpoint | undefined {
    return this.#members.withTag(tag)
  }

  /** Asks for health, finds endpoints and looks after files, until it `leave`s. */
  start(): void {
    this.#isRunning = true
    this.#settings.tls.start()
    this.#members.start()
    const { discover } = this.options
    if (discover !== undefined) this.#finder.start(discover, this.size > 0)
  }

  /** Ends the idle connections of all endpoints, and looks after nothing any more. */
  leave(): void {
    this.#isRunning = false
    this.#finder.stop()
    this.#chooser.dismiss()
    this.#members.stop()
    this.#settings.tls.stop()
  }

  /**
   * Makes ready what is to be otherwise. What does not change goes on as it is: endpoints with their sessions, their
   * health and what an administrator has said of them, turns, budgets.
   * @param keys of the upstream, as files have them, that differ.
   * @throws Error with a sentence; then nothing is left behind.
   */
  prepare(options: PoolOptions, keys: ReadonlySet<string>): Prepared {
    const made = remakeSettings(options, this.#host, keys)
    const tiers = keys.has('balancer') ? this.#createTiers(options) : undefined
    return {
      commit: () =>
        this.#follow({ ...this.#settings, ...made }, tiers ?? this.#chooser.tiers, keys),
      // Nothing of it has begun.
      abandon() {},
    }
  }

  /** What leads clients to endpoints is signed with this from now on. */
  setSecret(secret: string): void {
    Object.assign(this.#settings, { secret })
    this.#members.retag()
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
    return this.#chooser.enter(ask, signal, limitMs)
  }

  /** The same without a wait. @returns undefined if there is none, or others wait for it. */
  enterInTurn(ask: Ask): Endpoint | undefined {
    return this.#chooser.enterInTurn(ask)
  }

  /** The same before those who wait. @returns undefined if there is none that is fit and has room. */
  enterNow(ask: Ask): Endpoint | undefined {
    return this.#chooser.enterNow(ask)
  }

  /** Whether each session has a place, by a value of its request or the order of the endpoints. */
  get hasPlaces(): boolean {
    return this.sticky?.kind === 'expression' || this.#chooser.tiers.hasPlaces
  }

  /**
   * Where a session would be sent if it came anew. Nobody is counted there, and no turn is used up.
   * @param from where it is: its own room there is not what keeps it away.
   * @returns undefined if one is as good as another, or none has room.
   */
  placeOf(request: RequestContext, from: Endpoint): Endpoint | undefined {
    return this.#chooser.placeOf(request, from)
  }

  /** Whether one is there, beside these, that could be given to somebody now. */
  hasOther(others: readonly Endpoint[], isSession: boolean): boolean {
    return this.#chooser.hasOther(others, isSession)
  }

  /** An administrator's. @returns what is wrong, as a sentence. */
  add(options: EndpointOptions): Endpoint | string {
    if (this.#members.get(options.url) !== undefined)
      return `${options.url} is an endpoint of ${this.name} already`
    const { scheme } = this
    if (scheme !== undefined && options.scheme !== scheme)
      return `The endpoints of one upstream speak the same: those of ${this.name} speak ${scheme}`
    const added = this.#sources.add(options)
    return added ?? `${this.name} has as many endpoints as it may: ${this.size}`
  }

  /** Its sessions are moved where they can be; else they go on. */
  remove(endpoint: Endpoint): void {
    this.#sources.remove(endpoint)
  }

  setWeight(endpoint: Endpoint, weight: number): void {
    this.#members.setWeight(endpoint, weight)
  }

  #follow(settings: PoolSettings, tiers: Tiers, keys: ReadonlySet<string>): void {
    const { scheme: spoken, options: before } = this
    const { tls } = this.#settings
    const { options } = settings
    Object.assign(this.#settings, settings)
    this.#chooser.tiers = tiers
    this.#leavingCodes = leavingCodesOf(options)
    this.retryBudget.share = options.retry.budget
    if (settings.tls !== tls) {
      tls.stop()
      if (this.#isRunning) settings.tls.start()
    }
    this.#members.change(() => {
      this.#sources.list(before.endpoints, options.endpoints)
      const isSpoken = this.scheme === spoken
      if (!isSpoken) this.#sources.speak(this.scheme)
      this.#members.follow(keys)
      if (options.discover === undefined) this.#sources.findNone()
      if (this.#isRunning && (keys.has('discover') || !isSpoken))
        this.#finder.start(options.discover, this.size > 0)
    })
  }

  #createTiers(options: PoolOptions): Tiers {
    return new Tiers(
      () => this.#members.all(),
      () => makeBalancer(options, this.#host),
    )
  }

  #schemeFound(isFirst: boolean): 'ws' | 'http' | undefined {
    const { discover } = this.options
    const isFree = isFirst && discover?.kind === 'file'
    return isFree ? this.#sources.givenScheme : this.scheme
  }
}

function leavingCodesOf({ failover }: PoolOptions): ReadonlySet<number> {
  return new Set(failover.mode === 'off' ? [] : failover.on.codes)
}
