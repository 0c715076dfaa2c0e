/**
 * One direction of a framed session: messages are read, inflated and checked, and written anew, compressed
 * or not; control frames pass between them.
 *
 * Data passes as it arrives, but for short frames, which are waited for. Where nothing is compressed, frames
 * leave as they came, masked anew where they lie; else each piece leaves as a frame.
 */
import { isWithheld, noCodes, type WithheldCodes } from '../wire/close-frame.ts'
import type { FrameRules, FrameViolation } from '../wire/frame-header.ts'
import { MessageReader, type InflateOptions } from '../wire/message-reader.ts'
import { MessageWriter, type DeflateOptions } from '../wire/message-writer.ts'
import { Opcode } from '../wire/opcode.ts'
import { OwnPings } from '../wire/own-pings.ts'
import type { Direction } from './direction.ts'

export interface FramedOptions {
  /** What the sender's frames must be like. */
  readonly rules: FrameRules
  /** How the sender compresses, and how what it sends is compressed for the receiver; undefined: not at all. */
  readonly inflate: InflateOptions | undefined
  readonly deflate: DeflateOptions | undefined
}

/** Enough for one write, or for one go: bytes that were read or inflated, and so many for each piece. */
const enoughBytes = 256 * 1024
const pieceBytes = 64
const nothing = Buffer.alloc(0)

export class FramedDirection implements Direction {
  readonly #reader: MessageReader
  readonly #writer: MessageWriter
  /** The beginning of a short frame whose end has not arrived, and whether it is the first of its message. */
  #cut: Buffer | undefined
  #isCutFirst = false
  /** The gateway's own pings to this side; there are none as long as it was sent none. */
  ownPings: OwnPings | undefined
  isFull = false
  /** The frame under way is leaving as it came, so the other side waits for the rest of it. */
  #isInFrame = false
  /** The message that is leaving is not whole. */
  #isInMessage = false
  wholeBytes = 0
  innerControls: number[] | undefined
  messages = 0
  bytes = 0
  withheldCodes: WithheldCodes = noCodes
  pinged: Buffer | undefined
  hasPonged = false
  hasAnswered = false

  readonly #deflate: FramedOptions['deflate']

  constructor({ rules, inflate, deflate }: FramedOptions) {
    this.#deflate = deflate
    this.#reader = new MessageReader(rules, inflate)
    // Whoever must not mask is a server: what it sends goes on to a client, so unmasked too.
    this.#writer = new MessageWriter(rules.isMasked, deflate)
  }

  /** The same for another sender: what its receiver has got so far, nothing refers back to. */
  renewed(rules: FrameRules, inflate: InflateOptions | undefined): FramedDirection {
    return new FramedDirection({ rules, inflate, deflate: this.#deflate })
  }

  get begun(): number {
    return this.#reader.frames.begun
  }

  get mostBegun(): number {
    return this.#reader.frames.mostBegun
  }

  set mostBegun(most: number) {
    this.#reader.frames.mostBegun = most
  }

  get isStopped(): boolean {
    return this.#reader.frames.isStopped
  }

  get closeCode(): number | undefined {
    return this.#reader.frames.closeCode
  }

  get violation(): FrameViolation | undefined {
    return this.#reader.frames.violation
  }

  get isAtBoundary(): boolean {
    return !this.#isInFrame
  }

  get bytesToBoundary(): number {
    return this.#isInFrame ? this.#reader.frames.left : 0
  }

  pass(chunk: Buffer): Buffer {
    const reader = this.#reader
    const writer = this.#writer
    this.isFull = false
    this.wholeBytes = this.#isInMessage ? -1 : 0
    this.innerControls = undefined
    if (reader.frames.isStopped) return nothing
    this.bytes += chunk.length
    reader.frames.feed(chunk)
    let work = 0
    while (reader.next()) {
      work += reader.payload.length + pieceBytes
      if (reader.opcode >= Opcode.close) this.#passControl(reader.opcode, reader.payload)
      else this.#passData()
      this.isFull = work >= enoughBytes
      if (this.isFull) break
    }
    return writer.take()
  }

  hear(chunk: Buffer): void {
    const { frames } = this.#reader
    frames.feed(chunk)
    while (frames.next());
  }

  takeRest(): Buffer | undefined {
    const { frames } = this.#reader
    if (frames.isStopped || !(this.isFull || frames.isHeldBack)) return undefined
    this.isFull = false
    const rest = frames.takeUnread()
    this.bytes -= rest.length
    return rest
  }

  expectPong(payload: Buffer): void {
    this.ownPings ??= new OwnPings()
    this.ownPings.expect(payload)
    this.hasAnswered = false
  }

  release(): void {
    this.#reader.release()
    this.#writer.release()
  }

  #passControl(opcode: number, payload: Buffer): void {
    const { frames } = this.#reader
    if (opcode === Opcode.ping) this.pinged = Buffer.from(payload)
    else if (opcode === Opcode.pong) {
      const answered = this.ownPings?.answered(payload)
      if (answered === 'last') this.hasAnswered = true
      if (answered !== undefined) return
      this.hasPonged = true
    } else if (frames.closeCode !== undefined && isWithheld(frames.closeCode, this.withheldCodes))
      return
    const start = this.#writer.bytes
    this.#writer.control(opcode, payload, frames)
    if (this.#isInMessage) (this.innerControls ??= []).push(start, this.#writer.bytes)
    else this.wholeBytes = this.#writer.bytes
  }

  #passData(): void {
    const reader = this.#reader
    const { opcode, payload, isFirst, isLast } = reader
    if (reader.isCut) {
      this.#isCutFirst ||= isFirst
      this.#cut =
        this.#cut === undefined ? Buffer.from(payload) : Buffer.concat([this.#cut, payload])
      return
    }
    const { frames } = reader
    const knownBytes = Math.max(payload.length, frames.frameBytes)
    if (this.#cut === undefined) {
      this.#writer.data(reader, knownBytes, frames.isCompressed ? undefined : frames)
      this.#isInFrame = !frames.isFrameEnd && !frames.isCompressed && !this.#writer.isCompressed
    } else {
      const whole = Buffer.concat([this.#cut, payload])
      this.#writer.data(
        { opcode, payload: whole, isFirst: this.#isCutFirst || isFirst, isLast },
        knownBytes,
      )
      this.#cut = undefined
      this.#isCutFirst = false
    }
    this.#isInMessage = !isLast
    if (!isLast) return
    this.messages++
    this.wholeBytes = this.#writer.bytes
    this.innerControls = undefined
  }
}
