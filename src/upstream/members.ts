/**
 * The endpoints of one upstream, as they come and go: those of the file, those that are discovered, those
 * an administrator adds. Each is asked for its health for as long as it is there.
 *
 * Invariant: an endpoint that stays is the same object with the same health and the same sessions, whatever
 * happens to others. One that goes keeps its sessions, and gets no more.
 */
import type { Clock } from '../core/clock.ts'
import type { Configured } from '../core/extension.ts'
import type { EndpointSource, UpstreamEvent } from '../core/events.ts'
import type { HealthCheck } from '../core/health-check.ts'
import { Dialer, type EndpointTimes, type KeepAlive } from './dialer.ts'
import { mayEject } from './ejection-floor.ts'
import type { EjectOptions } from './ejection.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import { endpointTag } from './endpoint-tag.ts'
import { Endpoint, newlyCarried, type Carried } from './endpoint.ts'
import { watchHealth } from './health-monitor.ts'
import { Standing } from './standing.ts'
import type { UpstreamTls } from './upstream-tls.ts'

/** Of one upstream; a name with more addresses is a mistake. */
export const maxEndpoints = 10_000
/** Many endpoints are first asked a few at a time. */
const firstCheckEveryMs = 5

export interface HealthOptions {
  readonly check: Configured<HealthCheck>
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly healthy: number
  readonly unhealthy: number
  readonly movesSessions: boolean
}

export interface MemberOptions {
  readonly name: string
  readonly health: HealthOptions | undefined
  /** `atMost`: the share of the endpoints that may be ejected at once. */
  readonly eject: (EjectOptions & { readonly atMost: number }) | undefined
  readonly slowStartMs: number | undefined
  readonly timeout: EndpointTimes
  readonly keepAlive: KeepAlive
}

export interface MembersHost {
  readonly clock: Clock
  readonly random: () => number
  /** What tags are signed with; undefined: none are needed. */
  readonly secret: string | undefined
  readonly tls: UpstreamTls
  /** The moment of the choice under way, by the clock. */
  readonly choosingAtMs: () => number
  readonly emit: (event: UpstreamEvent) => void
  /** There may be others to choose from now. */
  readonly onChange: () => void
  /** A place became free. */
  readonly onRoom: () => void
}

export class Members {
  readonly #options: MemberOptions
  readonly #host: MembersHost
  /** By their URLs. */
  readonly #all = new Map<string, Endpoint>()
  readonly #byTag = new Map<string, Endpoint>()
  /** What addresses carry, those included that are gone but for their sessions. */
  readonly #carried = new Map<string, Carried>()
  readonly #check: HealthCheck | undefined
  /** What ends the watch of each. */
  readonly #watches = new Map<Endpoint, () => void>()
  #isRunning = false
  #isSyncing = false

  constructor(options: MemberOptions, host: MembersHost) {
    this.#options = options
    this.#host = host
    this.#check = options.health?.check.create(undefined)
  }

  get size(): number {
    return this.#all.size
  }

  all(): IterableIterator<Endpoint> {
    return this.#all.values()
  }

  /** Sessions of addresses that are gone, by their URLs. */
  leaving(): Map<string, number> {
    const gone = [...this.#carried].filter(
      ([url, { sessions }]) => sessions > 0 && !this.#all.has(url),
    )
    return new Map(gone.map(([url, { sessions }]) => [url, sessions]))
  }

  /** Sessions of an address, whether or not it is there. */
  sessionsAt(url: string): number {
    return this.#carried.get(url)?.sessions ?? 0
  }

  get(url: string): Endpoint | undefined {
    return this.#all.get(url)
  }

  withTag(tag: string): Endpoint | undefined {
    return this.#byTag.get(tag)
  }

  /** From now on endpoints are asked for their health, and those that come are news. */
  start(): void {
    this.#isRunning = true
    let checkAfterMs = 0
    for (const endpoint of this.#all.values()) {
      this.#watch(endpoint, checkAfterMs)
      checkAfterMs += firstCheckEveryMs
    }
  }

