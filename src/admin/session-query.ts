/**
 * The queries about sessions: which to list, how to close one, and where to move it.
 */
import { mayTravel } from '../core/close-codes.ts'
import type { CloseWords } from '../proxy/session-end.ts'
import type { SessionQuery } from '../proxy/session-list.ts'
import { parameterFault, readWhole } from './parameters.ts'
import { readUrl } from './upstream-query.ts'

/** Sessions on a page unless told otherwise, and at most: some 400 KB of JSON. */
const usualLimit = 100
const maxLimit = 1_000
/** RFC 6455 §5.5: 125 bytes of a control frame, less two for the code. */
const maxReasonBytes = 123
/** What the gateway itself never says of a session that an administrator closes: faults of the protocol. */
const faults = new Set([1002, 1003, 1007, 1009, 1010, 1014])

/** @returns what is wrong, as a sentence. */
export function readSessionQuery(query: URLSearchParams): SessionQuery | string {
  const fault = parameterFault(query, ['route', 'address', 'limit', 'after'])
  if (fault !== undefined) return fault
  const limit = readWhole(query.get('limit') ?? String(usualLimit))
  if (limit === undefined || limit < 1 || limit > maxLimit)
    return `limit is a number from 1 to ${maxLimit}`
  const after = readWhole(query.get('after') ?? '0')
  if (after === undefined) return 'after is the "next" of the page before'
  return {
    route: query.get('route') ?? undefined,
    address: query.get('address') ?? undefined,
    limit,
    after,
  }
}

/** @returns what is wrong, as a sentence. */
export function readCloseWords(query: URLSearchParams): CloseWords | string {
  const fault = parameterFault(query, ['code', 'reason'])
  if (fault !== undefined) return fault
  const text = query.get('code')
  const code = text === null ? undefined : readWhole(text)
  if (text !== null && (code === undefined || !mayTravel(code) || faults.has(code)))
    return 'code is 1000, 1001, 1008, 1011, 1012, 1013 or from 3000 to 4999'
  const reason = query.get('reason') ?? undefined
  if (reason !== undefined && Buffer.byteLength(reason) > maxReasonBytes)
    return `reason has at most ${maxReasonBytes} bytes of UTF-8`
  return { code, reason }
}

/** `to`, the URL of an endpoint, or nothing. @returns what is wrong, as a sentence. */
export function readMove(query: URLSearchParams): { readonly to: string | undefined } | string {
  const fault = parameterFault(query, ['to'])
  if (fault !== undefined) return fault
  if (!query.has('to')) return { to: undefined }
  const endpoint = readUrl(query, 'to')
  return typeof endpoint === 'string' ? endpoint : { to: endpoint.url }
}
