/**
 * One side of a session: its connection, and what it sends, which goes through its direction to the other
 * side, one write a read. Pressure on one side stops the other from being read.
 *
 * Nothing here allocates or waits per message. What ends a session is the session's business.
 */
import type { ByteStream, ByteStreamHandler, StreamClose } from '../core/byte-stream.ts'
import { hasPassedClose, type Direction } from './direction.ts'
import {
  joined,
  mostGoes,
  nothing,
  sendClose,
  type OwnClose,
  type SideOptions,
  type SideParts,
} from './side-parts.ts'
import { Succession } from './failover/succession.ts'
import { throttleFor, type Rates, type Throttle } from './throttle.ts'

export class Side implements ByteStreamHandler {
  readonly name: 'client' | 'upstream'
  stream: ByteStream
  /** What becomes of what this side sends. */
  direction: Direction
  /** When it last sent something, by the clock; kept only where somebody asks. */
  lastReadMs = 0
  isClosed = false
  /** It has ended its side: nothing more comes from it. */
  hasEnded = false
  #peer: Side | undefined
  #options: SideOptions<Side>
  #throttle: Throttle | undefined
  /** Set for a server that may be replaced. */
  readonly succession: Succession | undefined
  /** What this side sent ahead of its rate; it is not read while there is some. */
  #delayed: Buffer | undefined
  #callOffDelay: (() => void) | undefined
  /** It ended behind what is delayed: TLS tells of the end in spite of a pause. */
  #isEndDelayed = false
  /** Nothing more of its peer's passes to this side: the gateway has sent, or will send, it a Close. */
  isShut = false
  #pendingClose: OwnClose | undefined
  #discardedBytes = 0

  constructor(name: Side['name'], parts: SideParts, options: SideOptions<Side>) {
    const { stream, direction, throttle, holdBytes } = parts
    this.name = name
    this.stream = stream
    this.direction = direction
    this.#options = options
    this.#throttle = throttle
    this.succession = holdBytes === undefined ? undefined : new Succession(this, holdBytes)
    stream.sendTimeoutMs = options.sendTimeoutMs
  }

