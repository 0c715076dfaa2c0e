/**
 * The endpoints of one upstream, as they come and go: those of the file, those that are discovered, those
 * an administrator adds. Each is asked for its health for as long as it is there.
 *
 * Invariant: an endpoint that stays is the same object with the same health and the same sessions, whatever
 * happens to others. One that goes keeps its sessions, and gets no more.
 */
import type { Clock } from '../core/clock.ts'
import type { EndpointSource, UpstreamEvent } from '../core/events.ts'
import { Dialer, type DialSettings } from './dialer.ts'
import { mayEject } from './ejection-floor.ts'
import type { EjectOptions } from './ejection.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import { endpointTag } from './endpoint-tag.ts'
import { Endpoint, type EndpointSettings } from './endpoint.ts'
import { HealthWatches, type HealthSettings } from './health-watches.ts'
import { Ledger } from './ledger.ts'
import { Standing } from './standing.ts'

/** Of one upstream; a name with more addresses is a mistake. */
export const maxEndpoints = 10_000

/** What all endpoints of an upstream go by. May change: whoever reads it reads it anew. */
export interface MemberSettings extends DialSettings, EndpointSettings, HealthSettings {
  readonly options: MemberOptions
  /** What tags are signed with. */
  readonly secret: string
}

export type MemberOptions = DialSettings['options'] &
  EndpointSettings['options'] &
  HealthSettings['options'] & {
    readonly name: string
    /** `atMost`: the share of the endpoints that may be ejected at once. */
    readonly eject: (EjectOptions & { readonly atMost: number }) | undefined
    /** By an expression no tags are needed. */
    readonly sticky: { readonly kind: string } | undefined
  }

export interface MembersHost {
  readonly clock: Clock
  readonly random: () => number
  /** The moment of the choice under way, by the clock. */
  readonly choosingAtMs: () => number
  readonly emit: (event: UpstreamEvent) => void
  /** There may be others to choose from now. */
  readonly onChange: () => void
  /** A place became free. */
  readonly onRoom: () => void
}

export class Members {
  readonly #settings: MemberSettings
  readonly #host: MembersHost
  /** By their URLs: those of the file first, in its order. */
  readonly #all = new Map<string, Endpoint>()
  readonly #byTag = new Map<string, Endpoint>()
  readonly #ledger = new Ledger()
  readonly #watches: HealthWatches
  #isRunning = false
  #isChanging = false

  constructor(settings: MemberSettings, host: MembersHost) {
    this.#settings = settings
    this.#host = host
    const { clock, random } = host
    this.#watches = new HealthWatches(settings, { clock, random })
  }

  get size(): number {
    return this.#all.size
  }

  all(): IterableIterator<Endpoint> {
    return this.#all.values()
  }

  /** Sessions of addresses that are gone, by their URLs. */
  leaving(): Map<string, number> {
    return this.#ledger.leaving((url) => this.#all.has(url))
  }

  /** Sessions of an address, whether or not it is there. */
  sessionsAt(url: string): number {
    return this.#ledger.sessionsAt(url)
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
    this.#watches.begin(this.#all.values())
  }