  stop(): void {
    this.#isRunning = false
    for (const endpoint of this.#all.values()) this.#end(endpoint)
  }

  /** @returns undefined if it is there already, or there are as many as may be. */
  add(options: EndpointOptions, source: EndpointSource): Endpoint | undefined {
    const added = this.#add(options, source, { startsSlowly: this.size > 0, checkAfterMs: 0 })
    if (added !== undefined) this.#host.onChange()
    return added
  }

  /** By an administrator, whose word of it is forgotten too. */
  remove(endpoint: Endpoint): void {
    endpoint.forgetWord()
    this.#remove(endpoint)
    this.#host.onChange()
  }

  /** Those of this source are these, from now on. All of them are there before anybody is sent to one. */
  sync(listed: readonly EndpointOptions[], source: EndpointSource): void {
    const byUrl = new Map(listed.map((options) => [options.url, options]))
    this.#isSyncing = true
    for (const endpoint of this.#all.values()) {
      if (endpoint.source !== source) continue
      const options = byUrl.get(endpoint.url)
      // What has another name to be asked by is another endpoint, though its address is the same.
      if (options === undefined || !endpoint.update(options)) this.#remove(endpoint)
    }
    // The first ones have nobody to leave the rest to.
    const startsSlowly = this.size > 0
    let checkAfterMs = 0
    for (const options of listed) {
      const added = this.#add(options, source, { startsSlowly, checkAfterMs })
      if (added !== undefined) checkAfterMs += firstCheckEveryMs
    }
    this.#isSyncing = false
    this.#host.onChange()
  }

  setWeight(endpoint: Endpoint, weight: number): void {
    endpoint.setWeight(weight)
    this.#host.emit({ type: 'endpoint-weighted', ...this.#told(endpoint), weight })
    this.#host.onChange()
  }

  #add(
    options: EndpointOptions,
    source: EndpointSource,
    { startsSlowly, checkAfterMs }: { startsSlowly: boolean; checkAfterMs: number },
  ): Endpoint | undefined {
    if (this.#all.has(options.url) || this.size >= maxEndpoints) return undefined
    const endpoint = this.#create(options, source)
    this.#all.set(options.url, endpoint)
    if (endpoint.tag !== '') this.#byTag.set(endpoint.tag, endpoint)
    if (!this.#isRunning) return endpoint
    if (startsSlowly) endpoint.startSlowly()
    this.#host.emit({ type: 'endpoint-added', ...this.#told(endpoint), source })
    this.#watch(endpoint, checkAfterMs)
    if (endpoint.isToldToDrain) endpoint.standing.drain()
    return endpoint
  }

  #remove(endpoint: Endpoint): void {
    this.#all.delete(endpoint.url)
    this.#byTag.delete(endpoint.tag)
    this.#end(endpoint)
    this.#forget(endpoint)
    const { source } = endpoint
    this.#host.emit({ type: 'endpoint-removed', ...this.#told(endpoint), source })
  }

  /** Nothing is kept of an address that is gone with its sessions, but what an administrator has said of it. */
  #forget({ url, load }: Endpoint): void {
    const { weight, isDraining } = this.#carried.get(url) ?? {}
    const isSpecial =
      (weight !== undefined || isDraining === true) && this.#carried.size <= maxEndpoints
    if (load === 0 && !isSpecial && !this.#all.has(url)) this.#carried.delete(url)
  }

  #create(options: EndpointOptions, source: EndpointSource): Endpoint {
    const { timeout, keepAlive, eject, health, slowStartMs } = this.#options
    const { clock, secret, tls } = this.#host
    const carried = this.#carried.get(options.url) ?? newlyCarried()
    this.#carried.set(options.url, carried)
    const endpoint: Endpoint = new Endpoint({
      options,
      source,
      dialer: new Dialer(options, timeout, keepAlive, tls),
      standing: new Standing({
        clock,
        eject,
        health,
        mayEject: () =>
          mayEject([...this.#all.values()], { atMost: eject?.atMost ?? 0, nowMs: clock.now() }),
        onChange: ({ state, was, reason }) => {
          if (state === 'healthy') endpoint.startSlowly()
          this.#host.emit({ type: 'endpoint-changed', ...this.#told(endpoint), state, was, reason })
          if (!this.#isSyncing) this.#host.onChange()
        },
      }),
      carried,
      tag: secret === undefined ? '' : endpointTag(secret, options.url),
      slowStartMs,
      now: () => clock.now(),
      choosingAtMs: this.#host.choosingAtMs,
      onRoom: (left) => {
        this.#forget(left)
        this.#host.onRoom()
      },
    })
    return endpoint
  }

  #watch(endpoint: Endpoint, checkAfterMs: number): void {
    const { health, timeout } = this.#options
    const { connectMs } = timeout
    const check = this.#check
    if (check === undefined || health === undefined) return
    const { clock, random } = this.#host
    const { authority, path } = endpoint.options
    const stop = watchHealth({
      clock,
      random,
      check,
      target: {
        authority,
        path,
        // Several addresses have to share the time of the check.
        connect: (signal) => endpoint.dialer.probe(signal, Math.min(health.timeoutMs, connectMs)),
      },
      intervalMs: health.intervalMs,
      timeoutMs: health.timeoutMs,
      firstDelayMs: Math.min(checkAfterMs, health.intervalMs),
      onResult: (fault, pingMs) => {
        if (pingMs !== undefined) endpoint.observe(pingMs)
        endpoint.standing.checked(fault)
      },
    })
    this.#watches.set(endpoint, stop)
  }

  #end(endpoint: Endpoint): void {
    this.#watches.get(endpoint)?.()
    this.#watches.delete(endpoint)
    endpoint.standing.stop()
    endpoint.dialer.leave()
  }

  #told(endpoint: Endpoint): { upstream: string; endpoint: string } {
    return { upstream: this.#options.name, endpoint: endpoint.url }
  }
}
