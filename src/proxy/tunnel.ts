/**
 * A tunnel between two WebSocket peers: bytes pass as they are, one write a read, while a scanner
 * follows the frame headers. Pressure on one side stops the other from being read.
 *
 * Nothing here allocates or waits per message. What ends a tunnel is the session's business.
 */
import type { ByteStream, ByteStreamHandler, StreamClose } from '../core/byte-stream.ts'
import { encodeClose } from '../wire/frame-encoder.ts'
import { FrameScanner, type FrameRules } from '../wire/frame-scanner.ts'

export interface TunnelEvents {
  /** The side sent a Close frame, or violated the protocol: nothing of what it sends passes any more. */
  sideOnStop(side: TunnelSide): void
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
  #peer: TunnelSide | undefined
  readonly #events: TunnelEvents
  readonly #pendingBytes: number
  readonly #isTimed: boolean
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

  streamOnData(chunk: Buffer): void {
    const peer = this.peer
    if (peer.#isShut) return this.#passLast(chunk)
    const passed = this.scanner.scan(chunk)
    if (passed.length > 0 && peer.stream.write(passed) > this.#pendingBytes) this.stream.pause()
    if (this.#isTimed) this.lastReadMs = performance.now()
    if (this.scanner.isStopped) this.#events.sideOnStop(this)
  }

  streamOnDrain(): void {
    this.peer.stream.resume()
  }

  streamOnEnd(): void {
    this.#events.sideOnEnd(this)
  }

  streamOnClose(reason: StreamClose): void {
    this.isClosed = true
    this.#isShut = true
    // What it had not taken is lost; its peer must not wait for room.
    this.peer.stream.resume()
    this.#events.sideOnClose(this, reason)
  }

  /** Sends this side a Close of the gateway's own, as soon as the frame that is passing to it has ended. */
  close(close: OwnClose): void {
    // A Close of its peer's has passed: there is only one.
    if (this.#isShut || this.peer.scanner.closeCode !== undefined) return
    this.#isShut = true
    if (this.peer.scanner.isAtBoundary) this.#sendClose(close)
    else this.#pendingClose = close
  }

  /** Lets the frame under way pass to a peer that is being closed, and nothing after it. */
  #passLast(chunk: Buffer): void {
    const peer = this.peer
    if (peer.isClosed) return this.#discard(chunk)
    const close = peer.#pendingClose
    const { isStopped, bytesToBoundary } = this.scanner
    this.scanner.scan(chunk)
    if (close !== undefined) {
      if (peer.stream.write(chunk.subarray(0, bytesToBoundary)) > this.#pendingBytes)
        this.stream.pause()
      if (chunk.length >= bytesToBoundary) {
        peer.#pendingClose = undefined
        peer.#sendClose(close)
      }
    }
    if (this.scanner.isStopped && !isStopped) this.#events.sideOnStop(this)
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
