/**
 * A tunnel between two WebSocket peers: bytes pass as they are, one write a read, while a scanner
 * follows the frame headers. Pressure on one side stops the other from being read.
 *
 * Nothing here allocates or waits per message. What ends a tunnel is the session's business.
 */
import type { ByteStream, ByteStreamHandler, StreamClose } from '../core/byte-stream.ts'
import { encodeClose, encodeFrame } from '../wire/frame-encoder.ts'
import { FrameScanner, type FrameRules } from '../wire/frame-scanner.ts'
import { Opcode } from '../wire/opcode.ts'
import type { Throttle } from './throttle.ts'

export interface TunnelEvents {
  /** The side sent a Close frame, or violated the protocol: nothing of what it sends passes any more. */
  sideOnStop(side: TunnelSide): void
  /** The side sends more than its rate: it is to be closed. */
  sideOnExcess(side: TunnelSide, detail: string): void
  /** The side will send nothing more, but can be sent to. */
  sideOnEnd(side: TunnelSide): void
  sideOnClose(side: TunnelSide, reason: StreamClose): void
}

export interface SideOptions {
  readonly events: TunnelEvents
  /** Bytes this side's peer may leave untaken before this side is paused. */
  readonly pendingBytes: number
  readonly sendTimeoutMs: number
  /** Whether `lastReadMs` is kept. */
  readonly isTimed: boolean
  /** What this side may send; undefined: as much as it can. */
  readonly throttle: Throttle | undefined
}

/** A Close frame of the gateway's own, sent between two frames. */
interface OwnClose {
  readonly code: number
  readonly reason: string
  /** Set where the side is not to be heard any more: how long it may take to end after our FIN. */
  readonly lingerMs?: number
}

export class TunnelSide implements ByteStreamHandler {
  readonly name: 'client' | 'upstream'
  readonly stream: ByteStream
  /** Follows what this side sends. */
  readonly scanner: FrameScanner
  /** When it last sent something, by `performance.now()`; kept only where somebody asks. */
  lastReadMs = 0
  isClosed = false
  /** It has ended its side: nothing more comes from it. */
  hasEnded = false
  #peer: TunnelSide | undefined
  readonly #events: TunnelEvents
  readonly #pendingBytes: number
  readonly #isTimed: boolean
  readonly #throttle: Throttle | undefined
  /** What this side sent ahead of its rate; it is not read while there is some. */
  #delayed: Buffer | undefined
  #delayTimer: Timer | undefined
  /** It ended behind what is delayed: TLS tells of the end in spite of a pause. */
  #isEndDelayed = false
  /** Nothing more of its peer's passes to this side: the gateway has sent, or will send, it a Close. */
  #isShut = false
  #pendingClose: OwnClose | undefined
  /** What this side sent to a peer that is gone. */
  #discardedBytes = 0

  constructor(
    name: TunnelSide['name'],
    stream: ByteStream,
    rules: FrameRules,
    options: SideOptions,
  ) {
    this.name = name
    this.stream = stream
    this.scanner = new FrameScanner(rules)
    this.#events = options.events
    this.#pendingBytes = options.pendingBytes
    this.#isTimed = options.isTimed
    this.#throttle = options.throttle
    stream.sendTimeoutMs = options.sendTimeoutMs
  }

