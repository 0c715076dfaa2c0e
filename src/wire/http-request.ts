/**
 * An HTTP/1.1 request head, understood: what it asks for, how long its body is, whether its
 * connection goes on, and whether it is a WebSocket handshake.
 *
 * A head that two readers could understand differently is an error here, never repaired.
 */
import { isKeptAlive, type HttpFields } from './http-fields.ts'
import { HeadError, isToken, type RawHead } from './http-head.ts'
import { bodyFraming, type BodyFraming } from './http-body.ts'

export interface RequestHead {
  readonly method: string
  /** Origin form, as sent: path and query; `*` only with OPTIONS. */
  readonly target: string
  /** The target without its query, which may hold secrets: what is logged. */
  readonly path: string
  /** The minor version: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1
  /** The authority the request is for, as sent, port included; empty where HTTP/1.0 leaves it out. */
  readonly host: string
  readonly fields: HttpFields
  /** The members of its `Connection` field, lower case. */
  readonly connection: readonly string[]
  readonly body: BodyFraming
  /** Whether the client wants the connection to go on after this request. */
  readonly isKeptAlive: boolean
  /** Whether the request asks to go on as a WebSocket. */
  readonly isUpgrade: boolean
}

/** Fields that stand alone: a second one is either a mistake or an attempt to be read in two ways. */
const singular = /^(host|origin|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/

const targetPattern = /^[!-~\x80-\xff]+$/
/** Narrower than RFC 3986: a comma makes a list of `X-Forwarded-Host`, and `%61` is `a` to some only. */
const hostPattern = /^(?:(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{0,5})?)?$/

/** Whether this may stand in a `Host` field, port included (RFC 9110 §7.2). Empty is one. */
export function isHost(text: string): boolean {
  return hostPattern.test(text)
}

export function readRequestHead(raw: RawHead): RequestHead | HeadError {
  const [method = '', sent = '', version = '', ...more] = raw.startLine.split(' ')
  if (!isToken(method) || more.length > 0)
    return refuse('the request line is not METHOD TARGET VERSION')
  if (!targetPattern.test(sent) || sent.includes('#'))
    return refuse('the request target has a character that none may have')
  const minor = readMinor(version)
  if (minor instanceof HeadError) return minor
  for (const { key } of raw.fields.list) {
    if (singular.test(key) && raw.fields.count(key) > 1)
      return refuse(`more than one ${key} header`)
  }
  // RFC 9112 §3.2.3: well-formed, and still nothing that is spoken here.
  if (method === 'CONNECT' && isHost(sent)) return new HeadError('method', 'CONNECT is not relayed')
  const place = readTarget(method, sent, raw.fields.get('host'))
  if (place === undefined) return refuse('the request target is neither a path nor a URL')
  if (minor === 1 && raw.fields.count('host') === 0) return refuse('no host header')
  if (!isHost(place.host)) return refuse('the host header is not a host')
  const body = bodyFraming(raw.fields, minor)
  if (body instanceof HeadError) return body

  const connection = raw.fields.tokens('connection')
  return {
    method,
    target: place.target,
    path: withoutQuery(place.target),
    minor,
    host: place.host,
    fields: raw.fields,
    connection,
    body: body ?? { kind: 'length', bytes: 0 },
    isKeptAlive: isKeptAlive(connection, minor),
    isUpgrade:
      minor === 1 &&
      connection.includes('upgrade') &&
      raw.fields.tokens('upgrade').includes('websocket'),
  }
}

function refuse(detail: string): HeadError {
  return new HeadError('malformed', detail)
}

function withoutQuery(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

function readMinor(version: string): 0 | 1 | HeadError {
  if (version === 'HTTP/1.1') return 1
  if (version === 'HTTP/1.0') return 0
  if (/^HTTP\/[0-9]\.[0-9]$/.test(version))
    return new HeadError('version', `the version is ${version}`)
  return refuse('the request line does not end with a version')
}

/** RFC 9112 §3.2: a path, `*`, or a whole URL, whose authority then counts instead of `Host`. */
function readTarget(
  method: string,
  sent: string,
  host = '',
): { target: string; host: string } | undefined {
  if (sent.startsWith('/')) return { target: sent, host }
  if (sent === '*' && method === 'OPTIONS') return { target: sent, host }
  const url = /^(?:https?|wss?):\/\/([^/?]+)(.*)$/i.exec(sent)
  if (url === null) return undefined
  const [, authority = '', rest = ''] = url
  return { target: rest.startsWith('/') ? rest : `/${rest}`, host: authority }
}
