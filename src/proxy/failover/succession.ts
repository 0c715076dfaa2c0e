/**
 * Lets the server of a session be replaced by the next one: what it sends passes in whole messages, and what
 * it has not wholly taken is kept.
 *
 * Invariant: what has passed to the client ends between two frames at every moment.
 */
import type { ByteStream, ByteStreamHandler } from '../../core/byte-stream.ts'
import { encodeClose, encodeFrame } from '../../wire/frame-encoder.ts'
import { Opcode } from '../../wire/opcode.ts'
import type { Direction } from '../direction.ts'
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
  /** Made where something is not whole or not taken, or nothing may pass; gone again after that. */
  #outlet: Outlet | undefined
  readonly #side: ReplaceableSide
  readonly #holdBytes: number
  /** Of a message of the server's that is not whole. */
  #hold: Hold | undefined
  /** Messages of the client's that had passed, and were taken, when the server last said something of its own. */
  #heardMessages = 0
  /** Its own, that it had said by then. */
  #saidMessages = 0
  /** The server was told to go: nothing may follow that. */
  isDismissed = false

  /** @param side the server's. @param holdBytes messages up to this are not cut. */
  constructor(side: ReplaceableSide, holdBytes: number) {
    this.#side = side
    this.#holdBytes = holdBytes
  }

  /** @param bytes of the server's, as its direction let them pass. @returns what the client may have now. */
  whole(bytes: Buffer, { wholeBytes, innerControls }: Direction): Buffer {
    this.#hear()
    if (this.#hold === undefined && wholeBytes === bytes.length) return bytes
    this.#hold ??= new Hold(this.#holdBytes)
    const passing = this.#hold.pass(bytes, wholeBytes, innerControls)
    if (this.#hold.isEmpty) this.#hold = undefined
    return passing
  }

  /** To the server, behind all before. @param wholeBytes as `Direction` tells it. @returns the bytes that wait. */
  write(bytes: Buffer, wholeBytes: number): number {
    const { stream } = this.#side
    if (this.#outlet !== undefined)
      return this.#settled(this.#outlet.write(stream, bytes, wholeBytes))
    const untakenBytes = stream.write(bytes)
    if (untakenBytes > 0 || wholeBytes < bytes.length)
      this.#outletNow.passed(bytes, wholeBytes, untakenBytes)
    return untakenBytes
  }

  /** A frame of the gateway's own, which goes to the server also where nothing else passes. */
  writeControl(frame: Buffer): void {
    const { stream } = this.#side
    if (this.#outlet === undefined) this.write(frame, frame.length)
    else this.#outlet.writeControl(stream, frame)
  }

  /** Bytes that were written and are not with the server. */
  get waitingBytes(): number {
    const { stream } = this.#side
    return this.#outlet?.waitingBytes(stream) ?? stream.bufferedBytes
  }

  /** The server has taken everything that was passed to it. */
  drained(): void {
    this.#outlet?.drained()
    this.#settled(0)
  }

  /** Whether nothing passes to the server. */
  get isShut(): boolean {
    return this.#outlet?.isShut === true
  }

  /** From the next message on nothing passes. @param onShut called when that is so, perhaps at once. */
  shut(onShut: () => void): void {
    this.#outletNow.shut(onShut)
  }

  /** Goes on with the same server. */
  reopen(): void {
    this.#outlet?.reopen(this.#side.stream)
    this.#settled(0)
  }

  /** Whole messages of the client's that no server has got whole. */
  get keptMessages(): number {
    return this.#outlet?.keptMessages ?? 0
  }

  /** The same with the one that the client is in the middle of. */
  get begunMessages(): number {
    return this.keptMessages + (this.#outlet?.isInMessage === true ? 1 : 0)
  }

  /** Whether there is no server. */
  get isBetween(): boolean {
    return this.#side.stream instanceof Gap
  }

  /** Whether one of both has got a part of a message of which the rest cannot follow. */
  get isCaught(): boolean {
    return this.#hold?.isPassing === true || this.#outlet?.isCaught === true
  }

  /** Whether the server is in the middle of a message. */
  get isInMessage(): boolean {
    return this.#hold !== undefined
  }

  /** Of a message that the server has not finished, and nobody has seen. */
  get heldBytes(): number {
    return this.#hold?.heldBytes ?? 0
  }

  /** A pong or a Close is no answer to what the client has said. */
  #hear(): void {
    const { direction, peer } = this.#side
    if (direction.messages === this.#saidMessages) return
    this.#saidMessages = direction.messages
    // While something waits to be taken, nobody knows which of them that answers.
    if (this.#outlet === undefined || this.#outlet.isShut)
      this.#heardMessages = peer.direction.messages - this.keptMessages
  }

  /** Messages that the server had got whole, by all that is known, and has said nothing since. */
  get unansweredMessages(): number {
    const { messages } = this.#side.peer.direction
    return Math.max(0, messages - this.keptMessages - this.#heardMessages)
  }

  /** The server is gone, or given up: what is written waits for the next one. @returns its stream, which is the caller's. */
  lose(): ByteStream {
    const { stream } = this.#side
    this.#outletNow.lose(stream.bufferedBytes)
    this.#side.stream = new Gap(this.#side)
    return stream
  }

  /** Pings the server behind everything that has passed to it. The outlet is shut. */
  ask(payload: Buffer): void {
    const { direction } = this.#side
    direction.expectPong(payload)
    this.writeControl(encodeFrame(Opcode.ping, payload, masked))
  }

  /** Tells the server to go; its own Close is not for the client. The outlet is shut. */
  dismiss(code: number, reason: string): void {
    const { direction } = this.#side
    direction.withheldCodes = 'all'
    this.isDismissed = true
    this.writeControl(encodeClose(code, reason, masked))
  }

  /** Goes on with another server, which gets what the one before did not take. All that one has sent has passed. */
  replace(stream: ByteStream, direction: Direction): void {
    const side = this.#side
    const { pinged, messages } = side.peer.direction
    this.#hold = undefined
    this.isDismissed = false
    this.#heardMessages = messages - this.keptMessages
    this.#saidMessages = 0
    // One that lies in what the server before did not take whole goes to this one, and the client knows nothing of it.
    direction.ownPings = side.direction.ownPings
    direction.ownPings?.sendAgain()
    side.take(stream, direction)
    // Its pong is waited for, and the server that owed it is gone.
    const ping = pinged && encodeFrame(Opcode.ping, pinged, masked)
    this.#outlet?.handOver(stream, ping)
    this.#settled(0)
  }

  get #outletNow(): Outlet {
    return (this.#outlet ??= new Outlet(this.#holdBytes))
  }

  /** @returns what it is given. */
  #settled(waitingBytes: number): number {
    if (this.#outlet?.isIdle === true) this.#outlet = undefined
    return waitingBytes
  }
}
