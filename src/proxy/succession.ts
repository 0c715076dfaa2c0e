/**
 * Lets the server of a session be replaced by the next one: what it sends passes in whole messages, and what
 * it has not wholly taken is kept.
 *
 * Invariant: what has passed to the client ends between two frames at every moment.
 */
import type { ByteStream, ByteStreamHandler } from '../core/byte-stream.ts'
import { encodeClose, encodeFrame } from '../wire/frame-encoder.ts'
import { Opcode } from '../wire/opcode.ts'
import type { Direction } from './direction.ts'
import { Gap } from './gap.ts'
import { Hold } from './hold.ts'
import { Outlet } from './outlet.ts'

/** A client masks, and to a server we are one. */
const masked = { isMasked: true }

/** The server's side of a session. */
export interface ReplaceableSide extends ByteStreamHandler {
  stream: ByteStream
  readonly direction: Direction
  readonly peer: { readonly direction: Direction }
  /** Goes on with another stream, of another server. */
  take(stream: ByteStream, direction: Direction): void
}

export class Succession {
  readonly outlet: Outlet
  readonly #side: ReplaceableSide
  readonly #holdBytes: number
  /** Of a message of the server's that is not whole. */
  #hold: Hold | undefined
  /** Messages of the client's that had passed when the server was last heard of. */
  #heardMessages = 0

  /** @param side the server's. @param holdBytes messages up to this are not cut. */
  constructor(side: ReplaceableSide, holdBytes: number) {
    this.#side = side
    this.#holdBytes = holdBytes
    this.outlet = new Outlet(holdBytes)
  }

  /** @param bytes of the server's, as its direction let them pass. @returns what the client may have now. */
  whole(bytes: Buffer, { wholeBytes, innerControls }: Direction): Buffer {
    this.#heardMessages = this.#side.peer.direction.messages
    if (this.#hold === undefined && wholeBytes === bytes.length) return bytes
    this.#hold ??= new Hold(this.#holdBytes)
    const passing = this.#hold.pass(bytes, wholeBytes, innerControls)
    if (this.#hold.isEmpty) this.#hold = undefined
    return passing
  }

  /** Whether one of both has got a part of a message of which the rest cannot follow. */
  get isCaught(): boolean {
    return this.#hold?.isPassing === true || this.outlet.isCaught
  }

  /** Whether the server is in the middle of a message. */
  get isInMessage(): boolean {
    return this.#hold !== undefined
  }

  /** Of a message that the server has not finished, and nobody has seen. */
  get heldBytes(): number {
    return this.#hold?.heldBytes ?? 0
  }

  /** Messages that the server had got whole, by all that is known, and has said nothing since. */
  get unansweredMessages(): number {
    const { messages } = this.#side.peer.direction
    return Math.max(0, messages - this.outlet.keptMessages - this.#heardMessages)
  }

  /** The server is gone, or given up: what is written waits for the next one. @returns its stream, which is the caller's. */
  lose(): ByteStream {
    const { stream } = this.#side
    this.outlet.lose(stream.bufferedBytes)
    this.#side.stream = new Gap(this.#side)
    return stream
  }

  /** Pings the server behind everything that has passed to it. The outlet is shut. */
  ask(payload: Buffer): void {
    const { direction, stream } = this.#side
    direction.expectPong(payload)
    this.outlet.writeControl(stream, encodeFrame(Opcode.ping, payload, masked))
  }

  /** Tells the server to go; its own Close is not for the client. The outlet is shut. */
  dismiss(code: number, reason: string): void {
    const { direction, stream } = this.#side
    direction.withheldCodes = 'all'
    this.outlet.writeControl(stream, encodeClose(code, reason, masked))
  }

  /** Goes on with another server, which gets what the one before did not take. All that one has sent has passed. */
  replace(stream: ByteStream, direction: Direction): void {
    const side = this.#side
    const { pinged, messages } = side.peer.direction
    this.#hold = undefined
    this.#heardMessages = messages - this.outlet.keptMessages
    side.take(stream, direction)
    // Its pong is waited for, and the server that owed it is gone.
    const ping = pinged && encodeFrame(Opcode.ping, pinged, masked)
    this.outlet.handOver(stream, ping)
  }
}
