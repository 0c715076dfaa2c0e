/**
 * Bare sockets as clients and servers that speak permessage-deflate, where `SLUICE_FRAMING=deflate` has
 * the gateway speak it with both; else they are what they were.
 */
import { constants, deflateRawSync } from 'node:zlib'
import { framing } from './framing.ts'
import { frame, someKey } from './frames.ts'

export const isCompressing = framing === 'deflate'

/** A client's offer, and a server's answer: both may keep their windows. */
export const extensions: Readonly<Record<string, string>> = isCompressing
  ? { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
  : {}

/** What a flush ends with, and messages leave out (RFC 7692 §7.2.1). */
const flushTailBytes = 4

/** A whole message, of this side or that, or a control frame. */
export function encodeMessage(
  opcode: number,
  payload: Uint8Array,
  { isMasked }: { isMasked: boolean },
): Buffer {
  const key = isMasked ? someKey : undefined
  if (!isCompressing || opcode >= 8) return frame({ opcode, payload, key })
  const flushed = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH })
  return frame({ opcode, reserved: 4, payload: flushed.subarray(0, -flushTailBytes), key })
}
