/**
 * One client's stay: its connection and the upstream connection it is joined to, from the 101 until
 * both are closed. What happens to one side happens to the other.
 *
 * Both streams belong to the session, and every way to its end has a deadline.
 */
import type { ByteStream, StreamClose } from '../core/byte-stream.ts'
import { CloseCode } from '../core/close-codes.ts'
import { errorRow, type ErrorCode } from '../core/errors.ts'
import type { SessionEnd, SessionFacts, Traffic } from '../core/events.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Directions } from './framing.ts'
import { Heartbeat } from './heartbeat.ts'
import { LastWords } from './last-words.ts'
import type { Route } from './route.ts'
import { Throttle } from './throttle.ts'
import { Side, type SideEvents } from './side.ts'

export interface SessionOptions {
  readonly id: string
  readonly route: Route
  /** Counts it until it is over. */
  readonly endpoint: Endpoint
  readonly facts: SessionFacts
  readonly client: ByteStream
  readonly upstream: ByteStream
  /** What becomes of what the client sends, and of what the upstream sends. */
  readonly directions: Directions
  /** Called once, when both streams are closed. */
  readonly onClose: (session: Session, end: SessionEnd) => void
}

/** What a Close frame says. */
export interface CloseWords {
  /** One that may travel. */
  readonly code?: number | undefined
  /** At most 123 bytes of UTF-8. */
  readonly reason?: string | undefined
}

export class Session implements SideEvents {
  readonly id: string
  readonly route: Route
  readonly endpoint: Endpoint
  readonly facts: SessionFacts
  /** Its place in the order in which sessions were opened; set by `Sessions`. */
  sequence = 0
  readonly openedAtMs = performance.now()
  readonly #client: Side
  readonly #upstream: Side
  readonly #onClose: SessionOptions['onClose']
  /** Why it ends, from the first sign of it. */
  #end: SessionEnd | undefined
  #closeTimer: Timer | undefined
  #idleTimer: Timer | undefined
  #ageTimer: Timer | undefined
  #heartbeats: readonly Heartbeat[] | undefined
  /** What a faulty side is still to be told. */
  #lastWords: LastWords | undefined

