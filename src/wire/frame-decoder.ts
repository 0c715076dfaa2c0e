/**
 * Reads frames (RFC 6455 §5.2): asked again and again for the next piece, it gives control frames whole
 * and data as it arrives, unmasked where it lies.
 *
 * Invariant: what is kept between two chunks is a header, a control frame, or a compressed frame of at
 * most `wholeBytes`; everything else is given out at once, or taken back where no message may begin.
 */
import { CloseCode } from '../core/close-codes.ts'
import { closeFault } from './close-frame.ts'
import {
  beginsMessage,
  FIN,
  headerFault,
  lengthBytesOf,
  readLength,
  RSV1,
  type FrameRules,
  type FrameViolation,
} from './frame-header.ts'
import { advanceKey, mask, readKey } from './mask.ts'
import { Opcode } from './opcode.ts'

/** Frames up to this are worth waiting for: they are read, and passed on, as one piece. */
export const wholeBytes = 16 * 1024

const nothing = Buffer.alloc(0)

export class FrameDecoder {
  readonly #rules: FrameRules
  /** What has arrived and was not read. */
  #input: Buffer = nothing
  #offset = 0
  /** Of the data frame under way: payload bytes still to come, and the key for them. */
  #left = 0
  #key = 0
  #isInFrame = false
  #isFinal = false
  #isFragmented = false
  /** Of the message under way, inside which control frames may come. */
  #messageOpcode = 0

  // The piece that was read.
  /** Of the message, or of the control frame. */
  opcode = 0
  /** Empty where there is none: it would keep its chunk in memory. */
  payload: Buffer = nothing
  /** Whether the message was compressed. */
  isCompressed = false
  /** Whether the piece ends its frame, and whether it ends its message. */
  isFrameEnd = false
  isMessageEnd = false
  /** Length of its frame's payload, and of all those of its message so far. */
  frameBytes = 0
  messageBytes = 0
  /** Whether the header of its frame lies right before it. */
  isFrameStart = false
  /** Where it lies: from `payloadStart` to `payloadEnd`; the header from `frameStart`, where it has one. */
  chunk: Buffer = nothing
  frameStart = 0
  payloadStart = 0
  payloadEnd = 0

  /** Messages that have begun. */
  begun = 0
  /** How many may: nothing is read before the next one. */
  mostBegun = Infinity
  /** The next message waits for `mostBegun`. */
  isHeldBack = false
  /** A Close frame was read, or a violation was found: nothing is read after it. */
  isStopped = false
  /** The code of that Close frame; 1005 for one without code. */
  closeCode: number | undefined
  violation: FrameViolation | undefined

  constructor(rules: FrameRules) {
    this.#rules = rules
  }

  /** Payload bytes still to come of the data frame under way. */
  get left(): number {
    return this.#left
  }

  /** Of what comes once it is stopped nothing is kept. */
  feed(chunk: Buffer): void {
    if (this.isStopped) return
    this.isHeldBack = false
    const unread = this.#input.length - this.#offset
    if (unread > 0 && chunk.length === 0) return
    this.#input = unread === 0 ? chunk : Buffer.concat([this.#input.subarray(this.#offset), chunk])
    this.#offset = 0
  }

  /** @returns what was not read: it comes before the next chunk. */
  takeUnread(): Buffer {
    const unread = this.#input.subarray(this.#offset)
    this.#input = nothing
    this.#offset = 0
    return unread
  }

