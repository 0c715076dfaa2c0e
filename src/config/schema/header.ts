/**
 * Names and values of headers, as a configuration may give them.
 * Invariant: neither can end a header line or start another, and none is one that frames a message or
 * that the gateway answers for itself.
 */
import { z } from 'zod'
import { isOwnHeader } from '../../wire/own-headers.ts'
import { show, type Reading } from '../reading.ts'

/** RFC 9110 §5.6.2: a token. */
export function readHeaderName(name: unknown): Reading<string> {
  if (typeof name === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name))
    return { value: name }
  return { problem: 'is not the name of a header' }
}

/** A name that is not one of those which describe a connection or a message on it. */
export function readPlainHeaderName(name: unknown): Reading<string> {
  const reading = readHeaderName(name)
  if (reading.problem !== undefined) return reading
  const key = reading.value.toLowerCase()
  if (!isOwnHeader(key) && key !== 'date') return reading
  const suggestion = key === 'sec-websocket-extensions' ? 'see compression' : undefined
  return { problem: 'is a header that the gateway writes itself', suggestion }
}

/** RFC 9110 §5.5: visible ASCII, inner spaces and tabs; a line break would start another header. */
export function readHeaderValue(input: unknown): Reading<string> {
  const text = readText(input)
  if (text.problem !== undefined) return text
  if (/^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(text.value)) return text
  return { problem: 'must be ASCII text without line breaks or spaces at its ends' }
}

/** Text, or a number that has one spelling: `x-version: 2` is no riddle. */
export function readText(input: unknown): Reading<string> {
  if (typeof input === 'string') return { value: input }
  if (typeof input === 'number') return { value: String(input) }
  const brace = bracedName(input)
  const quoted = brace === undefined ? 'put it in quotes' : `put it in quotes: "${brace}"`
  const isQuotable = brace !== undefined || typeof input === 'boolean'
  return {
    problem: `must be text, not ${show(input)}`,
    suggestion: isQuotable ? quoted : undefined,
    isOtherKind: true,
  }
}

/** What YAML made a mapping of: `{request.path.room}` without quotes. */
export function bracedName(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined
  const [[key, inner] = [], ...more] = Object.entries(input)
  return key !== undefined && inner === null && more.length === 0 ? `{${key}}` : undefined
}

/** A mapping of names to values, no name twice in another case. */
export function headerMap<V extends z.ZodType>(
  readName: (name: string) => Reading<string>,
  inner: V,
  error: string,
) {
  const name = z.string().superRefine((written, context) => {
    const reading = readName(written)
    if (reading.problem === undefined) return
    const { problem: message, suggestion } = reading
    context.addIssue({ code: 'custom', message, params: { suggestion, isAboutKey: true } })
  })
  return z.record(name, inner, { error }).superRefine((all, context) => {
    const seen = new Set<string>()
    for (const each of Object.keys(all)) {
      const isRepeated = seen.has(each.toLowerCase())
      seen.add(each.toLowerCase())
      if (!isRepeated) continue
      const message = 'the header is given twice'
      context.addIssue({ code: 'custom', path: [each], message, params: { isAboutKey: true } })
    }
  })
}
