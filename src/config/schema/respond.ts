/**
 * `respond`: an answer that the gateway gives itself, without an upstream.
 * Invariant: the answer is complete and can be written as it stands; its content type is settled
 * here, since afterwards nobody knows whether the body was text or a mapping.
 */
import { z } from 'zod'
import { show, type Reading } from '../reading.ts'
import { count, section, value } from './keys.ts'

const maxBodyBytes = 64 * 1024 // kept in memory for each route; longer pages belong to a server

/** Headers that describe how this one connection carries the answer; the gateway writes them. */
const ownHeaders = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

const headers = z
  .record(
    z.string().superRefine((name, context) => {
      const message = readHeaderName(name).problem
      if (message !== undefined)
        context.addIssue({ code: 'custom', message, params: { isAboutKey: true } })
    }),
    value({ doc: 'The value of one header.', json: { type: 'string' } }, readHeaderValue),
    { error: 'must be a mapping of header names to values' },
  )
  .superRefine((all, context) => {
    const seen = new Set<string>()
    for (const name of Object.keys(all)) {
      const params = { isAboutKey: true }
      const isRepeated = seen.has(name.toLowerCase())
      if (isRepeated)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: 'the header is given twice',
          params,
        })
      seen.add(name.toLowerCase())
    }
  })

export const respondSchema = section({
  status: count({ doc: 'The status of the answer.', fallback: 200, min: 200, max: 599 }),
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

function readHeaderName(name: string): Reading<string> {
  // RFC 9110 §5.6.2: a token.
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name))
    return { problem: 'is not the name of a header' }
  if (ownHeaders.has(name.toLowerCase()))
    return { problem: 'is a header that the gateway writes itself' }
  return { value: name }
}

function readHeaderValue(input: unknown): Reading<string> {
  if (typeof input !== 'string')
    return { problem: `must be text, not ${show(input)}; put it in quotes` }
  // RFC 9110 §5.5: visible ASCII, inner spaces and tabs; a line break would start another header.
  if (/^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(input)) return { value: input }
  return { problem: 'must be ASCII text without line breaks or spaces at its ends' }
}

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
