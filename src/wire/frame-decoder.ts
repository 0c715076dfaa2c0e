/**
 * Puts WebSocket messages together from frames, for whoever is an end of the connection.
 *
 * Order, sizes and masks are the scanner's business, which the bytes pass first; what remains here
 * is to cut frames and join fragments. At most one message and one frame header are kept.
 */
import { isUtf8 } from 'node:buffer'
import { FrameScanner, type FrameRules, type FrameViolation } from './frame-scanner.ts'
import { maxControlBytes, Opcode } from './opcode.ts'

export interface DecodedMessage {
  /** Text, binary, or a control opcode. */
  readonly opcode: number
  readonly payload: Buffer
}

export class FrameDecoder {
  readonly #scanner: FrameScanner
  /** Bytes of a frame that is not whole yet. */
  #partial: Buffer = Buffer.alloc(0)
  #fragments: Buffer[] = []
  #opcode = 0
  /** What the peer did wrong, once it has; nothing is decoded after it. */
  violation: FrameViolation | undefined

  constructor(rules: FrameRules) {
    this.#scanner = new FrameScanner(rules)
  }

  /** @returns the messages and control frames that are complete with this chunk, in order. */
  decode(chunk: Buffer): DecodedMessage[] {
    const messages: DecodedMessage[] = []
    if (this.violation !== undefined) return messages
    let bytes = Buffer.concat([this.#partial, this.#scanner.scan(chunk)])
    for (let frame = readFrame(bytes); frame !== undefined; frame = readFrame(bytes)) {
      bytes = bytes.subarray(frame.bytes)
      const message = this.#accept(frame)
      if (message !== undefined) messages.push(message)
      if (this.violation !== undefined) return messages
    }
    this.#partial = Buffer.from(bytes)
    this.violation = this.#scanner.violation
    return messages
  }

  #accept({ opcode, payload, isFinal }: Frame): DecodedMessage | undefined {
    if (opcode >= Opcode.close) return { opcode, payload }
    if (opcode !== Opcode.continuation) this.#opcode = opcode
    this.#fragments.push(payload)
    if (!isFinal) return undefined
    const whole = this.#fragments.length === 1 ? payload : Buffer.concat(this.#fragments)
    this.#fragments = []
    if (this.#opcode === Opcode.text && !isUtf8(whole)) {
      this.violation = { code: 'INVALID_TEXT', detail: 'a text message is not UTF-8' }
      return undefined
    }
    return { opcode: this.#opcode, payload: whole }
  }
}

interface Frame {
  readonly opcode: number
  readonly isFinal: boolean
  readonly payload: Buffer
  /** Of the whole frame. */
  readonly bytes: number
}

/** @returns the frame at the start of these bytes, unmasked, if it is whole. They are known to be valid. */
function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined
  const isMasked = (bytes[1]! & 0x80) !== 0
  const short = bytes[1]! & 0x7f
  const lengthBytes = short <= maxControlBytes ? 0 : short === 126 ? 2 : 8
  const start = 2 + lengthBytes + (isMasked ? 4 : 0)
  if (bytes.length < start) return undefined
  const length =
    lengthBytes === 0
      ? short
      : bytes.readUIntBE(lengthBytes === 2 ? 2 : 4, lengthBytes === 2 ? 2 : 6)
  if (bytes.length < start + length) return undefined
  const payload = bytes.subarray(start, start + length)
  if (isMasked)
    for (let index = 0; index < length; index++) payload[index]! ^= bytes[start - 4 + (index & 3)]!
  return {
    opcode: bytes[0]! & 0x0f,
    isFinal: (bytes[0]! & 0x80) !== 0,
    payload,
    bytes: start + length,
  }
}
