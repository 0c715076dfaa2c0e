/**
 * Follows WebSocket frames through one direction of a tunnel by their headers alone: counts, bounds
 * and checks them, reads control frames whole, and never touches a data payload.
 *
 * Invariant: what has been passed on ends at a frame boundary or inside the payload of a data frame.
 * An incomplete header or control frame is held back, so at most 130 bytes are ever kept, and a
 * violation is always found at a boundary, where a Close frame can be put instead.
 */
import { CloseCode } from '../core/close-codes.ts'
import { closeFault, isWithheld, noCodes, type WithheldCodes } from './close-frame.ts'
import {
  beginsMessage,
  FIN,
  headerFault,
  lengthBytesOf,
  readLength,
  type FrameRules,
  type FrameViolation,
} from './frame-header.ts'
import { mask, readKey } from './mask.ts'
import { Opcode } from './opcode.ts'
import { OwnPings } from './own-pings.ts'

const nothing = Buffer.alloc(0)

export class FrameScanner {
  readonly #rules: FrameRules
  /** Bytes being looked at; less than there were when a pong of our own was taken out. */
  #length = 0
  /** Payload bytes still to come of the data frame that is passing. */
  #remaining = 0
  /** Payload bytes so far of the message that is passing. */
  #messageBytes = 0
  /** Whether the frame that is passing ends its message. */
  #isFinal = false
  /** Whether the next data frame must be a continuation. */
  #isFragmented = false
  /** The start of a header or of a control frame whose end has not arrived. */
  #held: Buffer | undefined

  /** It passes everything that it is given. */
  readonly isFull = false
  /** Messages that have begun to pass. */
  begun = 0
  /** How many may: passing ends before the next one, and `takeRest` gives what is left. */
  mostBegun = Infinity
  /** What was not looked at, since no further message may begin. */
  #rest: Buffer | undefined
  /** The gateway's own pings to this side; there are none as long as it was sent none. */
  ownPings: OwnPings | undefined
  /** The payload of the ping that passed last; whoever sees its answer clears it. */
  pinged: Buffer | undefined
  /** Where the last ping lies in what is being looked at; -1: there is none. */
  #pingAt = -1
  /** Whether a pong has passed; whoever looks clears it. */
  hasPonged = false
  /** Whether the pong that was expected last has come; whoever looks clears it. */
  hasAnswered = false

  /** A Close with one of these codes is read, and does not pass: there is another one for the receiver. */
  withheldCodes: WithheldCodes = noCodes

  /**
   * Of what passed last, the bytes up to where a message, or a control frame outside of one, ended last.
   * -1: all of it belongs to a message that began before and goes on.
   */
  wholeBytes = 0
  /** Start and end of each control frame behind them, inside the message that is not whole. */
  innerControls: number[] | undefined
  /** Messages that passed whole. */
  messages = 0
  /** Bytes passed on, headers included. */
  bytes = 0
  /** A Close frame was read, or a violation was found. Nothing passes after it. */
  isStopped = false
  /** The code of the Close frame that passed; 1005 for one without code. */
  closeCode: number | undefined
  /** What the sender did wrong, once it has. */
  violation: FrameViolation | undefined

  constructor(rules: FrameRules) {
    this.#rules = rules
  }

  /** Whether what was passed on ends between two frames. */
  get isAtBoundary(): boolean {
    return this.#remaining === 0
  }

  /** Bytes that still have to pass until the next boundary. */
  get bytesToBoundary(): number {
    return this.#remaining
  }

