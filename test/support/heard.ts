/**
 * What a bare socket has heard: the messages in bytes that came, whatever frames they came in. A gateway
 * that frames anew may cut them elsewhere, and masks them with keys of its own.
 */
import { masked } from './frames.ts'

export interface Heard {
  /** Of the message, or of the control frame. */
  readonly opcode: number
  readonly payload: Buffer
  /** False for a message whose end has not come, which only the last data message can be. */
  readonly isWhole: boolean
}

/** A frame, as far as it has come. */
export interface HeardFrame {
  /** FIN, reserved bits and opcode. */
  readonly first: number
  /** Unmasked. */
  readonly payload: Buffer
  readonly isComplete: boolean
}

export function framesIn(bytes: Buffer): HeardFrame[] {
  const frames: HeardFrame[] = []
  for (let rest = bytes; rest.length > 0;) {
    const frame = readFrame(rest)
    if (frame === undefined) break
    rest = rest.subarray(frame.bytes)
    frames.push(frame)
  }
  return frames
}

/** Of whole messages and control frames, and of what has come of a message under way. */
export function heardIn(bytes: Buffer): Heard[] {
  const heard: Heard[] = []
  let message: { opcode: number; pieces: Buffer[] } | undefined
  for (const { first, payload, isComplete } of framesIn(bytes)) {
    const opcode = first & 0x0f
    if (opcode >= 8) {
      if (isComplete) heard.push({ opcode, payload, isWhole: true })
      continue
    }
    message ??= { opcode, pieces: [] }
    message.pieces.push(payload)
    if (!isComplete || first < 0x80) continue
    heard.push({ opcode: message.opcode, payload: Buffer.concat(message.pieces), isWhole: true })
    message = undefined
  }
  if (message !== undefined)
    heard.push({
      opcode: message.opcode,
      payload: Buffer.concat(message.pieces),
      isWhole: false,
    })
  return heard
}

/** @returns the first frame, as far as it has come; undefined where its header has not. */
export function readFrame(bytes: Buffer): (HeardFrame & { readonly bytes: number }) | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  const short = second & 0x7f
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
  const keyBytes = second >> 7 === 1 ? 4 : 0
  const start = 2 + lengthBytes + keyBytes
  if (bytes.length < start) return undefined
  const length =
    lengthBytes === 8
      ? Number(bytes.readBigUInt64BE(2))
      : lengthBytes === 2
        ? bytes.readUInt16BE(2)
        : short
  const raw = bytes.subarray(start, start + length)
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(start - keyBytes, start)
  const payload = keyBytes === 0 ? raw : masked(raw, [a, b, c, d])
  return { first, payload, bytes: start + raw.length, isComplete: raw.length === length }
}
