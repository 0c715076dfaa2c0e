/**
 * What went wrong on a connection, as a clause for people: `connection refused`.
 */
import { errorRow, GatewayError } from '../core/errors.ts'

/** By the codes of the system, which stand in `code`, or at the end of a sentence made of it. */
const clauses = new Map(
  Object.entries({
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset',
    ECONNABORTED: 'connection aborted',
    EPIPE: 'connection reset',
    ETIMEDOUT: 'no connection in time',
    EHOSTUNREACH: 'no way to the host',
    ENETUNREACH: 'no way to its network',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'its name cannot be resolved at the moment',
    ENOENT: 'no such socket',
    EACCES: 'no permission to connect',
  }),
)

/** @returns the error itself where it is about the gateway and not about the endpoint. */
export function faultOf(error: unknown): Error {
  if (error instanceof GatewayError && errorRow(error.code).side === 'gateway') return error
  return new Error(clauseOf(error), { cause: error })
}

function clauseOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message } = error
  const code = error instanceof GatewayError ? error.code : 'code' in error ? error.code : ''
  const known = clauses.get(String(code)) ?? clauses.get(/\w+$/.exec(message)?.[0] ?? '')
  if (known !== undefined) return known
  switch (code) {
    case 'UPSTREAM_MALFORMED':
      return `its answer is not HTTP/1.1: ${message}`
    case 'UPSTREAM_RESET':
      return 'it closed the connection before its answer was complete'
    case 'UPSTREAM_CONNECT_TIMEOUT':
      return 'no connection in time'
    default:
      return message
  }
}
