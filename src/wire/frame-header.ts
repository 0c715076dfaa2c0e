/**
 * The rules for frame headers (RFC 6455 §5.2, §5.4, §5.5): what both who follows frames and who reads
 * them holds against a sender.
 */
import type { ErrorCode } from '../core/errors.ts'
import { maxControlBytes, Opcode } from './opcode.ts'

export interface FrameRules {
  /** Whether the frames of this direction must be masked: those of a client must, those of a server must not. */
  readonly isMasked: boolean
  /** Whether permessage-deflate was agreed, so that the first frame of a message may have RSV1. */
  readonly mayCompress: boolean
  /** Largest payload of a data frame, in bytes, inclusive; who reads compressed frames allows for what that may add. */
  readonly frameBytes: number
  /** Largest message over all its frames, in bytes, inclusive: as they are on the wire for who only follows, inflated for who reads. */
  readonly messageBytes: number
}

export interface FrameViolation {
  readonly code: Extract<
    ErrorCode,
    | 'PROTOCOL_VIOLATION'
    | 'MESSAGE_TOO_BIG'
    | 'INVALID_TEXT'
    | 'INVALID_COMPRESSION'
    | 'COMPRESSION_MEMORY'
  >
  readonly detail: string
}

export const FIN = 0x80
export const RSV1 = 0x40
export const MASK = 0x80
const RSV = 0x70

/** @returns what the first two bytes of a frame say that they may not. */
export function headerFault(
  first: number,
  second: number,
  rules: FrameRules,
  isFragmented: boolean,
): string | undefined {
  const opcode = first & 0x0f
  if ((first & RSV) !== 0) {
    const mayHaveRsv1 = rules.mayCompress && (opcode === Opcode.text || opcode === Opcode.binary)
    if ((first & RSV) !== RSV1 || !mayHaveRsv1) return 'a reserved bit is set'
  }
  if (((second & MASK) !== 0) !== rules.isMasked) {
    return rules.isMasked ? 'a client frame is not masked' : 'a server frame is masked'
  }
  if (opcode >= Opcode.close) {
    if (opcode > Opcode.pong) return 'a reserved opcode'
    if ((first & FIN) === 0) return 'a control frame is fragmented'
    return (second & 0x7f) > maxControlBytes
      ? 'a control frame is longer than 125 bytes'
      : undefined
  }
  if (opcode > Opcode.binary) return 'a reserved opcode'
  if (opcode === Opcode.continuation)
    return isFragmented ? undefined : 'a continuation without a message'
  return isFragmented ? 'a new message inside a fragmented one' : undefined
}

/** Bytes of the extended length, by the seven bits of the short one. */
export function lengthBytesOf(shortLength: number): 0 | 2 | 8 {
  return shortLength < 126 ? 0 : shortLength === 126 ? 2 : 8
}

/** @returns the extended length; -1 if a shorter form would have held it, or its top bit is set (RFC 6455 §5.2). */
export function readLength(bytes: Buffer, offset: number, lengthBytes: 2 | 8): number {
  if (lengthBytes === 2) {
    const length = bytes.readUInt16BE(offset)
    return length < 126 ? -1 : length
  }
  const high = bytes.readUInt32BE(offset)
  const length = high * 0x1_0000_0000 + bytes.readUInt32BE(offset + 4)
  return high >= 0x8000_0000 || length <= 0xffff ? -1 : length
}

/** Whether a frame with this first byte starts a message: a data frame that continues none. */
export function beginsMessage(first: number): boolean {
  const opcode = first & 0x0f
  return opcode === Opcode.text || opcode === Opcode.binary
}
