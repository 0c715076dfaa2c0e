/**
 * The way to a server that may be replaced by another: keeps what it has not wholly taken, and can be shut
 * between two messages.
 *
 * Invariant: what the servers of a session took whole and what is kept are together everything that was
 * written, each message once.
 */
import type { ByteStream } from '../../core/byte-stream.ts'
import { Unsent } from './unsent.ts'

export class Outlet {
  readonly #holdBytes: number
  /** undefined: everything was taken, up to the end of a message. */
  #unsent: Unsent | undefined
  /** Whether what was written last ends inside a message. */
  isInMessage = false
  /** Told once nothing passes any more; until then the message under way does. */
  #onShut: (() => void) | undefined
  #isShut = false
  /** At the end of what is kept: not taken by the server that was lost, or not passed since the outlet is shut. */
  #withheldBytes = 0
  /** Control frames of the gateway's own behind what had passed when it was shut. */
  #controlBytes = 0

  constructor(holdBytes: number) {
    this.#holdBytes = holdBytes
  }

  get isShut(): boolean {
    return this.#isShut
  }

  /** Whether it has nothing to remember. */
  get isIdle(): boolean {
    return this.#unsent === undefined && !this.#isShut && this.#onShut === undefined
  }

  /** Bytes that were written and are not with the server. */
  waitingBytes(stream: ByteStream): number {
    return stream.bufferedBytes + this.#withheldBytes
  }

  /** @param wholeBytes as `Direction` tells it. @returns the bytes that wait. */
  write(stream: ByteStream, bytes: Buffer, wholeBytes: number): number {
    if (this.#isShut) return this.#withhold(stream, bytes, wholeBytes)
    if (this.#onShut !== undefined && wholeBytes >= 0)
      return this.#writeLast(stream, bytes, wholeBytes)
    const untakenBytes = stream.write(bytes)
    this.passed(bytes, wholeBytes, untakenBytes)
    return untakenBytes
  }

  /** The same where they have been written. @param untakenBytes what the server has not taken, of all that was. */
  passed(bytes: Buffer, wholeBytes: number, untakenBytes: number): void {
    this.#keep(bytes, wholeBytes)
    this.#settle(untakenBytes)
  }

  /** A frame of the gateway's own, which goes on also where the outlet is shut. */
  writeControl(stream: ByteStream, frame: Buffer): void {
    if (!this.#isShut) this.write(stream, frame, this.isInMessage ? -1 : frame.length)
    else {
      this.#controlBytes += frame.length
      stream.write(frame)
    }
  }

  /** The server has taken everything that was passed to it. */
  drained(): void {
    if (!this.#isShut) this.#settle(0)
  }

  /** From the next message on nothing passes. @param onShut called when that is so, perhaps at once. */
  shut(onShut: () => void): void {
    this.#onShut = onShut
    if (!this.isInMessage) this.#shutNow()
  }

  /** Goes on with the same server. */
  reopen(stream: ByteStream): void {
    this.#onShut = undefined
    if (!this.#isShut) return
    this.#isShut = false
    // What is withheld begins between two messages, so this is all of it and nothing else.
    const withheld = this.#withheldBytes > 0 && this.#unsent?.rest(this.#withheldBytes)
    this.#withheldBytes = 0
    this.#controlBytes = 0
    if (withheld) this.#settle(stream.write(withheld.bytes))
  }

  /** The server is gone: nothing passes any more. @param untakenBytes what it had not taken. */
  lose(untakenBytes: number): void {
    this.#onShut = undefined
    this.#isShut = true
    this.#withheldBytes += Math.max(0, untakenBytes - this.#controlBytes)
  }

  /** Whether some of a message may be gone, and cannot be sent again. */
  get isCaught(): boolean {
    return this.#unsent?.isCaught(this.#withheldBytes) ?? false
  }

  /** Messages that are whole and that no server has got whole. */
  get keptMessages(): number {
    return this.#unsent?.rest(this.#withheldBytes).messages ?? 0
  }

  /** Begins with the next server, which gets what the one before did not take. @param first a control frame before that. */
  handOver(stream: ByteStream, first: Buffer | undefined): void {
    const rest = this.#unsent?.rest(this.#withheldBytes)
    this.#unsent = undefined
    this.#onShut = undefined
    this.#isShut = false
    this.isInMessage = false
    this.#withheldBytes = 0
    this.#controlBytes = 0
    if (first !== undefined) this.writeControl(stream, first)
    if (rest !== undefined && rest.bytes.length > 0) this.write(stream, rest.bytes, rest.wholeBytes)
  }

  /** The message under way is the last to pass. */
  #writeLast(stream: ByteStream, bytes: Buffer, wholeBytes: number): number {
    const last = bytes.subarray(0, wholeBytes)
    if (last.length > 0) {
      this.#keep(last, wholeBytes)
      this.#settle(stream.write(last))
    }
    this.#shutNow()
    if (wholeBytes === bytes.length) return this.waitingBytes(stream)
    // The beginning of the next message.
    return this.#withhold(stream, bytes.subarray(wholeBytes), 0)
  }

  #withhold(stream: ByteStream, bytes: Buffer, wholeBytes: number): number {
    this.#keep(bytes, wholeBytes)
    this.#withheldBytes += bytes.length
    return this.waitingBytes(stream)
  }

  #keep(bytes: Buffer, wholeBytes: number): void {
    this.isInMessage = wholeBytes !== bytes.length
    this.#unsent ??= new Unsent(this.#holdBytes)
    this.#unsent.add(bytes, wholeBytes)
  }

  #settle(untakenBytes: number): void {
    this.#unsent?.settle(untakenBytes)
    if (this.#unsent?.isEmpty === true) this.#unsent = undefined
  }

  #shutNow(): void {
    const onShut = this.#onShut
    this.#isShut = true
    this.#onShut = undefined
    onShut?.()
  }
}