  get peer(): Side {
    if (this.#peer === undefined) throw new TypeError('A side is used before it is joined')
    return this.#peer
  }

  join(peer: Side): void {
    this.#peer = peer
    this.stream.handler = this
  }

  /** Other options from now on, and other rates of what it sends. What waited for the old ones need not. */
  follow(options: SideOptions<Side>, rates: Rates): void {
    if (!this.#options.isTimed) this.lastReadMs = options.clock.now()
    this.#options = options
    this.#throttle = throttleFor(rates, options.clock.now(), this.#throttle)
    this.stream.sendTimeoutMs = options.sendTimeoutMs
    if (this.#throttle === undefined) this.direction.mostBegun = Infinity
    this.#endDelay()
  }

  /** Whether all has been written to it that ever will be, its Close included. */
  get isToldAll(): boolean {
    return this.isShut ? this.#pendingClose === undefined : this.peer.direction.isStopped
  }

  /** Whether what has passed of what it sends ends between two frames. */
  get isAtBoundary(): boolean {
    return this.succession !== undefined || this.direction.isAtBoundary
  }

  /** Bytes that passed, or wait to pass, and that its peer has not taken. */
  get pendingBytes(): number {
    return this.peer.#waitingBytes + (this.#delayed?.length ?? 0)
  }

  get #waitingBytes(): number {
    return this.succession?.waitingBytes ?? this.stream.bufferedBytes
  }

  streamOnData(chunk: Buffer): void {
    if (this.#options.isTimed) this.lastReadMs = this.#options.clock.now()
    if (this.#delayed !== undefined) {
      // It was under way when the stream was paused, or came with a reset.
      this.#delayed = Buffer.concat([this.#delayed, chunk])
      this.stream.pause()
    } else if (this.peer.isShut) this.#passLast(chunk)
    else if (this.#throttle === undefined || this.peer.direction.isStopped) this.#pass(chunk)
    else this.#passWithin(chunk, this.#throttle)
  }

  streamOnDrain(): void {
    this.succession?.drained()
    this.peer.goOn()
  }

  streamOnEnd(): void {
    this.#isEndDelayed = this.#delayed !== undefined
    if (this.#isEndDelayed) return
    if (this.succession !== undefined && this.#options.events.sideOnLoss(this, 'ended')) return
    this.hasEnded = true
    this.#options.events.sideOnEnd(this)
  }

  streamOnClose(reason: StreamClose): void {
    if (this.succession !== undefined && this.#options.events.sideOnLoss(this, reason)) {
      this.#isEndDelayed = false
      return
    }
    this.isClosed = true
    this.isShut = true
    this.#callOffDelay?.()
    // What it had not taken is lost; its peer must not wait for room.
    this.peer.goOn()
    this.#options.events.sideOnClose(this, reason)
  }

  /** Sends this side a Close of the gateway's own, as soon as the frame that is passing to it has ended. */
  close(close: OwnClose): void {
    const { peer } = this
    if (this.isShut || hasPassedClose(peer.direction)) return
    this.isShut = true
    const hasClose = this.succession?.isDismissed === true
    if (!hasClose && (peer.isAtBoundary || peer.direction.isStopped)) sendClose(this, close)
    else if (!hasClose) this.#pendingClose = close
    peer.goOn()
  }

  /** Goes on with another stream, of another server; what the one before has sent has passed. */
  take(stream: ByteStream, direction: Direction): void {
    this.direction.release()
    this.direction = direction
    this.stream = stream
    this.lastReadMs = this.#options.clock.now()
    stream.sendTimeoutMs = this.#options.sendTimeoutMs
    stream.handler = this
  }

  /** @param early what its server sent behind its 101. @param hasEnded whether it has ended already. */
  begin(early: Buffer | undefined, hasEnded: boolean): void {
    const { stream } = this
    stream.resume()
    this.peer.goOn()
    // They may pause what has just been resumed.
    if (early !== undefined) this.streamOnData(early)
    // By what it sent it may have been left for another, whose end this is not.
    if (hasEnded && this.stream === stream) this.streamOnEnd()
  }

  /** Whether nothing it has sent waits to pass. */
  get isFlushed(): boolean {
    return this.#delayed === undefined
  }

  #pass(chunk: Buffer): void {
    const { peer, direction } = this
    this.#write(direction.pass(chunk))
    for (let goes = 1; direction.isFull && goes < mostGoes && this.#hasRoom; goes++)
      this.#write(direction.pass(nothing))
    if (direction.isFull) this.#passLater(direction.takeRest())
    if (direction.hasPonged) {
      direction.hasPonged = false
      peer.direction.pinged = undefined
    }
    if (direction.hasAnswered) {
      direction.hasAnswered = false
      this.#options.events.sideOnAnswer(this)
    }
    if (!direction.isStopped) return
    // Who has sent its Close needs no protection, and waits for its peer's.
    peer.goOn()
    this.#options.events.sideOnStop(this)
  }

  /** Goes on once its peer has room; where it has, once everybody else had a turn. */
  #passLater(rest: Buffer | undefined): void {
    this.#delayed = rest
    if (rest === undefined || !this.#hasRoom) return
    this.stream.pause()
    setImmediate(() => this.goOn())
  }

  get #hasRoom(): boolean {
    return this.peer.isClosed || this.peer.#waitingBytes <= this.#options.pendingBytes
  }

  /** To its peer, for whom this side waits when that is more than it takes. */
  #write(bytes: Buffer): void {
    const passing = this.succession?.whole(bytes, this.direction) ?? bytes
    if (passing.length > 0 && this.peer.#accept(passing, this) > this.#options.pendingBytes)
      this.stream.pause()
  }

  /** @returns how much waits for this side now. */
  #accept(bytes: Buffer, { direction }: Side): number {
    return this.succession?.write(bytes, direction.wholeBytes) ?? this.stream.write(bytes)
  }

  /** Passes as much as the rates allow; what is left waits until they allow more, or ends the session. */
  #passWithin(chunk: Buffer, throttle: Throttle): void {
    const { direction } = this
    const { clock } = this.#options
    let later: Buffer | undefined
    throttle.within(direction, clock.now(), (mostBytes) => {
      this.#pass(chunk.length <= mostBytes ? chunk : chunk.subarray(0, mostBytes))
      if (chunk.length > mostBytes) later = chunk.subarray(mostBytes)
    })
    if (this.#delayed !== undefined) {
      // Its peer has no room, which has nothing to do with its rate.
      this.#delayed = joined(this.#delayed, later)
      return
    }
    const unread = direction.takeRest()
    const rest = joined(unread, later)
    if (rest === undefined || direction.isStopped) return
    const excess = throttle.excess(unread === undefined)
    this.#delayed = rest
    this.stream.pause()
    if ('fault' in excess) this.#options.events.sideOnExcess(this, excess.fault)
    else this.#callOffDelay = clock.after(excess.waitMs, () => this.#endDelay())
  }

  /** Its rate has room again. */
  #endDelay(): void {
    this.#callOffDelay?.()
    this.#callOffDelay = undefined
    this.goOn()
  }

  /** There may be room again, by its rate and with its peer: what was delayed goes on, then reading. */
  goOn(): void {
    const { stream } = this
    if (this.#delayed !== undefined) this.#passDelayed(this.#delayed)
    if (this.#delayed !== undefined) return
    if (this.#hasRoom) this.stream.resume()
    if (this.#isEndDelayed) {
      this.#isEndDelayed = false
      // By what it sent it may have been left: then this is not the end of what is here now.
      if (this.stream === stream) this.streamOnEnd()
    }
    if (this.succession?.isShut === true) this.#options.events.sideOnFlushed(this)
  }

  /** Unless its time has not come, or its peer has no room. Rates protect nobody who is being closed. */
  #passDelayed(delayed: Buffer): void {
    const { peer } = this
    const throttle = peer.isShut || peer.direction.isStopped ? undefined : this.#throttle
    if (throttle !== undefined && this.#callOffDelay !== undefined) return
    if (!peer.isShut && !this.#hasRoom) return
    this.#callOffDelay?.()
    this.#callOffDelay = undefined
    this.#delayed = undefined
    this.direction.mostBegun = Infinity
    if (peer.isShut) this.#passLast(delayed)
    else if (throttle !== undefined) this.#passWithin(delayed, throttle)
    else this.#pass(delayed)
  }

  /** Lets the frame under way pass to a peer that is being closed, and nothing after it. */
  #passLast(chunk: Buffer): void {
    const peer = this.peer
    if (peer.isClosed) return this.#discard(chunk)
    const { direction } = this
    const close = peer.#pendingClose
    const { isStopped } = direction
    direction.mostBegun = Infinity
    const last = chunk.subarray(0, this.isAtBoundary ? 0 : direction.bytesToBoundary)
    if (close === undefined) direction.hear(last)
    else {
      this.#write(direction.pass(last))
      if (this.isAtBoundary || direction.isStopped) {
        peer.#pendingClose = undefined
        sendClose(peer, close)
      }
    }
    direction.hear(chunk.subarray(last.length))
    if (direction.isStopped && !isStopped) this.#options.events.sideOnStop(this)
  }

  /** Waits for a side whose peer is gone to end as well, but not for whatever it has to say. */
  #discard(chunk: Buffer): void {
    this.#discardedBytes += chunk.length
    if (this.#discardedBytes > this.#options.pendingBytes) this.stream.end(0)
  }
}
