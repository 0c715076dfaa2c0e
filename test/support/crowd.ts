/**
 * Sessions as whoever moves them sees them, at endpoints of a real pool, with a real mover: moved in an instant
 * or within a while, or not at all, as a test wants.
 */
import type { MoveCause, UpstreamEvent } from '../../src/core/events.ts'
import type { Movable } from '../../src/proxy/mover/movable.ts'
import { Mover } from '../../src/proxy/mover/mover.ts'
import type { EndpointOptions } from '../../src/upstream/endpoint-options.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { PoolOptions } from '../../src/upstream/pool-options.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import { settle } from './discovering.ts'
import { factsOf } from './facts.ts'
import { FakeClock } from './fake-clock.ts'
import { endpointOptions, startPool } from './pool.ts'
import { contextOf } from './request-context.ts'

/** Checks that never end: tests say by `standing.checked` how they did. */
export const checked = {
  check: {
    type: 'mine',
    options: {},
    create: () => ({ check: () => new Promise<never>(() => {}) }),
  },
  intervalMs: 1_000_000_000,
  timeoutMs: 1_000_000_000,
  healthy: 1,
  unhealthy: 1,
  movesSessions: true,
}

const transparent = {
  mode: 'transparent',
  on: { lost: true, codes: [1001, 1012] },
  holdBytes: 65_536,
  waitMs: 30_000,
  message: '',
} as const

interface Asked {
  readonly atMs: number
  readonly cause: MoveCause
  readonly detail: string | undefined
}

/** Counts at an endpoint from the moment it is sent there until it leaves it, as real ones do. */
export class FakeSession implements Movable {
  readonly id: string
  readonly pool: Pool
  readonly #crowd: Crowd
  endpoint: Endpoint
  /** Where it is going. */
  heading: Endpoint | undefined
  /** It has given its server up, and has no other yet. */
  isBetween = false
  heardAtMs = -Infinity
  isMovable = true
  /** Its header `x-key`. */
  key = ''
  /** When it was asked to move, and why, in their order. */
  readonly asked: Asked[] = []

  constructor(crowd: Crowd, endpoint: Endpoint) {
    this.id = `session-${crowd.sessions.size}`
    this.#crowd = crowd
    this.pool = crowd.pool
    this.endpoint = endpoint
    endpoint.enter(true)
    crowd.sessions.add(this)
  }

  placeNow(): Endpoint | undefined {
    this.#crowd.asks++
    return this.pool.placeOf(contextOf({ headers: { 'x-key': this.key } }), this.endpoint)
  }

  async move(cause: MoveCause, to?: Endpoint): Promise<boolean> {
    const { clock, moveMs, refuses, sessions } = this.#crowd
    const isRefused = refuses(this)
    this.#setOff(cause, undefined, to)
    if (moveMs > 0) await new Promise<void>((resolve) => clock.after(moveMs, resolve))
    if (!sessions.has(this)) return false
    this.isMovable = true
    if (isRefused) this.#stay()
    return this.#arrive()
  }

  failOver(cause: MoveCause, detail: string): void {
    const { clock, moveMs, sessions } = this.#crowd
    this.#setOff(cause, detail, undefined)
    this.isBetween = true
    this.endpoint.leave(true)
    clock.after(moveMs, () => {
      if (!sessions.has(this)) return
      // One that finds no server is closed, in the end.
      if (this.heading === undefined) return this.end()
      this.#arrive()
      this.isMovable = true
    })
  }

  end(): void {
    if (!this.#crowd.sessions.delete(this)) return
    this.isMovable = false
    if (!this.isBetween) this.endpoint.leave(true)
    this.#stay()
  }

  #setOff(cause: MoveCause, detail: string | undefined, to: Endpoint | undefined): void {
    this.asked.push({ atMs: this.#crowd.clock.now(), cause, detail })
    this.isMovable = false
    to?.enter(true)
    this.heading = to ?? this.pool.enterNow({ ...ask, tried: [this.endpoint] })
  }

  #arrive(): boolean {
    if (this.heading === undefined) return false
    if (!this.isBetween) this.endpoint.leave(true)
    this.endpoint = this.heading
    this.heading = undefined
    this.isBetween = false
    return true
  }

  #stay(): void {
    this.heading?.leave(true)
    this.heading = undefined
  }
}

const ask = { request: factsOf(), isSession: true, sticksTo: undefined }

export class Crowd {
  readonly clock = new FakeClock()
  readonly pool: Pool
  readonly mover: Mover
  readonly sessions = new Set<FakeSession>()
  readonly told: Extract<UpstreamEvent, { type: 'endpoint-leaving' }>[] = []
  readonly mistakes: unknown[] = []
  /** How long a move takes. */
  moveMs = 0
  refuses: (session: FakeSession) => boolean = () => false
  /** How often all sessions were walked over, and one was asked for its place. */
  walks = 0
  asks = 0

  constructor(endpoints: readonly EndpointOptions[], more: Partial<PoolOptions> = {}) {
    const { clock } = this
    const onChange = () => this.mover?.onChange()
    const { pool } = startPool(endpoints, { failover: transparent, ...more }, { clock, onChange })
    this.pool = pool
    this.mover = new Mover({
      pool,
      clock,
      sessions: () => {
        this.walks++
        return this.sessions
      },
      emit: (event) => {
        if (event.type === 'endpoint-leaving') this.told.push(event)
        else if (event.type === 'mistake') this.mistakes.push(event.error)
      },
    })
    this.mover.onChange()
  }

  at(url: string): Endpoint {
    const endpoint = this.pool.endpoint(url)
    if (endpoint === undefined) throw new Error(`${url} is not there`)
    return endpoint
  }

  /** So many more sessions there. */
  open(url: string, count: number): FakeSession[] {
    const endpoint = this.at(url)
    return Array.from({ length: count }, () => new FakeSession(this, endpoint))
  }

  /** So many more, each with a key of its own, where it leads. */
  openByKey(count: number): FakeSession[] {
    const anywhere = this.at(urlOf(0))
    return Array.from({ length: count }, (_, index) => {
      const request = contextOf({ headers: { 'x-key': `key-${index}` } })
      const session = new FakeSession(this, this.pool.placeOf(request, anywhere) ?? anywhere)
      session.key = `key-${index}`
      return session
    })
  }

  /** How many are where. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { endpoint, isBetween } of this.sessions)
      if (!isBetween) counts[endpoint.url] = (counts[endpoint.url] ?? 0) + 1
    return counts
  }

  countAt(url: string): number {
    return this.counts[url] ?? 0
  }

  /** How many are on their way there. */
  headingFor(url: string): number {
    return [...this.sessions].filter(({ heading }) => heading?.url === url).length
  }

  /** When sessions were asked to move, one number each. */
  get askedAtMs(): number[] {
    return [...this.sessions]
      .flatMap(({ asked }) => asked.map(({ atMs }) => atMs))
      .sort((a, b) => a - b)
  }

  /** Lets time pass, and what it brings about happen. */
  async pass(ms: number, stepMs = 10): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passedMs))
      await settle()
    }
  }
}

export function endpointsOf(count: number, more: Partial<EndpointOptions> = {}): EndpointOptions[] {
  return Array.from({ length: count }, (_, index) => endpointOptions(urlOf(index), more))
}

export function urlOf(index: number): string {
  return `ws://10.0.0.${index + 1}:9000`
}
