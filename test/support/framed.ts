// What the readers and writers of framed sessions are tried with: payloads that zlib itself compressed.

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { decode, type DecodedFrame } from './frame-oracle.ts'
import { masked } from './frames.ts'

/** A message by itself, as RFC 7692 §7.2.1 has it: without the four bytes that a flush ends with. */
export function deflatedMessage(payload: Uint8Array | string, windowBits = 15): Buffer {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, windowBits }
  const flushed = deflateRawSync(payload, options)
  return flushed.subarray(0, flushed.length - 4)
}

/** What a receiver makes of messages that refer back to each other (§7.2.2); of one, where they do not. */
export function inflatedMessages(...payloads: readonly Uint8Array[]): Buffer {
  const tail = Buffer.from([0, 0, 0xff, 0xff])
  const input = Buffer.concat(payloads.flatMap((payload) => [payload, tail]))
  return inflateRawSync(input, { finishFlush: constants.Z_SYNC_FLUSH })
}

/** Bytes that no compression makes shorter, and always the same. */
export function noise(length: number): Buffer {
  let state = 1
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
      return state >>> 24
    }),
  )
}

export interface WrittenFrame extends Pick<DecodedFrame, 'opcode' | 'isFinal' | 'reserved'> {
  readonly payload: Buffer
}

/** The frames in these bytes, as the oracle reads them. */
export function framesIn(bytes: Buffer): WrittenFrame[] {
  const frames: WrittenFrame[] = []
  for (let rest = bytes; rest.length > 0;) {
    const header = decode(rest)
    if (header === undefined) throw new Error('not a frame')
    const { opcode, isFinal, reserved, key, headerBytes, length } = header
    const sent = rest.subarray(headerBytes, headerBytes + Number(length))
    frames.push({
      opcode,
      isFinal,
      reserved,
      payload: key === undefined ? sent : masked(sent, key),
    })
    rest = rest.subarray(headerBytes + Number(length))
  }
  return frames
}
