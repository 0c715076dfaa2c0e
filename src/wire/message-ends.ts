/**
 * Finds where frames and messages end in bytes that were checked before, so that they can be parted there.
 *
 * Only headers are looked at, and nothing is allocated on the way.
 */
import { FIN, lengthBytesOf, MASK, readLength } from './frame-header.ts'
import { Opcode } from './opcode.ts'

export interface MessageEnd {
  /** Behind the last whole message, or control frame outside of one; 0 if there is none. */
  readonly end: number
  /** Data messages that are whole up to there. */
  readonly messages: number
}

/**
 * @param frames well-formed, masked or not, beginning between two messages; the last may be cut anywhere.
 * @param limit what ends behind it does not count.
 */
export function lastMessageEnd(frames: Buffer, limit: number): MessageEnd {
  let end = 0
  let messages = 0
  let isInMessage = false
  let start = 0
  for (let next = frameEnd(frames, start); next <= limit; next = frameEnd(frames, start)) {
    if (next > frames.length) break
    const first = frames[start]!
    if ((first & 0x0f) < Opcode.close) {
      isInMessage = (first & FIN) === 0
      if (!isInMessage) messages++
    }
    if (!isInMessage) end = next
    start = next
  }
  return { end, messages }
}

/** @returns the offset behind the frame that begins at `start`, also where it is cut; Infinity if its header is. */
export function frameEnd(frames: Buffer, start: number): number {
  if (frames.length - start < 2) return Infinity
  const payload = payloadStart(frames, start)
  if (payload > frames.length) return Infinity
  const shortLength = frames[start + 1]! & 0x7f
  const lengthBytes = lengthBytesOf(shortLength)
  return payload + (lengthBytes === 0 ? shortLength : readLength(frames, start + 2, lengthBytes))
}

/** @returns the offset behind the header that begins at `start`, of which two bytes at least are there. */
export function payloadStart(frames: Buffer, start: number): number {
  const second = frames[start + 1]!
  return start + 2 + lengthBytesOf(second & 0x7f) + ((second & MASK) === 0 ? 0 : 4)
}