  get peer(): TunnelSide {
    if (this.#peer === undefined) throw new TypeError('A tunnel side is used before it is joined')
    return this.#peer
  }

  join(peer: TunnelSide): void {
    this.#peer = peer
    this.stream.handler = this
  }

  /** Whether all has been written to it that ever will be, its Close included. */
  get isToldAll(): boolean {
    return this.#isShut ? this.#pendingClose === undefined : this.peer.scanner.isStopped
  }

  /** Bytes that passed, or wait to pass, and that its peer has not taken. */
  get pendingBytes(): number {
    return this.peer.stream.bufferedBytes + (this.#delayed?.length ?? 0)
  }

  streamOnData(chunk: Buffer): void {
    if (this.#isTimed) this.lastReadMs = performance.now()
    if (this.peer.#isShut) this.#passLast(chunk)
    else if (this.#throttle === undefined || this.peer.scanner.isStopped) this.#pass(chunk)
    else this.#passWithin(chunk, this.#throttle)
  }

  streamOnDrain(): void {
    this.peer.#goOn()
  }

  streamOnEnd(): void {
    this.#isEndDelayed = this.#delayed !== undefined
    if (this.#isEndDelayed) return
    this.hasEnded = true
    this.#events.sideOnEnd(this)
  }

  streamOnClose(reason: StreamClose): void {
    this.isClosed = true
    this.#isShut = true
    clearTimeout(this.#delayTimer)
    // What it had not taken is lost; its peer must not wait for room.
    this.peer.#goOn()
    this.#events.sideOnClose(this, reason)
  }

  /** Sends this side a Close of the gateway's own, as soon as the frame that is passing to it has ended. */
  close(close: OwnClose): void {
    // A Close of its peer's has passed: there is only one.
    if (this.#isShut || this.peer.scanner.closeCode !== undefined) return
    this.#isShut = true
    if (this.peer.scanner.isAtBoundary) this.#sendClose(close)
    else this.#pendingClose = close
    this.peer.#goOn()
  }

  /**
   * Pings this side, if it can be known to answer (RFC 6455 §5.5.3: a peer may answer the latest ping
   * only) and nothing is under way to it.
   * @returns whether it has a ping to answer, the gateway's or its peer's.
   */
  ping(payload: Buffer): boolean {
    if (this.#isShut || !this.peer.scanner.isAtBoundary) return false
    if (this.peer.scanner.hasPinged) return true
    this.scanner.expectPong(payload)
    this.stream.write(encodeFrame(Opcode.ping, payload, { isMasked: this.name === 'upstream' }))
    return true
  }

  #pass(chunk: Buffer): void {
    const { peer, scanner } = this
    const passed = scanner.scan(chunk)
    if (passed.length > 0 && peer.stream.write(passed) > this.#pendingBytes) this.stream.pause()
    if (scanner.hasPonged) scanner.hasPonged = peer.scanner.hasPinged = false
    if (!scanner.isStopped) return
    // Who has sent its Close needs no protection, and waits for its peer's.
    peer.#goOn()
    this.#events.sideOnStop(this)
  }

  /** Passes as much as the rates allow; what is left waits until they allow more, or ends the session. */
  #passWithin(chunk: Buffer, throttle: Throttle): void {
    if (this.#delayed !== undefined) {
      // It was under way when the stream was paused, or came with a reset.
      this.#delayed = Buffer.concat([this.#delayed, chunk])
      return this.stream.pause()
    }
    const { scanner } = this
    const nowMs = performance.now()
    const end = Math.min(chunk.length, throttle.bytes(nowMs))
    const { bytes, begun } = scanner
    scanner.mostBegun = begun + throttle.messages(nowMs)
    this.#pass(end === chunk.length ? chunk : chunk.subarray(0, end))
    throttle.take(scanner.begun - begun, scanner.bytes - bytes)
    const unread = scanner.takeRest()
    const rest = end === chunk.length ? unread : join(unread, chunk.subarray(end))
    if (rest === undefined || scanner.isStopped) return
    const excess = throttle.excess(unread === undefined)
    this.#delayed = rest
    this.stream.pause()
    if ('fault' in excess) this.#events.sideOnExcess(this, excess.fault)
    else this.#delayTimer = setTimeout(sideOnRoom, excess.waitMs, this)
  }

  /** There may be room again, by its rate and with its peer: what was delayed goes on, then reading. */
  #goOn(): void {
    if (this.#delayed !== undefined) this.#passDelayed(this.#delayed)
    if (this.#delayed !== undefined) return
    if (this.peer.stream.bufferedBytes <= this.#pendingBytes) this.stream.resume()
    if (this.#isEndDelayed) this.streamOnEnd()
  }

  /** Unless its time has not come, or its peer has no room. Rates protect nobody who is being closed. */
  #passDelayed(delayed: Buffer): void {
    const { peer } = this
    const throttle = peer.#isShut || peer.scanner.isStopped ? undefined : this.#throttle
    if (throttle !== undefined && this.#delayTimer !== undefined) return
    if (!peer.#isShut && peer.stream.bufferedBytes > this.#pendingBytes) return
    clearTimeout(this.#delayTimer)
    this.#delayTimer = undefined
    this.#delayed = undefined
    this.scanner.mostBegun = Infinity
    if (peer.#isShut) this.#passLast(delayed)
    else if (throttle !== undefined) this.#passWithin(delayed, throttle)
    else this.#pass(delayed)
  }

  /** Its rate has room again. */
  sideOnRoom(): void {
    this.#delayTimer = undefined
    this.#goOn()
  }

  /** Lets the frame under way pass to a peer that is being closed, and nothing after it. */
  #passLast(chunk: Buffer): void {
    const peer = this.peer
    if (peer.isClosed) return this.#discard(chunk)
    const { scanner } = this
    const close = peer.#pendingClose
    const last = chunk.subarray(0, scanner.bytesToBoundary)
    const { isStopped } = scanner
    scanner.mostBegun = Infinity
    scanner.scan(last)
    if (close !== undefined) {
      if (peer.stream.write(last) > this.#pendingBytes) this.stream.pause()
      if (scanner.isAtBoundary) {
        peer.#pendingClose = undefined
        peer.#sendClose(close)
      }
    }
    // Only to hear its own Close: what passes nowhere is not counted.
    const { messages, bytes } = scanner
    scanner.scan(chunk.subarray(last.length))
    scanner.messages = messages
    scanner.bytes = bytes
    if (scanner.isStopped && !isStopped) this.#events.sideOnStop(this)
  }

  /** Waits for a side whose peer is gone to end as well, but not for whatever it has to say. */
  #discard(chunk: Buffer): void {
    this.#discardedBytes += chunk.length
    if (this.#discardedBytes > this.#pendingBytes) this.stream.end(0)
  }

  #sendClose({ code, reason, lingerMs }: OwnClose): void {
    // Frames towards an upstream are a client's, so masked.
    this.stream.write(encodeClose(code, reason, { isMasked: this.name === 'upstream' }))
    if (lingerMs !== undefined) this.stream.end(lingerMs)
  }
}

function join(first: Buffer | undefined, second: Buffer): Buffer {
  return first === undefined ? second : Buffer.concat([first, second])
}

function sideOnRoom(side: TunnelSide): void {
  side.sideOnRoom()
}
