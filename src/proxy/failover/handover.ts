/**
 * A session leaves its server in order, for another that has agreed to take it over: what the client sends
 * is held back between two messages, the server answers what it has got, is told to go, and says what it has
 * to say. Nothing is lost if it answers within `drain.settle`.
 *
 * Until the server is told to go all of it can be called off, and the session stays where it is.
 */
import type { Clock } from '../../core/clock.ts'
import { CloseCode } from '../../core/close-codes.ts'
import { discard, Search, type NextServer, type Redial, type Redialler } from './redialler.ts'
import type { Side } from '../side.ts'

export interface HandoverOptions {
  readonly clock: Clock
  readonly redialler: Redialler
  readonly redial: Pick<Redial, 'session' | 'to' | 'moves'>
  /** The server's. */
  readonly upstream: Side
  readonly settleMs: number
  /** How long the server may take to close. */
  readonly closeMs: number
  /** The server has said what it had to say, or has had its time. */
  readonly onLeft: (next: NextServer) => void
  /** The session stays. @param detail a clause. */
  readonly onFailure: (detail: string) => void
}

/** How long a message may be under way, of the client's or of the server's, before it is tried another time. */
const messageMs = 5_000
/** How long the server may take to answer a ping: one that is well does so within a round trip. */
const answerMs = 1_000
/** A server that is never quiet for so many times `settle` talks of its own accord, and answers nobody. */
const mostSettles = 4
/** Where `settle` is shorter: how often a server that is in the middle of a message is looked at. */
const lookMs = 10

/** Distinguishes the pings of handovers from those of heartbeats, and from one another. */
let handovers = 0

export class Handover {
  readonly #options: HandoverOptions
  readonly #search = new Search()
  #next: NextServer | undefined
  /** By the clock: since when the client's messages are held back. */
  shutAtMs: number | undefined
  #isAsking = false
  /** The server was told to go. */
  isCommitted = false
  #callOff: () => void = nothing
  #isOver = false

  constructor(options: HandoverOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { redialler, redial, upstream } = this.#options
    const search = this.#search
    try {
      const next = await redialler.redial({ ...redial, isPatient: false, search })
      if (search.isOver) return discard(next)
      this.#next = next
    } catch (error) {
      return this.#fail(error instanceof Error ? error.message : String(error))
    }
    this.#callOff = this.#after(messageMs, () =>
      this.#fail('the client is in the middle of a message'),
    )
    upstream.succession?.shut(() => this.#ask())
  }

  /** The server has got everything that was sent to it. */
  answered(): void {
    if (!this.#isAsking) return
    this.#isAsking = false
    this.#callOff()
    this.#settle(this.#options.clock.now())
  }

  /** The server's Close has come, or its end: @returns the one that follows. */
  takeNext(): NextServer | undefined {
    const next = this.#next
    this.#next = undefined
    this.cancel()
    return next
  }

  /** The session goes on where it is, or is over. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#callOff()
    this.#search.end(new Error('called off'))
    if (this.#next !== undefined) discard(this.#next)
    this.#next = undefined
  }

  #ask(): void {
    const { clock, upstream } = this.#options
    this.#callOff()
    this.shutAtMs = clock.now()
    this.#isAsking = true
    // One that does not answer is left all the same: it may be why.
    this.#callOff = this.#after(answerMs, () => this.answered())
    const payload = Buffer.alloc(8)
    payload.writeDoubleBE(++handovers)
    upstream.succession?.ask(payload)
  }

  /** Waits until the server has been quiet for a while. */
  #settle(sinceMs: number, delayMs = this.#options.settleMs): void {
    const { clock, upstream, settleMs } = this.#options
    const { bytes } = upstream.direction
    this.#callOff = this.#after(delayMs, () => {
      // A server that is not read is not quiet: what it has said lies in the kernel, and would be cut off.
      const isRead = !upstream.stream.isPaused && upstream.isFlushed
      const isQuiet = isRead && upstream.direction.bytes === bytes
      const settledMs = clock.now() - sinceMs
      const isInMessage = upstream.succession?.isInMessage === true
      if ((isInMessage || !isRead) && settledMs > messageMs)
        this.#fail(isRead ? 'the server is in the middle of a message' : 'the client does not read')
      else if (!isInMessage && isRead && (isQuiet || settledMs >= mostSettles * settleMs))
        this.#dismiss()
      else this.#settle(sinceMs, Math.max(settleMs, lookMs))
    })
  }

  #dismiss(): void {
    const { clock, upstream } = this.#options
    if (this.#next?.connection.hasEnded === true) return this.#fail('the next server has ended')
    this.isCommitted = true
    this.#awaitClose(clock.now())
    upstream.succession?.dismiss(CloseCode.goingAway, 'The session goes on at another server')
  }

  /**
   * One that goes on talking has all of its time to close, one that falls silent no longer than for a ping. What
   * it has said may still lie in the kernel, for a client that reads slowly; that one has a deadline of its own.
   */
  #awaitClose(sinceMs: number): void {
    const { clock, upstream, closeMs } = this.#options
    const { bytes } = upstream.direction
    this.#callOff = this.#after(Math.min(answerMs, closeMs), () => {
      const isWaitedFor = upstream.stream.isPaused || !upstream.isFlushed
      const isTalking = upstream.direction.bytes !== bytes && clock.now() - sinceMs < closeMs
      if (isWaitedFor || isTalking) this.#awaitClose(sinceMs)
      else this.left()
    })
  }

  /** It has said what it had to say. */
  left(): void {
    const next = this.takeNext()
    if (next !== undefined) this.#options.onLeft(next)
  }

  #fail(detail: string): void {
    if (this.#isOver) return
    this.cancel()
    this.#options.onFailure(detail)
  }

  #after(delayMs: number, run: () => void): () => void {
    return this.#options.clock.after(delayMs, run)
  }
}

function nothing(): void {}
