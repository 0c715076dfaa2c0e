/**
 * Writes WebSocket frames (RFC 6455 §5.2). A client's frames are masked with a fresh random key.
 */
import { maxControlBytes, Opcode } from './opcode.ts'

export interface FrameOptions {
  /** True for what a client sends. */
  readonly isMasked: boolean
  /** False for all but the last frame of a message. */
  readonly isFinal?: boolean
}

export function encodeFrame(opcode: number, payload: Uint8Array, options: FrameOptions): Buffer {
  const { length } = payload
  const lengthBytes = length < 126 ? 0 : length <= 0xffff ? 2 : 8
  const headerBytes = 2 + lengthBytes + (options.isMasked ? 4 : 0)
  const frame = Buffer.allocUnsafe(headerBytes + length)
  frame[0] = (options.isFinal === false ? 0 : 0x80) | opcode
  frame[1] =
    (options.isMasked ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2)
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.set(payload, headerBytes)
  if (options.isMasked) mask(frame, headerBytes)
  return frame
}

/** Masks everything from `start` with a random key, which is put right before it. */
function mask(frame: Buffer, start: number): void {
  const key = crypto.getRandomValues(frame.subarray(start - 4, start))
  for (let offset = start; offset < frame.length; offset++) {
    frame[offset]! ^= key[(offset - start) & 3]!
  }
}

/** @param reason cut to the 123 bytes there are for it, never inside a character. */
export function encodeClose(code: number, reason: string, options: FrameOptions): Buffer {
  const text = Buffer.from(reason)
  let end = Math.min(text.length, maxControlBytes - 2)
  while (end > 0 && end < text.length && (text[end]! & 0xc0) === 0x80) end--
  const payload = Buffer.allocUnsafe(2 + end)
  payload.writeUInt16BE(code, 0)
  payload.set(text.subarray(0, end), 2)
  return encodeFrame(Opcode.close, payload, options)
}
