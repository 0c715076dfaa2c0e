/**
 * Ejection by what traffic shows: an endpoint that fails again and again gets no new sessions for a while,
 * and for longer each time.
 *
 * Requests (handshakes among them) and sessions are watched apart: an endpoint whose sessions break off is not
 * well because its handshakes succeed. What is ejected stays so for exactly the time that was told.
 */
import type { Clock } from '../core/clock.ts'

export interface EjectOptions {
  /** In a row. */
  readonly failures: number
  /** The row is over where so long passes between one failure and the beginning of the next attempt. */
  readonly withinMs: number
  /** The first time. Each further time doubles it, up to `longest` times this. */
  readonly forMs: number
}

/** What succeeds or fails. */
export type WatchedKind = 'request' | 'session'

export interface EjectionHost {
  readonly clock: Clock
  /** Whether the endpoint may go: some must stay. */
  mayEject(): boolean
  /** It is ejected, as `reason` says, or it is back because of `cause`. */
  onChange(cause: string): void
  /** It would be ejected, but may not go. */
  onStay(reason: string): void
}

/** Failures without a success between them. */
interface Row {
  length: number
  lastMs: number
}

/** In times of the first. */
const longest = 10
/** Ejections that are remembered: a further one would not last longer, only be remembered for longer. */
const mostRemembered = 1 + Math.ceil(Math.log2(longest))

const words = {
  request: { one: 'a request', many: 'requests', failed: 'failed' },
  session: { one: 'a session', many: 'sessions', failed: 'broke off' },
} as const

export class Ejection {
  /** May change: what was told stays so. */
  options: EjectOptions
  readonly #host: EjectionHost
  readonly #requests: Row = { length: 0, lastMs: 0 }
  readonly #sessions: Row = { length: 0, lastMs: 0 }
  /** Why it is ejected; undefined: it is not. */
  #reason: string | undefined
  /** What it was ejected for last, and has not shown to be mended. */
  #unproven: WatchedKind | undefined
  /** Ejections that were remembered when it came back last. */
  #remembered = 0
  #ejectedAtMs = 0
  #backAtMs = 0
  #callOff: (() => void) | undefined
  #isStopped = false

  constructor(options: EjectOptions, host: EjectionHost) {
    this.options = options
    this.#host = host
  }

  get reason(): string | undefined {
    return this.#reason
  }

  /** Since when, by the clock. */
  get ejectedAtMs(): number {
    return this.#ejectedAtMs
  }

  /** It is back, and one failure of what it was ejected for ejects it again. Ends with a success, or when nothing is remembered. */
  get isOnProbation(): boolean {
    return this.#reason === undefined && this.#unproven !== undefined && this.#memory() > 0
  }

  /** Called for every request: costs next to nothing. */
  succeeded(kind: WatchedKind): void {
    if (this.#reason !== undefined) return
    this.#row(kind).length = 0
    if (this.#unproven === kind) this.#unproven = undefined
  }

  /** @param reason a clause: `connection refused`. @param tookMs how long it took to fail. */
  failed(kind: WatchedKind, reason: string, tookMs = 0): void {
    if (this.#reason !== undefined || this.#isStopped) return
    const { failures, withinMs } = this.options
    const nowMs = this.#host.clock.now()
    const row = this.#row(kind)
    // One that says nothing takes its time to fail: that is no pause between failures.
    const pauseMs = nowMs - tookMs - row.lastMs
    row.length = pauseMs > withinMs ? 1 : row.length + 1
    row.lastMs = nowMs
    const isAgain = this.#unproven === kind && this.isOnProbation
    if (!isAgain && row.length < failures) return
    const happened = `${this.#happened(kind, row.length, isAgain)}: ${reason}`
    if (this.#host.mayEject()) this.#eject(kind, happened)
    else this.#host.onStay(happened)
  }

  /** Ends it before its time. */
  release(cause: string): void {
    if (this.#reason === undefined) return
    this.#callOff?.()
    this.#comeBack(cause)
  }

  /** Nothing changes any more. */
  stop(): void {
    this.#isStopped = true
    this.#callOff?.()
  }

  #row(kind: WatchedKind): Row {
    return kind === 'request' ? this.#requests : this.#sessions
  }

  #happened(kind: WatchedKind, length: number, isAgain: boolean): string {
    const { one, many, failed } = words[kind]
    if (isAgain) return `${one} ${failed} again`
    return length === 1 ? `${one} ${failed}` : `${length} ${many} in a row ${failed}, the last`
  }

  #eject(kind: WatchedKind, happened: string): void {
    const remembered = Math.min(this.#memory() + 1, mostRemembered)
    const lastsMs = this.options.forMs * Math.min(2 ** (remembered - 1), longest)
    this.#remembered = remembered
    this.#unproven = kind
    this.#requests.length = 0
    this.#sessions.length = 0
    this.#reason = `${happened}; tried again in ${lastsMs / 1_000}s`
    this.#ejectedAtMs = this.#host.clock.now()
    const cause = `tried again after ${lastsMs / 1_000}s`
    this.#callOff = this.#host.clock.after(lastsMs, () => this.#comeBack(cause))
    this.#host.onChange(this.#reason)
  }

  #comeBack(cause: string): void {
    this.#callOff = undefined
    this.#reason = undefined
    this.#backAtMs = this.#host.clock.now()
    this.#host.onChange(cause)
  }

  /** Ejections that count for the next one: each `forMs` without makes one forgotten. */
  #memory(): number {
    if (this.#remembered === 0) return 0
    const backMs = this.#host.clock.now() - this.#backAtMs
    return Math.max(0, this.#remembered - Math.floor(backMs / this.options.forMs))
  }
}
