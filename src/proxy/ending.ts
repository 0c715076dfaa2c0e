/**
 * How a session ends, from the first sign of it until both streams are closed: what happens to one side
 * happens to the other, and every way has a deadline.
 */
import type { Clock } from '../core/clock.ts'
import { CloseCode } from '../core/close-codes.ts'
import { errorRow, type ErrorCode } from '../core/errors.ts'
import type { SessionEnd } from '../core/events.ts'
import { answerTo } from './session-end.ts'
import { LastWords } from './last-words.ts'
import type { Side } from './side.ts'

export interface EndingOptions {
  readonly client: Side
  readonly upstream: Side
  readonly clock: Clock
  readonly closeMs: number
  readonly sendMs: number
}

/** What a side did that ends the session. */
export interface Fault {
  readonly code: number | undefined
  readonly reason: ErrorCode
  readonly detail: string
}

export class Ending {
  /** Why it ends. */
  readonly end: SessionEnd
  readonly #options: EndingOptions
  #callOffCut: () => void
  /** What a faulty side is still to be told. */
  #lastWords: LastWords | undefined

  constructor(end: SessionEnd, options: EndingOptions) {
    this.end = end
    this.#options = options
    this.#callOffCut = this.#cutAfter(options.closeMs, false)
  }

  /** Closes both sides. */
  close(code: number, reason: string): void {
    const { client, upstream } = this.#options
    client.close({ code, reason })
    upstream.close({ code, reason })
  }

  /** Cuts both connections. */
  destroy(): void {
    const { client, upstream } = this.#options
    client.stream.destroy()
    upstream.stream.destroy()
  }

  /** A side has sent a Close. */
  stopped(side: Side): void {
    const { client, closeMs } = this.#options
    this.#lastWords?.heard(side)
    if (this.#isAnswered || (this.end.by === 'gateway' && side === client))
      client.stream.end(closeMs)
  }

  /** A side will send nothing more. */
  ended(side: Side): void {
    this.#lastWords?.heard(side)
    side.peer.stream.end(this.#options.closeMs)
    if (side.isToldAll) side.stream.end()
  }

  /** @returns whether both sides are closed. */
  closed(side: Side): boolean {
    this.#lastWords?.heard(side)
    if (!side.peer.isClosed) {
      this.#endLast(side.peer)
      return false
    }
    this.#callOffCut()
    return true
  }

  /** Closes a side for what it did, and its peer for that its partner is gone. */
  closeFaulty(side: Side, { code = CloseCode.protocolError, reason, detail }: Fault): void {
    if (this.#lastWords?.side === side) return
    this.#lastWords?.tell()
    const { peer } = side
    const { clock, closeMs: lingerMs } = this.#options
    const other = errorRow(isOwnFault(reason) ? reason : 'PEER_VIOLATION')
    const close = { code, reason: detail, lingerMs }
    const hasPeerSaidAll = peer.isClosed || peer.direction.isStopped
    if (!hasPeerSaidAll) this.#lastWords = new LastWords(side, close, clock)
    peer.close({ code: other.closeCode ?? CloseCode.internalError, reason: other.sentence })
    if (hasPeerSaidAll) side.close(close)
  }

  /** The sides had their time to close. @param isLast whether even bytes under way get no more time. */
  #cut(isLast: boolean): void {
    if (isLast) return this.destroy()
    const { client, upstream, sendMs } = this.#options
    if (client.stream.bufferedBytes + upstream.stream.bufferedBytes > 0) {
      this.#callOffCut = this.#cutAfter(sendMs, true)
      return
    }
    // No server is there to answer its client's Close.
    if (upstream.succession?.isBetween === true)
      client.close({ code: answerTo(this.end.code), reason: '' })
    // What the kernel still holds for a slow reader is delivered.
    client.stream.end(0)
    upstream.stream.end(0)
  }

  #cutAfter(delayMs: number, isLast: boolean): () => void {
    return this.#options.clock.after(delayMs, () => this.#cut(isLast))
  }

  /** Whether both sides have sent a Close. */
  get #isAnswered(): boolean {
    const { client, upstream } = this.#options
    // The Close of a server that was left is not the client's answer.
    if (upstream.succession?.isBetween === true) return false
    return client.direction.isStopped && upstream.direction.isStopped
  }

  /**
   * Ends the side that is left, but not an upstream that has answered a Close and is still to end: RFC
   * 6455 §7.1.1, the server ends first. Otherwise each session would leave one of our ports in TIME_WAIT.
   */
  #endLast(side: Side): void {
    const isItsTurn = this.#isAnswered && side === this.#options.upstream && !side.hasEnded
    if (!isItsTurn) side.stream.end(this.#options.closeMs)
  }
}

/** Whether it is what the gateway lacks, which is no fault of either side. */
export function isOwnFault(reason: ErrorCode): boolean {
  return errorRow(reason).side === 'gateway'
}