  stop(): void {
    this.#isRunning = false
    for (const endpoint of this.#all.values()) this.#end(endpoint)
  }

  /** Whatever changes meanwhile is one change to the host: all of it is so before anybody is sent to one. */
  change(act: () => void): void {
    if (this.#isChanging) return act()
    this.#isChanging = true
    try {
      act()
    } finally {
      this.#isChanging = false
      this.#host.onChange()
    }
  }

  /** These are there from now on, as this source has them; as many as may be. */
  put(listing: readonly EndpointOptions[], source: EndpointSource): void {
    this.change(() => {
      for (const options of listing) {
        const endpoint = this.#all.get(options.url)
        if (endpoint === undefined) continue
        // What has another name to be asked by is another endpoint, though its address is the same.
        if (endpoint.update(options)) endpoint.source = source
        else this.remove(endpoint)
      }
      // The first ones have nobody to leave the rest to.
      const startsSlowly = this.size > 0
      const added: Endpoint[] = []
      for (const options of listing) {
        if (this.#all.has(options.url) || this.size >= maxEndpoints) continue
        added.push(this.#add(options, source, startsSlowly))
      }
      if (this.#isRunning) this.#watches.begin(added)
    })
  }

  /** It keeps its sessions, and what an administrator has said of it. */
  remove(endpoint: Endpoint): void {
    const { url, source } = endpoint
    this.change(() => {
      this.#all.delete(url)
      this.#byTag.delete(endpoint.tag)
      this.#end(endpoint)
      this.#ledger.settle(url)
      this.#host.emit({ type: 'endpoint-removed', ...this.#told(endpoint), source })
    })
  }

  setWeight(endpoint: Endpoint, weight: number): void {
    endpoint.setWeight(weight)
    this.#host.emit({ type: 'endpoint-weighted', ...this.#told(endpoint), weight })
    this.#host.onChange()
  }

  /** What an administrator has said holds no more: of its weight, and where it is not there of draining, too. */
  forgetWord(url: string): void {
    const endpoint = this.#all.get(url)
    if (endpoint === undefined) this.#ledger.forgetWord(url)
    else endpoint.forgetWeight()
  }

  /** In this order, then the others as they have come. */
  sort(listing: readonly EndpointOptions[]): void {
    const listed = listing.flatMap(({ url }) => this.#all.get(url) ?? [])
    for (const endpoint of new Set([...listed, ...this.#all.values()])) {
      this.#all.delete(endpoint.url)
      this.#all.set(endpoint.url, endpoint)
    }
  }

  /** The settings have changed in these keys of the upstream. What does not say otherwise stays as it is. */
  follow(keys: ReadonlySet<string>): void {
    const { health, eject } = this.#settings.options
    this.change(() => {
      for (const { standing, dialer, options } of this.#all.values()) {
        if (keys.has('health')) standing.setHealth(health)
        if (keys.has('eject')) standing.setEject(eject)
        if (keys.has('keep-alive') || (options.isTls && keys.has('tls'))) dialer.dropIdle()
      }
    })
    if (keys.has('health') && this.#isRunning) this.#watches.begin(this.#all.values())
    if (keys.has('sticky')) this.retag()
  }

  /** All are called by what the settings say now. */
  retag(): void {
    this.#byTag.clear()
    for (const endpoint of this.#all.values()) this.#tag(endpoint)
  }

  #add(options: EndpointOptions, source: EndpointSource, startsSlowly: boolean): Endpoint {
    const endpoint = this.#create(options, source)
    this.#all.set(options.url, endpoint)
    this.#tag(endpoint)
    if (!this.#isRunning) return endpoint
    if (startsSlowly) endpoint.startSlowly()
    this.#host.emit({ type: 'endpoint-added', ...this.#told(endpoint), source })
    if (endpoint.isToldToDrain) endpoint.standing.drain()
    return endpoint
  }

  #create(options: EndpointOptions, source: EndpointSource): Endpoint {
    const settings = this.#settings
    const { clock, choosingAtMs } = this.#host
    const { eject, health } = settings.options
    const endpoint: Endpoint = new Endpoint({
      options,
      source,
      settings,
      dialer: new Dialer(options, settings),
      standing: new Standing({
        clock,
        eject,
        health,
        mayEject: () => {
          const atMost = settings.options.eject?.atMost ?? 0
          return mayEject([...this.#all.values()], { atMost, nowMs: clock.now() })
        },
        onChange: ({ state, was, reason }) => {
          if (state === 'healthy') endpoint.startSlowly()
          this.#host.emit({ type: 'endpoint-changed', ...this.#told(endpoint), state, was, reason })
          if (!this.#isChanging) this.#host.onChange()
        },
      }),
      carried: this.#ledger.open(options.url),
      now: () => clock.now(),
      choosingAtMs,
      onRoom: ({ url }) => {
        if (!this.#all.has(url)) this.#ledger.settle(url)
        this.#host.onRoom()
      },
    })
    return endpoint
  }

  #tag(endpoint: Endpoint): void {
    const { secret, options } = this.#settings
    const isTagged = options.sticky !== undefined && options.sticky.kind !== 'expression'
    endpoint.tag = isTagged ? endpointTag(secret, endpoint.url) : ''
    if (isTagged) this.#byTag.set(endpoint.tag, endpoint)
  }

  #end(endpoint: Endpoint): void {
    this.#watches.end(endpoint)
    endpoint.standing.stop()
    endpoint.dialer.leave()
  }

  #told(endpoint: Endpoint): { upstream: string; endpoint: string } {
    return { upstream: this.#settings.options.name, endpoint: endpoint.url }
  }
}
