/** What peers send to show a clause: frames good and bad, and bytes to put into them. */
import type { FrameParts } from '../support/frames.ts'
import { deflated, type End } from './end.ts'

/** Frames, or bytes that are none. */
export type Sent = readonly (FrameParts | Uint8Array)[]
export type Cases = Readonly<Record<string, Sent>>

/** What the text of no frame may pass that is sent behind a fault. */
export const forbidden = 'never heard'

export function bytesOf(peer: End, sent: Sent): Buffer {
  return Buffer.concat(sent.map((each) => (each instanceof Uint8Array ? each : peer.frame(each))))
}

/** What follows a fault, and must not pass. */
export const after: FrameParts = { opcode: 1, payload: forbidden }
export const begun: FrameParts = { opcode: 1, payload: 'begun', isFinal: false }

/** One frame for each of these opcodes, and something after it that must not pass. */
export function ofOpcodes(opcodes: readonly number[], parts: Partial<FrameParts>): Cases {
  return Object.fromEntries(
    opcodes.map((opcode) => [`opcode ${opcode}`, [{ opcode, payload: '', ...parts }, after]]),
  )
}

/** A Close. @param reason as bytes, since it may be no text. */
export function close(code: number, reason: Uint8Array | string = ''): FrameParts {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])
  return { opcode: 8, payload }
}

/** Digits at random, that come again behind 4,000 others: a compressor whose window is large enough says so. */
export function farApart(): Buffer {
  const digits = (length: number) => crypto.getRandomValues(Buffer.alloc(length)).toString('hex')
  const again = digits(200)
  return Buffer.from(again + digits(2_000) + again)
}

/** Bytes of every value. */
export function bytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7) & 255))
}

/** Bytes as they stand in an RFC. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex')
}

/** The reserved bit that marks a compressed message (RFC 7692 §6). */
export const RSV1 = 4

/** A message in one frame. */
export function compressed(payload: Uint8Array | string, opcode = 1): FrameParts {
  return { opcode, payload: deflated(payload), reserved: RSV1 }
}
