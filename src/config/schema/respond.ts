/**
 * `respond`: an answer that the gateway gives itself, without an upstream.
 * Invariant: the answer is complete and can be written as it stands; its content type is settled
 * here, since afterwards nobody knows whether the body was text or a mapping.
 */
import { show, type Reading } from '../reading.ts'
import { headerMap, readHeaderValue, readPlainHeaderName } from './header.ts'
import { count, value } from './keys.ts'
import { section } from './shapes.ts'

const maxBodyBytes = 64 * 1024 // kept in memory for each route; longer pages belong to a server

const headers = headerMap(
  readPlainHeaderName,
  value({ doc: 'The value of one header.', json: { type: ['string', 'number'] } }, readHeaderValue),
  'must be a mapping of header names to values',
)

export const respondSchema = section({
  status: count({ doc: 'The status of the answer.', min: 200, max: 599 }).prefault(200),
  headers: headers.prefault({}).describe('The headers of the answer, written as they are here.'),
  body: value(
    { doc: 'The body: text, or a mapping or list that is sent as JSON.' },
    readBody,
  ).prefault(''),
}).transform(({ status, headers, body }, context) => {
  // RFC 9110 §15.3.5 and §15.4.5: these two never have content.
  if ((status === 204 || status === 304) && body.text !== '') {
    context.addIssue({
      code: 'custom',
      path: ['body'],
      message: `an answer with status ${status} has no body`,
    })
  }
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
  const withType = hasType || body.text === '' ? headers : { 'content-type': body.type, ...headers }
  return { status, headers: withType, body: body.text }
})

function readBody(input: unknown): Reading<{ text: string; type: string }> {
  const isText = typeof input === 'string'
  if (!isText && (typeof input !== 'object' || input === null)) {
    return { problem: `must be text, a mapping or a list, not ${show(input)}; put it in quotes` }
  }
  const text = isText ? input : JSON.stringify(input)
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBodyBytes)
    return { problem: `must have at most ${maxBodyBytes} bytes, not ${bytes}` }
  return { value: { text, type: isText ? 'text/plain; charset=utf-8' : 'application/json' } }
}
