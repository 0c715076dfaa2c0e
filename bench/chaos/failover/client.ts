// A client of the table: one session after the other, since it comes back when it is closed. What happens
// to it goes to the tally.
import type { DeflateTerms } from '../../../src/wire/deflate-agreement.ts'
import { Session, type End } from './session.ts'
import { nowMs } from './outgoing.ts'
import type { Tally, Window } from './tally.ts'

/** While its server fails. */
interface Watch {
  /** When it failed. */
  atMs: number
  /** The longest that a message waited until it, or a later one, was echoed. */
  gapMs: number
  isClosed: boolean
  /** Closed, and since then without an echo. */
  isAway: boolean
  isCaught: boolean
}

export interface Watched {
  gapMs: number
  isClosed: boolean
  /** Closed inside a message too long to be held back. */
  isCaught: boolean
}

/** Where a message is part of a longer one than the gateway holds back, it begins so: see echo.ts. */
const pushPattern = /^push (\d+) /
const comeBackMs = 50
/** More of a client's own than this is not queued. */
const mostQueuedBytes = 1024 * 1024

export interface ClientOptions {
  index: number
  port: number
  holdBytes: number
  tally: Tally
  /** A new number for a session. */
  number: () => number
  onSession: (client: Client, id: number) => void
}

export class Client {
  readonly #options: ClientOptions
  #windows: Window[] = []
  #watch: Watch | undefined
  #session: Session
  #isLeaving = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.#session = this.#connect()
  }

  get isOpen(): boolean {
    return this.#session.isOpen
  }

  send(): void {
    const { tally } = this.#options
    if (!this.isOpen || this.#session.outgoing.bytes > mostQueuedBytes) return
    tally.sent++
    tally.bytes += this.#session.send()
  }

  /** Its server is about to fail. */
  watch(window: Window): void {
    this.#windows.push(window)
    this.#watch = { atMs: Infinity, gapMs: 0, isClosed: false, isAway: false, isCaught: false }
  }

  struck(atMs: number): void {
    if (this.#watch !== undefined) this.#watch.atMs = atMs
  }

  /** @returns how it fared since its server has failed. */
  unwatch(): Watched {
    if (this.#watch === undefined) throw new TypeError('A client that nobody watches')
    const { gapMs, isClosed, isAway, isCaught, atMs } = this.#watch
    this.#watch = undefined
    const waitMs = isAway ? nowMs() - atMs : this.#session.waitSince(atMs)
    return { gapMs: Math.max(gapMs, waitMs), isClosed, isCaught }
  }

  leave(): void {
    this.#isLeaving = true
    this.#session.close()
  }

  /** What has had no echo by now is lost. */
  settle(): void {
    this.#options.tally.lost(this.#session.id, this.#session.ledger.lost(), this.#windows, false)
  }

  #connect(): Session {
    const { port, number, tally, onSession, index } = this.#options
    const id = number()
    onSession(this, id)
    const session: Session = new Session({
      id,
      port,
      terms: termsOf(index),
      onOpen() {},
      onEcho: (sent, isMissing) => {
        const ms = nowMs()
        if (!isMissing) tally.echoedAt(ms, sent)
        if (this.#watch !== undefined) this.#notice(this.#watch, sent.beganAtMs, isMissing, ms)
      },
      onFault: (words) => tally.fault(id, words),
      onEnd: (end) => this.#ended(session, end),
    })
    return session
  }

  /** What was lost with the server is not waited for; what was lost later is. */
  #notice(watch: Watch, beganAtMs: number, isMissing: boolean, ms: number): void {
    if (ms < watch.atMs || (isMissing && beganAtMs < watch.atMs)) return
    const sinceMs = watch.isAway ? watch.atMs : Math.max(beganAtMs, watch.atMs)
    watch.isAway = false
    watch.gapMs = Math.max(watch.gapMs, ms - sinceMs)
  }

  #ended(session: Session, end: End): void {
    const { tally } = this.#options
    if (this.#isLeaving) return
    if (end.refusal === undefined) this.#count(session.id, end)
    else tally.refusedWith(end.refusal)
    tally.lost(session.id, session.ledger.lost(), this.#windows, true)
    if (this.#watch !== undefined) this.#watch.isClosed = this.#watch.isAway = true
    setTimeout(() => {
      if (!this.#isLeaving) this.#session = this.#connect()
    }, comeBackMs)
  }

  #count(id: number, { code, reason, part }: End): void {
    const { tally, holdBytes } = this.#options
    if (part !== undefined) {
      const pushed = Number(pushPattern.exec(part.toString('latin1', 0, 20))?.[1] ?? 0)
      if (code === 1012 && pushed > holdBytes) {
        tally.caught++
        if (this.#watch !== undefined) this.#watch.isCaught = true
        return
      }
      const what = pushed > 0 ? `a message of ${pushed} bytes` : 'an echo'
      tally.fault(id, `${code ?? 'no Close'} in the middle of ${what}`)
    }
    tally.closed(`${code ?? 'no Close'} ${reason}`.trim())
  }
}

/** Half of them compress; of those half let their server keep a window. */
function termsOf(index: number): DeflateTerms | undefined {
  if (index % 2 === 0) return undefined
  return { windowBits: 15, clientTakeover: true, serverTakeover: index % 4 === 1 }
}