  /** Reads the next piece. @returns false if there is none, for now or for ever. */
  next(): boolean {
    const hasPiece =
      !this.isStopped && (this.#isInFrame ? this.#readPayload(false) : this.#readFrame())
    if (hasPiece) return true
    this.payload = nothing
    if (!this.isHeldBack) this.#letGo()
    return false
  }

  /** A piece of a chunk keeps all of it in memory: what waits for the next one is copied. */
  #letGo(): void {
    this.chunk = nothing
    const unread = this.#input.length - this.#offset
    if (unread === 0) this.#input = nothing
    else if (this.#offset > 0) this.#input = Buffer.from(this.#input.subarray(this.#offset))
    this.#offset = 0
  }

  #readFrame(): boolean {
    const input = this.#input
    const start = this.#offset
    const available = input.length - start
    if (available < 2) return false
    const first = input[start]!
    const second = input[start + 1]!
    this.isHeldBack = this.begun >= this.mostBegun && beginsMessage(first)
    if (this.isHeldBack) return false
    const fault = headerFault(first, second, this.#rules, this.#isFragmented)
    if (fault !== undefined) return this.violate('PROTOCOL_VIOLATION', fault)
    const lengthBytes = lengthBytesOf(second & 0x7f)
    const headerBytes = 2 + lengthBytes + (this.#rules.isMasked ? 4 : 0)
    if (available < headerBytes) return false
    const length = lengthBytes === 0 ? second & 0x7f : readLength(input, start + 2, lengthBytes)
    if (length < 0)
      return this.violate('PROTOCOL_VIOLATION', 'a length is not in its shortest form')
    const key = this.#rules.isMasked ? readKey(input, start + headerBytes - 4) : 0
    const opcode = first & 0x0f
    this.frameStart = start
    if (opcode >= Opcode.close) {
      if (available < headerBytes + length) return false
      this.#offset += headerBytes
      return this.#readControl(opcode, length, key)
    }
    if (!this.#mayBegin(first, length)) return false
    const isCompressed = opcode === Opcode.continuation ? this.isCompressed : (first & RSV1) !== 0
    // A header alone is no piece, and what is compressed and short is waited for.
    const wantedBytes = isCompressed && length <= wholeBytes ? length : Math.min(1, length)
    if (available < headerBytes + wantedBytes) return false
    this.#offset += headerBytes
    this.#beginFrame(first, length, key)
    return this.#readPayload(true)
  }

  /** Whether frame and message are within their bounds. */
  #mayBegin(first: number, length: number): boolean {
    const { frameBytes, messageBytes } = this.#rules
    const isContinuation = (first & 0x0f) === Opcode.continuation
    const isCompressed = isContinuation ? this.isCompressed : (first & RSV1) !== 0
    const bound = isCompressed ? deflatedBound : exactly
    if (length > bound(frameBytes))
      return this.violate('MESSAGE_TOO_BIG', `a frame is larger than ${frameBytes} bytes`)
    const before = isContinuation ? this.messageBytes : 0
    if (before + length > bound(messageBytes))
      return this.violate('MESSAGE_TOO_BIG', `a message is larger than ${messageBytes} bytes`)
    return true
  }

  #beginFrame(first: number, length: number, key: number): void {
    const opcode = first & 0x0f
    if (opcode !== Opcode.continuation) {
      this.begun++
      this.messageBytes = 0
      this.#messageOpcode = opcode
      this.isCompressed = (first & RSV1) !== 0
    }
    this.messageBytes += length
    this.#isFinal = (first & FIN) !== 0
    this.#isFragmented = !this.#isFinal
    this.#isInFrame = true
    this.#left = length
    this.#key = key
    this.frameBytes = length
  }

  #readPayload(isFromStart: boolean): boolean {
    const length = Math.min(this.#left, this.#input.length - this.#offset)
    if (length === 0 && this.#left > 0) return false
    this.payload = this.#take(length, this.#key)
    this.#key = advanceKey(this.#key, length)
    this.#left -= length
    this.opcode = this.#messageOpcode
    this.isFrameEnd = this.#left === 0
    this.isMessageEnd = this.isFrameEnd && this.#isFinal
    this.isFrameStart = isFromStart
    this.#isInFrame = !this.isFrameEnd
    return true
  }

  #readControl(opcode: number, length: number, key: number): boolean {
    this.opcode = opcode
    this.payload = this.#take(length, key)
    this.isFrameStart = true
    if (opcode !== Opcode.close) return true
    const fault = closeFault(this.payload)
    if (fault !== undefined) return this.violate('PROTOCOL_VIOLATION', fault)
    this.stop()
    this.closeCode = length === 0 ? CloseCode.noStatus : this.payload.readUInt16BE(0)
    return true
  }

  #take(length: number, key: number): Buffer {
    this.chunk = this.#input
    this.payloadStart = this.#offset
    this.payloadEnd = this.#offset += length
    mask(this.chunk, this.payloadStart, this.payloadEnd, key)
    return this.chunk.subarray(this.payloadStart, this.payloadEnd)
  }

  /** Ends it with what the sender did, also for who looks closer at what was read. @returns false. */
  violate(code: FrameViolation['code'], detail: string): false {
    this.violation = { code, detail }
    this.stop()
    return false
  }

  /** Nothing more is read, and nothing kept of what still comes. */
  stop(): void {
    this.isStopped = true
    this.#input = nothing
    this.#offset = 0
  }
}

function exactly(bytes: number): number {
  return bytes
}

/** What a message of this size may take compressed: incompressible data grows, by how its sender cuts it. */
function deflatedBound(bytes: number): number {
  return bytes + Math.ceil(bytes / 8) + 1024
}
