/**
 * How an endpoint stands, and why: what checks say of it, what its traffic shows, and what it was told.
 *
 * Each of the three is kept by itself, so that the end of one does not undo another; the state that counts
 * is the gravest of them. Live sessions are touched by none.
 */
import type { Clock } from '../core/clock.ts'
import type { EndpointState } from '../core/events.ts'
import { Ejection, type EjectOptions, type WatchedKind } from './ejection.ts'

export interface HealthThresholds {
  /** Checks in a row that must succeed, or fail, before the endpoint is called so. */
  readonly healthy: number
  readonly unhealthy: number
}

export interface StandingChange {
  readonly state: EndpointState
  readonly was: EndpointState
  /** A sentence without full stop. */
  readonly reason: string
}

/** What it came to, once. */
export interface Transition {
  /** ISO 8601. */
  readonly at: string
  readonly state: EndpointState
  readonly reason: string
}

export interface StandingOptions {
  readonly clock: Clock
  /** undefined: it is never ejected. */
  readonly eject: EjectOptions | undefined
  /** undefined: it is not checked. */
  readonly health: HealthThresholds | undefined
  /** Whether one more of the upstream's endpoints may be ejected. Asked when it is about to be. */
  mayEject(): boolean
  onChange(change: StandingChange): void
}

/** Enough to see an endpoint that comes and goes. */
const maxTransitions = 16
/** Longer clauses are cut: some are made of what a server sent. */
const maxClauseLength = 200

export class Standing {
  readonly #options: StandingOptions
  #health: HealthThresholds | undefined
  #ejection: Ejection | undefined
  /** Why checks call it unhealthy; undefined: they do not. */
  #unhealthy: string | undefined
  #isDraining = false
  /** Checks in a row that ended alike. */
  #checks = 0
  /** How the last check ended; undefined: there was none. */
  #wasWell: boolean | undefined
  /** What was the reason before it failed and had to stay; undefined: it does not fail. */
  #reasonBefore: string | undefined
  /** Checks that succeeded in a row since it was ejected. */
  #wellSinceEjected = 0
  #isStopped = false
  #state: EndpointState = 'healthy'
  #reason: string
  #sinceMs: number
  #history: readonly Transition[] = []

  constructor(options: StandingOptions) {
    const { clock, eject, health } = options
    this.#options = options
    this.#health = health
    this.#reason = health === undefined ? 'nothing has failed so far' : 'not checked yet'
    this.#sinceMs = clock.now()
    this.setEject(eject)
  }

  get state(): EndpointState {
    return this.#state
  }

  /** Why it is in this state: a sentence without full stop. */
  get reason(): string {
    return this.#reason
  }

  /** Why checks call it unhealthy, also while it drains: a sentence without full stop; undefined: they do not. */
  get fault(): string | undefined {
    return this.#unhealthy
  }

  /** By the clock's `now`. */
  get sinceMs(): number {
    return this.#sinceMs
  }

  /** What it came to last, oldest first. */
  get history(): readonly Transition[] {
    return this.#history
  }

  /** It was ejected, and has not shown since that it is mended: one more failure ejects it again. */
  get isOnProbation(): boolean {
    return this.#ejection?.isOnProbation ?? false
  }

