/**
 * An HTTP/1.1 response head, understood: status, how long its body is, whether its connection goes on.
 */
import { isKeptAlive, type HttpFields } from './http-fields.ts'
import { HeadError, type RawHead } from './http-head.ts'
import { bodyFraming, type BodyFraming } from './http-body.ts'

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  readonly minor: 0 | 1
  readonly fields: HttpFields
  /** The members of its `Connection` field, lower case. */
  readonly connection: readonly string[]
  readonly body: BodyFraming
  /** Whether the server lets the connection go on after this response. */
  readonly isKeptAlive: boolean
}

/** @param method of the request this answers: a response to HEAD has no body, whatever it says. */
export function readResponseHead(raw: RawHead, method: string): ResponseHead | HeadError {
  const line = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: (.*))?$/.exec(raw.startLine)
  if (line === null) return new HeadError('malformed', 'the status line is not HTTP/1.1')
  const minor = line[1] === '1' ? 1 : 0
  const status = Number(line[2])
  const framing = bodyFraming(raw.fields, minor)
  if (framing instanceof HeadError) return framing
  // RFC 9112 §6.3, in its order.
  const hasNoBody = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const body: BodyFraming = hasNoBody
    ? { kind: 'length', bytes: 0 }
    : (framing ?? { kind: 'until-close' })
  const connection = raw.fields.tokens('connection')
  return {
    status,
    reason: line[3] ?? '',
    minor,
    fields: raw.fields,
    connection,
    body,
    isKeptAlive: body.kind !== 'until-close' && isKeptAlive(connection, minor),
  }
}
