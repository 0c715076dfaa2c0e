/**
 * One upstream: whom a request goes to, and who waits while nobody has room.
 *
 * Invariant: whoever is given an endpoint is counted there from that moment until it `leave`s it.
 */
import type { Balancer, BalancerHost } from '../core/balancer.ts'
import type { Clock } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { CertificateEvent, UpstreamEvent } from '../core/events.ts'
import type { Configured, Expression } from '../core/extension.ts'
import type { RequestContext } from '../core/request-context.ts'
import type { DnsQuery } from '../net/dns-query.ts'
import { createDiscovery, type DiscoverOptions } from './discovery/discovery.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import type { Endpoint } from './endpoint.ts'
import { Members, type MemberOptions } from './members.ts'
import { RetryBudget } from './retry-budget.ts'
import { Tiers } from './tiers.ts'
import { UpstreamTls, type UpstreamTlsOptions } from './upstream-tls.ts'
import { WaitingLine } from './waiting-line.ts'

export interface PoolOptions extends MemberOptions {
  readonly endpoints: readonly EndpointOptions[]
  readonly discover: DiscoverOptions | undefined
  readonly balancer: Configured<Balancer, BalancerHost>
  readonly queue: QueueOptions | undefined
  readonly sticky: StickyOptions | undefined
  readonly retry: RetryOptions
  /** How those with TLS are spoken to. */
  readonly tls: UpstreamTlsOptions
}

export interface QueueOptions {
  readonly sessions: number
  readonly waitMs: number
}

export interface RetryOptions {
  readonly dials: number
  readonly budget: number
  readonly statuses: readonly number[]
}

export type StickyOptions =
  | {
      readonly kind: 'cookie'
      readonly name: string
      readonly path: string
      readonly maxAgeMs: number | undefined
      readonly sameSite: 'Lax' | 'Strict' | 'None'
    }
  | { readonly kind: 'engine.io' }
  | { readonly kind: 'expression'; readonly by: Expression }

export interface PoolHost {
  readonly clock: Clock
  readonly query: DnsQuery
  readonly secret: string
  /** From 0 up to 1, without 1. */
  readonly random: () => number
  readonly emit: (event: UpstreamEvent | CertificateEvent) => void
}

/** Somebody who wants an endpoint. */
export interface Ask {
  readonly request: RequestContext
  readonly isSession: boolean
  /** Where an earlier request of the same client went, if it can be used. */
  readonly sticksTo: Endpoint | undefined
  /** Those that have failed it. */
  readonly tried: readonly Endpoint[]
}

/** While nothing is known yet: as many wait for the first endpoints. */
const untilDiscovered: QueueOptions = { sessions: 10_000, waitMs: 5_000 }

export class Pool {
  readonly name: string
  readonly options: PoolOptions
  readonly retryBudget: RetryBudget
  /** Requests that were tried again, since the start. */
  retries = 0
  readonly #host: PoolHost
  readonly #tls: UpstreamTls
  readonly #members: Members
  readonly #tiers: Tiers
  readonly #line: WaitingLine<Endpoint>
  #choosingAtMs = 0
  /** Nothing was found yet. */
  #isDiscovering = false
  #stopDiscovery: (() => void) | undefined

