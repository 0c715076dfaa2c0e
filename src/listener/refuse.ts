/**
 * A refusal as an HTTP response: a short problem+json (RFC 9457) that says what is wrong.
 *
 * Invariant: a client reads details of its own faults alone. Those of upstreams have addresses, socket paths
 * and hints for who runs the gateway; they stay in the log.
 */
import { errorRow, type ErrorCode } from '../core/errors.ts'
import { encodeHead } from '../wire/http-fields.ts'
import { statusLine } from '../wire/status-line.ts'

export interface RefusalOptions {
  /** What exactly; told where it is the client's own doing. */
  readonly detail: string | undefined
  readonly isKeptAlive: boolean
  readonly isHeadRequest: boolean
  /** The page that asks; undefined: none. */
  readonly origin?: string | undefined
}

/** What Engine.IO calls it, whose servers answer so: clients then connect anew. */
const unknownSid = 1

/** The whole response to a request that is refused for this reason. */
export function encodeRefusal(code: ErrorCode, options: RefusalOptions): Buffer {
  const { side, status = 500, sentence } = errorRow(code)
  const detail = side === 'client' ? options.detail : undefined
  const isEngineIo = code === 'UNKNOWN_SESSION'
  const problem = isEngineIo
    ? { code: unknownSid, message: sentence }
    : { title: sentence, status, code, detail }
  const body = JSON.stringify(problem)
  const head = encodeHead(statusLine(status), [
    { name: 'Content-Type', value: isEngineIo ? 'application/json' : 'application/problem+json' },
    { name: 'Content-Length', value: String(Buffer.byteLength(body)) },
    ...extraFields(code, status),
    ...(isEngineIo ? readableBy(options.origin) : []),
    { name: 'Connection', value: connectionOf(options.isKeptAlive, status) },
  ])
  return options.isHeadRequest ? head : Buffer.concat([head, Buffer.from(body)])
}

/**
 * Any page may read it (WHATWG Fetch §3.3): it says nothing of anybody, and the answers before it, which the
 * server itself has let the page read, looked no different.
 */
function readableBy(origin: string | undefined): { name: string; value: string }[] {
  if (origin === undefined) return []
  return [
    { name: 'Access-Control-Allow-Origin', value: origin },
    { name: 'Access-Control-Allow-Credentials', value: 'true' },
    { name: 'Vary', value: 'Origin' },
  ]
}

/** RFC 9110 §7.8: `Upgrade` is of this connection alone, so it is named. */
function connectionOf(isKeptAlive: boolean, status: number): string {
  return `${isKeptAlive ? 'keep-alive' : 'close'}${status === 426 ? ', upgrade' : ''}`
}

function extraFields(code: ErrorCode, status: number): { name: string; value: string }[] {
  // RFC 6455 §4.4, RFC 9110 §15.5.22: say what is spoken instead.
  if (code === 'WEBSOCKET_VERSION') {
    return [
      { name: 'Sec-WebSocket-Version', value: '13' },
      { name: 'Upgrade', value: 'websocket' },
    ]
  }
  // RFC 9110 §15.5.6: a 405 says what is allowed.
  if (status === 405)
    return [{ name: 'Allow', value: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' }]
  if (code === 'UPGRADE_NOT_POSSIBLE') return [{ name: 'Upgrade', value: 'HTTP/1.1' }]
  return status === 503 || status === 429 ? [{ name: 'Retry-After', value: '1' }] : []
}
