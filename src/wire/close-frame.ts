/**
 * What a Close frame may say (RFC 6455 §5.5.1, §7.4).
 */
import { isUtf8 } from 'node:buffer'
import { mayTravel } from '../core/close-codes.ts'

/** @param payload unmasked. @returns what is wrong with it; undefined if nothing is. */
export function closeFault(payload: Buffer): string | undefined {
  if (payload.length === 0) return undefined
  if (payload.length === 1) return 'a Close frame with half a code'
  if (!mayTravel(payload.readUInt16BE(0)))
    return `a Close frame with code ${payload.readUInt16BE(0)}`
  return payload.length === 2 || isUtf8(payload.subarray(2))
    ? undefined
    : 'a Close frame whose reason is not UTF-8'
}

/** Codes of Closes that do not pass; `all` is every one, also one without code. */
export type WithheldCodes = ReadonlySet<number> | 'all'

/** Shared by all that withhold none. */
export const noCodes: ReadonlySet<number> = new Set()

export function isWithheld(code: number, codes: WithheldCodes): boolean {
  return codes === 'all' || codes.has(code)
}