  /** @throws Error with a sentence if a file that TLS needs cannot be read or is wrong. */
  constructor(options: PoolOptions, host: PoolHost) {
    const { clock, random, secret } = host
    const needsTags = options.sticky !== undefined && options.sticky.kind !== 'expression'
    this.name = options.name
    this.options = options
    this.#host = host
    this.#tls = new UpstreamTls(options.tls, (event) => host.emit(event))
    this.retryBudget = new RetryBudget({ share: options.retry.budget, clock })
    this.#tiers = new Tiers(
      () => this.#members.all(),
      () => options.balancer.create({ random }),
    )
    this.#line = new WaitingLine(clock)
    this.#members = new Members(options, {
      clock,
      random,
      secret: needsTags ? secret : undefined,
      tls: this.#tls,
      choosingAtMs: () => this.#choosingAtMs,
      emit: (event) => host.emit(event),
      onChange: () => {
        this.#tiers.invalidate()
        this.#line.serve()
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

  /** Of all its endpoints; undefined while there is none. */
  get scheme(): 'ws' | 'http' | undefined {
    const [endpoint] = this.#members.all()
    return endpoint?.options.scheme
  }

  get sticky(): StickyOptions | undefined {
    return this.options.sticky
  }

  /** Those that are there now. */
  get endpoints(): Iterable<Endpoint> {
    return this.#members.all()
  }

  get size(): number {
    return this.#members.size
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
    if (discover === undefined) return
    this.#isDiscovering = this.size === 0
    const { emit, clock, random, query } = this.#host
    const discovery = createDiscovery(discover, { query, clock, random })
    const told = { upstream: this.name, source: discovery.source }
    let isFailing = false
    this.#stopDiscovery = discovery.start({
      onEndpoints: (found) => {
        if (isFailing) emit({ type: 'discovery-recovered', ...told, endpoints: found.length })
        isFailing = false
        this.#isDiscovering = false
        this.#members.sync(found, discovery.source)
      },
      onFailure: (detail) => {
        isFailing = true
        emit({ type: 'discovery-failed', ...told, detail })
      },
    })
  }

  /** Ends the idle connections of all endpoints, and looks after nothing any more. */
  leave(): void {
    this.#stopDiscovery?.()
    this.#members.stop()
    this.#tls.stop()
  }

  /**
   * An endpoint for whoever asks, counted there.
   * @param signal aborted by who does not want it any more. @param limitMs how long it may wait at most.
   * @throws GatewayError NO_ENDPOINT or ENDPOINTS_FULL, or the signal's reason.
   */
  enter(ask: Ask, signal: AbortSignal, limitMs: number): Endpoint | Promise<Endpoint> {
    const mustWait = this.#line.length > 0 && ask.isSession
    const endpoint = mustWait ? undefined : this.enterNow(ask)
    return endpoint ?? this.#wait(ask, signal, limitMs)
  }

  /** The same at once. @returns undefined if there is none that is fit and has room. */
  enterNow(ask: Ask): Endpoint | undefined {
    const endpoint = this.#choose(ask)
    endpoint?.enter(ask.isSession)
    return endpoint
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

  /** Its sessions go on. */
  remove(endpoint: Endpoint): void {
    this.#members.remove(endpoint)
  }

  setWeight(endpoint: Endpoint, weight: number): void {
    this.#members.setWeight(endpoint, weight)
  }

  async #wait(ask: Ask, signal: AbortSignal, limitMs: number): Promise<Endpoint> {
    const queue = this.#queueFor(ask)
    if (queue !== undefined && this.#line.length < queue.sessions) {
      const served = await this.#line.wait({
        attempt: () => this.enterNow(ask),
        limitMs: Math.min(queue.waitMs, limitMs),
        signal,
      })
      if (served !== undefined) return served
    }
    throw new GatewayError(this.#isFull() ? 'ENDPOINTS_FULL' : 'NO_ENDPOINT')
  }

  #queueFor({ isSession }: Ask): QueueOptions | undefined {
    if (this.#isDiscovering) return untilDiscovered
    return isSession ? this.options.queue : undefined
  }

  #choose(ask: Ask): Endpoint | undefined {
    const { request, isSession, sticksTo, tried } = ask
    const isFree = (endpoint: Endpoint) =>
      !(isSession && endpoint.isFull) && !tried.includes(endpoint)
    if (sticksTo !== undefined && isFree(sticksTo)) return sticksTo
    const { sticky } = this.options
    const key = sticky?.kind === 'expression' ? sticky.by.render(request) : ''
    this.#choosingAtMs = this.#host.clock.now()
    const isOpen = (endpoint: Endpoint) => isFree(endpoint) && endpoint.dialer.hasRoom
    // Who only lacks room will have some again: that is worth waiting for.
    const mayGuess = !isSession || !this.#isFull()
    return (
      this.#tiers.choose({ request, key, isOpen }) ??
      (mayGuess ? this.#tiers.chooseEjected({ request, key, isOpen }) : undefined) ??
      // Where dials hang everywhere, the next waits for a probe to come through.
      this.#tiers.choose({ request, key, isOpen: isFree })
    )
  }

  /** Whether somebody could be used, but has no room. */
  #isFull(): boolean {
    for (const { standing, isFull, weight } of this.#members.all())
      if (standing.state === 'healthy' && isFull && weight > 0) return true
    return false
  }
}