  /** An active check has ended. The very first one decides alone. @param fault what is wrong; undefined: nothing is. */
  checked(fault: string | undefined): void {
    const health = this.#health
    if (health === undefined || this.#isStopped) return
    const isWell = fault === undefined
    const isFirst = this.#wasWell === undefined
    this.#checks = this.#wasWell === isWell ? this.#checks + 1 : 1
    this.#wasWell = isWell
    const wasUnhealthy = this.#unhealthy !== undefined
    this.#wellSinceEjected = isWell ? this.#wellSinceEjected + 1 : 0
    if (this.#wellSinceEjected >= health.healthy)
      this.#ejection?.release(checksText(this.#wellSinceEjected, 'succeeded'))
    if (fault === undefined) {
      if (!isFirst && (!wasUnhealthy || this.#checks < health.healthy)) return
      this.#unhealthy = undefined
      this.#settle(checksText(this.#checks, 'succeeded'))
    } else {
      if (!isFirst && !wasUnhealthy && this.#checks < health.unhealthy) return
      const last = this.#checks === 1 ? '' : ', the last'
      this.#unhealthy = `${checksText(this.#checks, 'failed')}${last}: ${clauseOf(fault)}`
      this.#settle(this.#unhealthy)
    }
  }

  /** A request or handshake was answered well; a session was closed properly. Called for each of them: costs nanoseconds. */
  succeeded(kind: WatchedKind): void {
    this.#ejection?.succeeded(kind)
    if (this.#reasonBefore !== undefined) this.#mended()
  }

  /**
   * While it is not healthy this says nothing new: it is what was begun before.
   * @param reason a clause: `connection refused`. @param tookMs how long it took to fail.
   */
  failed(kind: WatchedKind, reason: string, tookMs = 0): void {
    if (this.#state === 'healthy') this.#ejection?.failed(kind, clauseOf(reason), tookMs)
  }

  /** When it was ejected, by the clock; undefined: it is not, or something graver is the matter. */
  get ejectedAtMs(): number | undefined {
    return this.#state === 'ejected' ? this.#ejection?.ejectedAtMs : undefined
  }

  /** Ejected no more, before its time. @param cause a clause. */
  readmit(cause: string): void {
    this.#ejection?.release(cause)
  }

  drain(): void {
    this.#setDraining(true)
  }

  undrain(): void {
    this.#setDraining(false)
  }

  /** What checks have said holds until others say otherwise. @param health undefined: it is not checked any more. */
  setHealth(health: HealthThresholds | undefined): void {
    this.#health = health
    if (health !== undefined || this.#isStopped) return
    this.#wasWell = undefined
    this.#checks = 0
    if (this.#unhealthy === undefined) return
    this.#unhealthy = undefined
    this.#settle('not checked any more')
  }

  /** Where it is ejected it stays so for as long as was told. @param eject undefined: it comes back, and stays. */
  setEject(eject: EjectOptions | undefined): void {
    if (this.#isStopped) return
    if (eject !== undefined) {
      this.#ejection ??= this.#createEjection(eject)
      this.#ejection.options = eject
      return
    }
    this.#ejection?.release('not ejected any more')
    this.#ejection = undefined
    this.#mended()
  }

  /** The endpoint is no more: nothing changes, and nothing is waited for. */
  stop(): void {
    this.#isStopped = true
    this.#ejection?.stop()
  }

  #createEjection(eject: EjectOptions): Ejection {
    return new Ejection(eject, {
      clock: this.#options.clock,
      mayEject: () => this.#options.mayEject(),
      onChange: (cause) => {
        this.#wellSinceEjected = 0
        this.#settle(cause)
      },
      onStay: (reason) => {
        if (this.#state !== 'healthy') return
        this.#reasonBefore ??= this.#reason
        this.#reason = `${reason}; it stays, as others have to`
      },
    })
  }

  /** It has failed, and does no more. */
  #mended(): void {
    if (this.#reasonBefore !== undefined) this.#reason = this.#reasonBefore
    this.#reasonBefore = undefined
  }

  #setDraining(isDraining: boolean): void {
    if (this.#isDraining === isDraining || this.#isStopped) return
    this.#isDraining = isDraining
    this.#settle('told to take sessions again')
  }

  /** @param cause of its being healthy, if that is what it comes to. */
  #settle(cause: string): void {
    const was = this.#state
    this.#reasonBefore = undefined
    const { state, reason } = this.#gravest() ?? { state: 'healthy', reason: cause }
    this.#state = state
    this.#reason = reason
    if (state === was) return
    const { clock } = this.#options
    this.#sinceMs = clock.now()
    const at = new Date(clock.wallTime()).toISOString()
    this.#history = [...this.#history.slice(1 - maxTransitions), { at, state, reason }]
    this.#options.onChange({ state, was, reason })
  }

  #gravest(): { readonly state: EndpointState; readonly reason: string } | undefined {
    if (this.#isDraining) return { state: 'draining', reason: 'told to drain' }
    if (this.#unhealthy !== undefined) return { state: 'unhealthy', reason: this.#unhealthy }
    const ejected = this.#ejection?.reason
    return ejected === undefined ? undefined : { state: 'ejected', reason: ejected }
  }
}

function checksText(count: number, how: string): string {
  return count === 1 ? `a check ${how}` : `${count} checks in a row ${how}`
}

function clauseOf(text: string): string {
  return text.length <= maxClauseLength ? text : `${text.slice(0, maxClauseLength - 1)}…`
}