  /**
   * @returns what may be passed on now: the chunk itself, less what is held back, with what was held
   * back before in front of it.
   */
  pass(chunk: Buffer): Buffer {
    this.wholeBytes = this.#isFragmented || this.#remaining > 0 ? -1 : 0
    this.innerControls = undefined
    if (this.isStopped) return nothing
    let bytes = chunk
    if (this.#held !== undefined) {
      bytes = Buffer.concat([this.#held, chunk])
      this.#held = undefined
    }
    this.#length = bytes.length
    const end = this.#follow(bytes)
    this.bytes += end
    if (this.#pingAt >= 0) this.#keepPing(bytes)
    if (end === bytes.length) return bytes
    if (!this.isStopped && this.#rest === undefined && end < this.#length)
      this.#held = Buffer.from(bytes.subarray(end, this.#length))
    return bytes.subarray(0, end)
  }

  /** Only listens for a Close: what passes nowhere is not counted. */
  hear(chunk: Buffer): void {
    const { messages, bytes } = this
    this.pass(chunk)
    this.messages = messages
    this.bytes = bytes
  }

  /** The gateway has pinged this side: one pong with this payload ends here. */
  expectPong(payload: Buffer): void {
    this.ownPings ??= new OwnPings()
    this.ownPings.expect(payload)
    this.hasAnswered = false
  }

  /** @returns what the last `pass` did not look at, since no further message may begin: it comes before the next chunk. */
  takeRest(): Buffer | undefined {
    const rest = this.#rest
    this.#rest = undefined
    return rest
  }

  /** It holds nothing that anybody could miss. */
  release(): void {}

  /** @returns the offset up to which the bytes may pass. */
  #follow(bytes: Buffer): number {
    let offset = 0
    for (;;) {
      offset = this.#skipPayload(offset, this.#length)
      if (this.#length - offset < 2) return offset
      if (this.begun >= this.mostBegun && beginsMessage(bytes[offset]!)) {
        this.#rest = bytes.subarray(offset, this.#length)
        return offset
      }
      const lengthBefore = this.#length
      const next = this.#readFrame(bytes, offset)
      const isTakenOut = this.#length < lengthBefore
      if ((next === offset && !isTakenOut) || this.isStopped) return next
      offset = next
    }
  }

  /** Passes payload of the frame under way, and counts its message when that is all of it. */
  #skipPayload(offset: number, length: number): number {
    const available = length - offset
    if (this.#remaining > available) {
      this.#remaining -= available
      return length
    }
    const end = offset + this.#remaining
    this.#remaining = 0
    if (this.#isFinal) {
      this.#isFinal = false
      this.messages++
      this.wholeBytes = end
      this.innerControls = undefined
    }
    return end
  }

  /** @returns the offset behind the header, or behind the whole frame if it is a control frame; `offset` if it may not pass (yet). */
  #readFrame(bytes: Buffer, offset: number): number {
    const first = bytes[offset]!
    const second = bytes[offset + 1]!
    const opcode = first & 0x0f
    const shortLength = second & 0x7f
    const fault = headerFault(first, second, this.#rules, this.#isFragmented)
    if (fault !== undefined) return this.#violate(offset, 'PROTOCOL_VIOLATION', fault)

    const maskBytes = this.#rules.isMasked ? 4 : 0
    const lengthBytes = lengthBytesOf(shortLength)
    const payloadStart = offset + 2 + lengthBytes + maskBytes
    if (payloadStart > this.#length) return offset
    if (opcode >= Opcode.close)
      return this.#readControl(bytes, offset, opcode, payloadStart, shortLength)

    const length = lengthBytes === 0 ? shortLength : readLength(bytes, offset + 2, lengthBytes)
    if (length < 0)
      return this.#violate(offset, 'PROTOCOL_VIOLATION', 'a length is not in its shortest form')
    if (length > this.#rules.frameBytes) {
      return this.#violate(
        offset,
        'MESSAGE_TOO_BIG',
        `a frame is larger than ${this.#rules.frameBytes} bytes`,
      )
    }
    const messageBytes = opcode === Opcode.continuation ? this.#messageBytes + length : length
    if (messageBytes > this.#rules.messageBytes) {
      return this.#violate(
        offset,
        'MESSAGE_TOO_BIG',
        `a message is larger than ${this.#rules.messageBytes} bytes`,
      )
    }
    if (opcode !== Opcode.continuation) this.begun++
    this.#messageBytes = messageBytes
    this.#remaining = length
    this.#isFinal = (first & FIN) !== 0
    this.#isFragmented = !this.#isFinal
    return payloadStart
  }

  #readControl(
    bytes: Buffer,
    offset: number,
    opcode: number,
    payloadStart: number,
    length: number,
  ): number {
    const end = payloadStart + length
    if (end > this.#length) return offset
    if (opcode === Opcode.ping) this.#pingAt = offset
    else if (opcode === Opcode.pong) {
      if (this.#isOwnPong(bytes, payloadStart, end)) {
        bytes.copyWithin(offset, end, this.#length)
        this.#length -= end - offset
        return offset
      }
      this.hasPonged = true
    } else {
      const payload = this.#payload(bytes, payloadStart, end)
      const fault = closeFault(payload)
      if (fault !== undefined) return this.#violate(offset, 'PROTOCOL_VIOLATION', fault)
      this.isStopped = true
      this.closeCode = length === 0 ? CloseCode.noStatus : payload.readUInt16BE(0)
      if (isWithheld(this.closeCode, this.withheldCodes)) return offset
    }
    if (this.#isFragmented) (this.innerControls ??= []).push(offset, end)
    else this.wholeBytes = end
    return end
  }

  /** A pong to a ping of the gateway's own is taken out; every other one passes. */
  #isOwnPong(bytes: Buffer, payloadStart: number, end: number): boolean {
    const answered = this.ownPings?.answered(this.#payload(bytes, payloadStart, end))
    if (answered === 'last') this.hasAnswered = true
    return answered !== undefined
  }

  /** Of many in one chunk only the last counts (RFC 6455 §5.5.3), so no other is copied. */
  #keepPing(bytes: Buffer): void {
    const start = this.#pingAt + 2 + (this.#rules.isMasked ? 4 : 0)
    const end = start + (bytes[this.#pingAt + 1]! & 0x7f)
    this.pinged = Buffer.from(this.#payload(bytes, start, end))
    this.#pingAt = -1
  }

  #payload(bytes: Buffer, start: number, end: number): Buffer {
    return this.#rules.isMasked ? unmasked(bytes, start, end) : bytes.subarray(start, end)
  }

  #violate(offset: number, code: FrameViolation['code'], detail: string): number {
    this.isStopped = true
    this.violation = { code, detail }
    return offset
  }
}

/** A copy, since the frame itself passes as it is. The four bytes before `start` are the key. */
function unmasked(bytes: Buffer, start: number, end: number): Buffer {
  const payload = Buffer.from(bytes.subarray(start, end))
  mask(payload, 0, payload.length, readKey(bytes, start - 4))
  return payload
}