  constructor(options: SessionOptions) {
    const { limits, timeout, heartbeat } = options.route.config
    this.id = options.id
    this.route = options.route
    this.endpoint = options.endpoint
    this.facts = options.facts
    this.#onClose = options.onClose
    const side = {
      events: this,
      pendingBytes: limits.pendingBytes,
      sendTimeoutMs: timeout.sendMs,
      isTimed:
        timeout.idleMs !== undefined ||
        heartbeat.clientMs !== undefined ||
        heartbeat.upstreamMs !== undefined,
      throttle: undefined,
    }
    const isThrottled = limits.messages !== undefined || limits.bytes !== undefined
    const throttle = isThrottled ? new Throttle(limits, this.openedAtMs) : undefined
    const { inbound, outbound } = options.directions
    this.#client = new Side('client', options.client, inbound, { ...side, throttle })
    this.#upstream = new Side('upstream', options.upstream, outbound, side)
    this.#client.join(this.#upstream)
    this.#upstream.join(this.#client)
    if (timeout.idleMs !== undefined) this.#idleTimer = setTimeout(checkIdle, timeout.idleMs, this)
    if (timeout.ageMs !== undefined) this.#ageTimer = setTimeout(closeAged, timeout.ageMs, this)
    if (heartbeat.clientMs === undefined && heartbeat.upstreamMs === undefined) return
    this.#heartbeats = [
      this.#heartbeatOf(this.#client, heartbeat.clientMs),
      this.#heartbeatOf(this.#upstream, heartbeat.upstreamMs),
    ].filter((each) => each !== undefined)
  }

  get inbound(): Traffic {
    return trafficOf(this.#client)
  }

  get outbound(): Traffic {
    return trafficOf(this.#upstream)
  }

  /** Bytes that wait for the upstream. */
  get inboundPendingBytes(): number {
    return this.#client.pendingBytes
  }

  /** Bytes that wait for the client. */
  get outboundPendingBytes(): number {
    return this.#upstream.pendingBytes
  }

  /** @param early what the upstream sent behind its 101. @param hasEnded whether it has ended already. */
  begin(early: Buffer | undefined, hasEnded: boolean): void {
    this.#upstream.stream.resume()
    this.#client.stream.resume()
    // They may pause what has just been resumed.
    if (early !== undefined) this.#upstream.streamOnData(early)
    if (hasEnded) this.#upstream.streamOnEnd()
  }

  /** Closes both sides with the code and sentence of this error, or with others that fit better. */
  close(reason: ErrorCode, words: CloseWords = {}): void {
    if (this.#end !== undefined) return
    const { closeCode = CloseCode.internalError, sentence } = errorRow(reason)
    const close = { code: words.code ?? closeCode, reason: words.reason ?? sentence }
    this.#startClosing({ by: 'gateway', code: close.code, reason, detail: undefined })
    this.#client.close(close)
    this.#upstream.close(close)
  }

  /** Cuts both connections. */
  destroy(): void {
    this.#startClosing(endWithout('gateway', 'destroyed'))
    this.#client.stream.destroy()
    this.#upstream.stream.destroy()
  }

  // What the sides say.

  sideOnStop(side: Side): void {
    this.#lastWords?.heard(side)
    const { violation, closeCode = CloseCode.noStatus } = side.direction
    if (violation !== undefined) {
      const { closeCode: code } = errorRow(violation.code)
      return this.#closeFaulty(side, { code, reason: violation.code, detail: violation.detail })
    }
    this.#startClosing({ by: side.name, code: closeCode, reason: 'closed', detail: undefined })
    if (this.#isAnswered || (this.#end?.by === 'gateway' && side === this.#client)) {
      this.#client.stream.end(this.route.config.timeout.closeMs)
    }
  }

  /** Its Close says why; to its peer it has simply left. */
  sideOnExcess(side: Side, detail: string): void {
    const { closeCode } = errorRow('RATE_EXCEEDED')
    this.#closeFaulty(side, { code: closeCode, reason: 'RATE_EXCEEDED', detail })
  }

  sideOnEnd(side: Side): void {
    this.#lastWords?.heard(side)
    this.#startClosing(endWithout(side.name, 'ended'))
    side.peer.stream.end(this.route.config.timeout.closeMs)
    if (side.isToldAll) side.stream.end()
  }

  sideOnClose(side: Side, reason: StreamClose): void {
    this.#lastWords?.heard(side)
    this.#startClosing(endWithout(side.name, reason))
    if (!side.peer.isClosed) return this.#endLast(side.peer)
    clearTimeout(this.#closeTimer)
    this.#client.direction.release()
    this.#upstream.direction.release()
    if (this.#end !== undefined) this.#onClose(this, this.#end)
  }

  // Timers.

  checkIdle(): void {
    const { idleMs = Infinity } = this.route.config.timeout
    const lastReadMs = Math.max(this.openedAtMs, this.#client.lastReadMs, this.#upstream.lastReadMs)
    const leftMs = lastReadMs + idleMs - performance.now()
    if (leftMs <= 0) return this.close('IDLE')
    this.#idleTimer = setTimeout(checkIdle, leftMs, this)
  }

  /** The sides had their time to close. @param isLast whether even bytes under way get no more time. */
  cut(isLast: boolean): void {
    const isUnderWay = this.#client.stream.bufferedBytes + this.#upstream.stream.bufferedBytes > 0
    if (isLast) return this.destroy()
    if (!isUnderWay) {
      // What the kernel still holds for a slow reader is delivered.
      this.#client.stream.end(0)
      return this.#upstream.stream.end(0)
    }
    this.#closeTimer = setTimeout(cutSession, this.route.config.timeout.sendMs, this, true)
  }

  // Ending.

  #startClosing(end: SessionEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#ageTimer)
    for (const heartbeat of this.#heartbeats ?? []) heartbeat.stop()
    this.#closeTimer = setTimeout(cutSession, this.route.config.timeout.closeMs, this, false)
  }

  /** Closes a side for what it did, and its peer for that its partner is gone. */
  #closeFaulty(side: Side, fault: Fault): void {
    if (this.#lastWords?.side === side) return
    this.#lastWords?.tell()
    const { code = CloseCode.protocolError, reason, detail } = fault
    const { peer } = side
    // What the gateway lacks is no fault of either.
    const isOwn = errorRow(reason).side === 'gateway'
    const other = errorRow(isOwn ? reason : 'PEER_VIOLATION')
    this.#startClosing({ by: isOwn ? 'gateway' : side.name, code, reason, detail })
    const close = { code, reason: detail, lingerMs: this.route.config.timeout.closeMs }
    const hasPeerSaidAll = peer.isClosed || peer.direction.isStopped
    if (!hasPeerSaidAll) this.#lastWords = new LastWords(side, close)
    peer.close({ code: other.closeCode ?? CloseCode.internalError, reason: other.sentence })
    if (hasPeerSaidAll) side.close(close)
  }

  #heartbeatOf(side: Side, intervalMs: number | undefined): Heartbeat | undefined {
    if (intervalMs === undefined) return undefined
    const { timeoutMs } = this.route.config.heartbeat
    return new Heartbeat(side, { intervalMs, timeoutMs, onSilent: (each) => this.#giveUp(each) })
  }

  /** The side is gone without a word, so nothing can be said to it. */
  #giveUp(side: Side): void {
    this.#startClosing(endWithout(side.name, 'SILENT'))
    side.stream.destroy()
  }

  /** Whether both sides have sent a Close. */
  get #isAnswered(): boolean {
    return this.#client.direction.isStopped && this.#upstream.direction.isStopped
  }

  /**
   * Ends the side that is left, but not an upstream that has answered a Close and is still to end: RFC
   * 6455 §7.1.1, the server ends first. Otherwise each session would leave one of our ports in TIME_WAIT.
   */
  #endLast(side: Side): void {
    const isItsTurn = this.#isAnswered && side === this.#upstream && !side.hasEnded
    if (!isItsTurn) side.stream.end(this.route.config.timeout.closeMs)
  }
}

/** What a side did that ends the session. */
interface Fault {
  readonly code: number | undefined
  readonly reason: ErrorCode
  readonly detail: string
}

/** An end without a Close. */
function endWithout(by: SessionEnd['by'], reason: SessionEnd['reason']): SessionEnd {
  return { by, code: CloseCode.abnormal, reason, detail: undefined }
}

function trafficOf({ direction }: Side): Traffic {
  return { messages: direction.messages, bytes: direction.bytes }
}

function checkIdle(session: Session): void {
  session.checkIdle()
}

function closeAged(session: Session): void {
  session.close('AGE')
}

function cutSession(session: Session, isLast: boolean): void {
  session.cut(isLast)
}
