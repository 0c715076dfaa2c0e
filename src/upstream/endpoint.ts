/**
 * One endpoint of an upstream: how it is, what it carries, and the way to it.
 *
 * Whoever is sent to it counts as a session or a request from the moment it is chosen, so that a burst of
 * handshakes is spread as if all had been opened.
 */
import type { Candidate } from '../core/balancer.ts'
import { CloseCode } from '../core/close-codes.ts'
import type { EndpointSource, SessionEnd } from '../core/events.ts'
import type { Dialer } from './dialer.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import { Latency } from './latency.ts'
import type { Carried } from './ledger.ts'
import { slowStartShare } from './slow-start.ts'
import type { Standing } from './standing.ts'

/** May change, for all endpoints of an upstream at once. */
export interface EndpointSettings {
  readonly options: { readonly slowStartMs: number | undefined }
}

export interface EndpointParts {
  readonly options: EndpointOptions
  readonly settings: EndpointSettings
  readonly source: EndpointSource
  readonly dialer: Dialer
  readonly standing: Standing
  /** Of its address: it was there before the endpoint, and may be after it. */
  readonly carried: Carried
  readonly now: () => number
  /** The moment of the choice under way: the clock is read once for it, and not for each endpoint. */
  readonly choosingAtMs: () => number
  /** A place became free. */
  readonly onRoom: (endpoint: Endpoint) => void
}

export class Endpoint implements Candidate {
  /** Who says that it is there. */
  source: EndpointSource
  readonly dialer: Dialer
  readonly standing: Standing
  /** What stands for it in cookies; empty where nothing needs it. */
  tag = ''
  readonly #parts: EndpointParts
  readonly #carried: Carried
  readonly #latency = new Latency()
  #options: EndpointOptions
  #mostSessions: number
  /** Of dials and pings alone, without what failures count as: for people. */
  readonly #shownLatency = new Latency()
  #startedSlowlyAtMs = -Infinity

  constructor(parts: EndpointParts) {
    this.#parts = parts
    this.#carried = parts.carried
    this.#options = parts.options
    this.#mostSessions = parts.options.sessions ?? Infinity
    this.source = parts.source
    this.dialer = parts.dialer
    this.standing = parts.standing
  }

  get options(): EndpointOptions {
    return this.#options
  }

  get url(): string {
    return this.#options.url
  }

  get weight(): number {
    return this.#carried.weight ?? this.#options.weight
  }

  get currentWeight(): number {
    return this.weightAt(this.#parts.choosingAtMs())
  }

  /** Less than the weight while it starts slowly. */
  weightAt(nowMs: number): number {
    const { slowStartMs } = this.#parts.settings.options
    if (slowStartMs === undefined) return this.weight
    return this.weight * slowStartShare(nowMs - this.#startedSlowlyAtMs, slowStartMs)
  }

  /** Open sessions, and handshakes that may become one. */
  get sessions(): number {
    return this.#carried.sessions
  }

  get load(): number {
    const { sessions, requests } = this.#carried
    return sessions + requests
  }

  get latencyMs(): number | undefined {
    return this.#latency.read(this.#parts.choosingAtMs())
  }

  /** The same as last observed, for people: it does not fade. */
  get averageLatencyMs(): number | undefined {
    return this.#shownLatency.averageMs
  }

  get isFull(): boolean {
    return this.#carried.sessions >= this.#mostSessions
  }

  /** It could not be connected to: as if that had taken the longest it may. */
  observeFailedDial(): void {
    this.#latency.observe(this.dialer.timeout.connectMs, this.#parts.now())
  }

  /** How long a dial or a ping took. */
  observe(latencyMs: number): void {
    const nowMs = this.#parts.now()
    this.#latency.observe(latencyMs, nowMs)
    this.#shownLatency.observe(latencyMs, nowMs)
  }

  /** Its weight grows from now on. */
  startSlowly(): void {
    this.#startedSlowlyAtMs = this.#parts.now()
  }

  /** By an administrator: what is discovered changes it no more. */
  setWeight(weight: number): void {
    this.#carried.weight = weight
  }

  /** What it is configured with counts again. */
  forgetWeight(): void {
    this.#carried.weight = undefined
  }

  /** By an administrator. It gets no new sessions; those it has are moved where they can be, or stay. */
  drain(): void {
    this.#carried.isDraining = true
    this.standing.drain()
  }

  undrain(): void {
    this.#carried.isDraining = false
    this.standing.undrain()
  }

  get isToldToDrain(): boolean {
    return this.#carried.isDraining
  }

  /** What an administrator has said of it. */
  forgetWord(): void {
    this.#carried.weight = undefined
    this.#carried.isDraining = false
  }

  /**
   * Takes over what may change while it is there: weight, place among the backups, room.
   * @returns whether the rest is as it was; if not, it is another endpoint.
   */
  update(options: EndpointOptions): boolean {
    const { weight, isBackup, sessions } = options
    const updated: EndpointOptions = { ...this.#options, weight, isBackup, sessions }
    if (!Bun.deepEquals(updated, options)) return false
    this.#options = updated
    this.#mostSessions = sessions ?? Infinity
    return true
  }

  enter(isSession: boolean): void {
    if (isSession) this.#carried.sessions++
    else this.#carried.requests++
  }

  /** A session that was open is over, which tells something of the endpoint. */
  sessionEnded({ by, code }: SessionEnd): void {
    // What the gateway has ended says nothing of the endpoint.
    if (by !== 'gateway' && code !== CloseCode.abnormal) this.standing.succeeded('session')
    if (by === 'upstream' && code === CloseCode.abnormal)
      this.standing.failed('session', 'ended without a Close')
    this.leave(true)
  }

  /** What is chosen as if one of its sessions had left it: nobody is told of a place that became free. */
  without<Choice>(choose: () => Choice): Choice {
    this.#carried.sessions--
    try {
      return choose()
    } finally {
      this.#carried.sessions++
    }
  }

  leave(isSession: boolean): void {
    if (isSession) this.#carried.sessions--
    else this.#carried.requests--
    this.#parts.onRoom(this)
  }
}
