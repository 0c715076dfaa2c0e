/**
 * What a Close says (RFC 6455 §5.5.1), as people write and read it.
 */
import { mayTravel } from '../core/close-codes.ts'
import { maxControlBytes } from '../wire/opcode.ts'
import { readable } from './readable.ts'

export interface Farewell {
  readonly code: number
  readonly reason: string
}

const maxReasonBytes = maxControlBytes - 2

/** @returns what is wrong with closing so, as a sentence. */
export function farewellFault({ code, reason }: Farewell): string | undefined {
  if (!mayTravel(code))
    return `${code} is no code to close with: take 1000, or one of your own from 3000 to 4999`
  return Buffer.byteLength(reason) > maxReasonBytes
    ? `the reason of a Close has at most ${maxReasonBytes} bytes`
    : undefined
}

/** @param farewell without fault. */
export function closePayload({ code, reason }: Farewell): Buffer {
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)])
  payload.writeUInt16BE(code)
  return payload
}

/** `4001 bye`; empty where the payload is. */
export function closeText(payload: Buffer): string {
  if (payload.length === 0) return ''
  return `${payload.readUInt16BE(0)} ${readable(payload.toString('utf8', 2))}`.trimEnd()
}
