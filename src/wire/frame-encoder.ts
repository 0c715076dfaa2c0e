/**
 * Writes WebSocket frames (RFC 6455 §5.2). A client's frames are masked, each with a fresh key.
 */
import { FIN, MASK } from './frame-header.ts'
import { freshKey, mask, writeKey } from './mask.ts'
import { maxControlBytes, Opcode } from './opcode.ts'

export interface FrameOptions {
  /** True for what a client sends. */
  readonly isMasked: boolean
  /** False for all but the last frame of a message. */
  readonly isFinal?: boolean
}

/** Bytes of a header: two, the extended length, and the key. */
export function headerBytesOf(length: number, isMasked: boolean): number {
  return (length < 126 ? 2 : length <= 0xffff ? 4 : 10) + (isMasked ? 4 : 0)
}

/**
 * Writes a frame to where there is room for it.
 * @param first its first byte: FIN, reserved bits and opcode. @returns the offset behind it.
 */
export function writeFrame(
  target: Buffer,
  offset: number,
  first: number,
  payload: Uint8Array,
  isMasked: boolean,
): number {
  const { length } = payload
  const start = offset + headerBytesOf(length, isMasked)
  const end = start + length
  const maskBit = isMasked ? MASK : 0
  target[offset] = first
  if (length < 126) target[offset + 1] = maskBit | length
  else if (length <= 0xffff) {
    target[offset + 1] = maskBit | 126
    target[offset + 2] = length >>> 8
    target[offset + 3] = length & 0xff
  } else {
    target[offset + 1] = maskBit | 127
    target.writeUInt32BE(Math.floor(length / 0x1_0000_0000), offset + 2)
    target.writeUInt32BE(length >>> 0, offset + 6)
  }
  target.set(payload, start)
  if (!isMasked) return end
  const key = freshKey()
  writeKey(target, start - 4, key)
  mask(target, start, end, key)
  return end
}

export function encodeFrame(opcode: number, payload: Uint8Array, options: FrameOptions): Buffer {
  const { isMasked, isFinal = true } = options
  const frame = Buffer.allocUnsafe(headerBytesOf(payload.length, isMasked) + payload.length)
  writeFrame(frame, 0, isFinal ? FIN | opcode : opcode, payload, isMasked)
  return frame
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
