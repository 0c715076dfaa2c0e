/**
 * Everything that can go wrong for a client, in one table: whose fault it is, whether another
 * endpoint may be tried, the HTTP status before the upgrade, the close code after it, and a sentence.
 *
 * `docs/errors.md` is printed from this table. Refusals are codes passed as values; a `GatewayError`
 * is thrown for what is unexpected, and becomes a response in `proxy/serve.ts` alone.
 */
import { CloseCode } from './close-codes.ts'

export interface ErrorRow {
  readonly side: 'client' | 'upstream' | 'either' | 'gateway'
  readonly isRetryable: boolean
  /** What a request is answered with; undefined where it is too late for an answer. */
  readonly status?: number
  /** What an open session is closed with. */
  readonly closeCode?: number
  readonly sentence: string
}

const client = (status: number, sentence: string): ErrorRow => ({
  side: 'client',
  isRetryable: false,
  status,
  sentence,
})
/** For what is over before there could be an answer. */
const unanswered = (sentence: string): ErrorRow => ({
  side: 'client',
  isRetryable: false,
  sentence,
})
const upstream = (status: number, sentence: string, isRetryable: boolean): ErrorRow => ({
  side: 'upstream',
  isRetryable,
  status,
  sentence,
})

export const errorTable = {
  MALFORMED_REQUEST: client(400, 'The request is not well-formed HTTP/1.1'),
  MALFORMED_UPGRADE: client(400, 'The request is not a well-formed WebSocket handshake'),
  EARLY_DATA: client(400, 'The client sent data before its handshake was answered'),
  UNSAFE_PATH: client(
    400,
    'The path has dot segments or %00, or could be read as the path of another route',
  ),
  UNKNOWN_SESSION: client(400, 'Session ID unknown'),
  PLAIN_HTTP: client(400, 'This port speaks TLS: use https or wss'),
  ORIGIN_NOT_ALLOWED: client(403, 'The page this request comes from may not connect here'),
  NO_ROUTE: client(404, 'No route matches the host and path of this request'),
  METHOD_NOT_ALLOWED: client(405, 'CONNECT and TRACE are not relayed'),
  REQUEST_TIMEOUT: client(408, 'The request did not arrive in time'),
  TOO_MANY_SESSIONS_OF_CLIENT: client(429, 'The client has as many sessions as it may'),
  MISDIRECTED: client(
    421,
    'This host asks for client certificates otherwise: connect to it by its own name',
  ),
  UPGRADE_NOT_POSSIBLE: client(426, 'Only plain HTTP is spoken here, not WebSocket'),
  WEBSOCKET_VERSION: client(426, 'Only WebSocket version 13 is spoken here'),
  HEAD_TOO_LARGE: client(431, 'The request head is larger than this listener accepts'),
  TRANSFER_CODING: client(501, 'The only transfer coding spoken here is chunked'),
  HTTP_VERSION: client(505, 'Only HTTP/1.1 and HTTP/1.0 are spoken here'),
  PROXY_PROTOCOL: unanswered('The connection does not begin with a proper PROXY protocol header'),
  TLS_HANDSHAKE: unanswered('The TLS handshake failed'),
  CLIENT_GONE: unanswered('The client left before it was answered'),
  UPSTREAM_UNREACHABLE: upstream(502, 'The upstream could not be reached', true),
  UPSTREAM_CERTIFICATE: upstream(502, 'The upstream has no certificate that is believed', true),
  UPSTREAM_RESET: upstream(502, 'The upstream closed the connection before it answered', true),
  UPSTREAM_MALFORMED: upstream(502, 'The upstream answered something that is not HTTP/1.1', true),
  UPSTREAM_BAD_HANDSHAKE: upstream(502, 'The upstream answered an invalid handshake', false),
  UPSTREAM_CONNECT_TIMEOUT: upstream(504, 'The upstream did not accept in time', true),
  UPSTREAM_STALLED: upstream(504, 'The upstream took nothing more of the request', false),
  UPSTREAM_ANSWER_TIMEOUT: upstream(504, 'The upstream did not answer in time', true),
  INTERNAL: {
    side: 'gateway',
    isRetryable: false,
    status: 500,
    closeCode: CloseCode.internalError,
    sentence: 'The gateway made a mistake',
  },
  TOO_MANY_SESSIONS: {
    side: 'gateway',
    isRetryable: false,
    status: 503,
    sentence: 'The route has as many sessions as it may',
  },
  NO_ENDPOINT: {
    side: 'gateway',
    isRetryable: false,
    status: 503,
    closeCode: CloseCode.tryAgainLater,
    sentence: 'No endpoint of the upstream is fit to be used',
  },
  ENDPOINTS_FULL: {
    side: 'gateway',
    isRetryable: false,
    status: 503,
    closeCode: CloseCode.tryAgainLater,
    sentence: 'Every endpoint of the upstream has as many sessions as it may',
  },
  HANDSHAKE_TIMEOUT: {
    side: 'gateway',
    isRetryable: false,
    status: 503,
    sentence: 'The handshake had too little time left to be answered',
  },
  TOO_MANY_HANDSHAKES: {
    side: 'gateway',
    isRetryable: false,
    status: 503,
    sentence: 'The listener has as many handshakes under way as it may',
  },
  TOO_MANY_CONNECTIONS: {
    side: 'gateway',
    isRetryable: false,
    status: 503,
    sentence: 'The gateway has as many connections as it can hold',
  },
  LEAVING: {
    side: 'gateway',
    isRetryable: false,
    status: 503,
    closeCode: CloseCode.serviceRestart,
    sentence: 'The gateway is being restarted',
  },
  ROUTE_REMOVED: {
    side: 'gateway',
    isRetryable: false,
    closeCode: CloseCode.serviceRestart,
    sentence: 'The route of this session is there no more',
  },
  SERVER_LOST: {
    side: 'upstream',
    isRetryable: false,
    closeCode: CloseCode.serviceRestart,
    sentence: 'The server of this session is gone',
  },
  CAUGHT_IN_MESSAGE: {
    side: 'upstream',
    isRetryable: false,
    closeCode: CloseCode.serviceRestart,
    sentence: 'The server was lost in the middle of a message too long to be sent again',
  },
  REDIAL_REFUSED: {
    side: 'upstream',
    isRetryable: false,
    closeCode: CloseCode.refused,
    sentence: 'The server that was to take the session over has refused it',
  },
  PROTOCOL_VIOLATION: {
    side: 'either',
    isRetryable: false,
    closeCode: CloseCode.protocolError,
    sentence: 'A frame violates the WebSocket protocol',
  },
  INVALID_TEXT: {
    side: 'either',
    isRetryable: false,
    closeCode: CloseCode.invalidPayload,
    sentence: 'A text message is not UTF-8',
  },
  INVALID_COMPRESSION: {
    side: 'either',
    isRetryable: false,
    closeCode: CloseCode.invalidPayload,
    sentence: 'A compressed message cannot be inflated',
  },
  COMPRESSION_MEMORY: {
    side: 'gateway',
    isRetryable: false,
    closeCode: CloseCode.tryAgainLater,
    sentence: 'The gateway has no memory left to inflate messages',
  },
  MESSAGE_TOO_BIG: {
    side: 'either',
    isRetryable: false,
    closeCode: CloseCode.messageTooBig,
    sentence: 'A message or frame is larger than the route accepts',
  },
  RATE_EXCEEDED: {
    side: 'client',
    isRetryable: false,
    closeCode: CloseCode.tooManyRequests,
    sentence: 'The client sends more than the route allows',
  },
  SILENT: {
    side: 'either',
    isRetryable: false,
    sentence: 'A side of the session did not answer a ping',
  },
  PEER_VIOLATION: {
    side: 'gateway',
    isRetryable: false,
    closeCode: CloseCode.internalError,
    sentence: 'The other side of the session broke the protocol or a limit',
  },
  IDLE: {
    side: 'gateway',
    isRetryable: false,
    closeCode: CloseCode.goingAway,
    sentence: 'Nothing was sent for longer than the route allows',
  },
  AGE: {
    side: 'gateway',
    isRetryable: false,
    closeCode: CloseCode.goingAway,
    sentence: 'The session is older than the route allows',
  },
  CLOSED_BY_ADMIN: {
    side: 'gateway',
    isRetryable: false,
    // RFC 6455 §7.4.1: the code where no other fits. Clients that take 1001 for a reason to come back do not.
    closeCode: CloseCode.policyViolation,
    sentence: 'An administrator has closed the session',
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable

export function errorRow(code: ErrorCode): ErrorRow {
  return errorTable[code]
}

/** An error with a place in the table. `detail` is for the log, and for the client where its side is at fault. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly hasDetail: boolean

  constructor(code: ErrorCode, detail?: string) {
    super(detail ?? errorTable[code].sentence)
    this.code = code
    this.hasDetail = detail !== undefined
  }
}
