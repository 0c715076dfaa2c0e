/**
 * `origins`: whose pages may open a session.
 * Invariant: an origin leaves here exactly as a browser sends it, so that comparing is comparing bytes.
 */
import { z } from 'zod'
import { meant, show, type Reading } from '../reading.ts'
import { value } from './keys.ts'
import { readHost } from './match.ts'
import { filledList } from './shapes.ts'

const origin = value(
  { doc: 'An origin, as browsers send it.', json: { type: 'string' } },
  readOrigin,
)

export const originsSchema = z.union([
  value(
    {
      doc: 'own: with a credential only pages of the host that is asked for; "*": every page.',
      json: { enum: ['own', '*'] },
    },
    readWord,
  ),
  filledList(origin, {
    error: 'must be a list of origins, or "*"',
    empty: 'must not be empty; "*" lets every origin in',
  }),
])

function readWord(input: unknown): Reading<'any' | 'own'> {
  if (input === '*') return { value: 'any' }
  if (input === 'own') return { value: 'own' }
  if (typeof input !== 'string') return { problem: 'must be "*"', isOtherKind: true }
  return {
    problem: `must be a list of origins, or "*", not ${show(input)}`,
    suggestion: `write [${show(input)}]`,
  }
}

/** `https://app.example.com` or `http://localhost:3000`, as a browser sends it in `Origin`. */
function readOrigin(input: unknown): Reading<string> {
  const example = 'an origin such as https://app.example.com'
  if (typeof input !== 'string') return { problem: `must be ${example}, not ${show(input)}` }
  // RFC 6454 §7.1: `null` is what any sandboxed page and local file sends, so it names nobody.
  if (input === 'null') return { problem: '"null" is no origin: any sandboxed page sends it' }
  if (input === '*')
    return { problem: '"*" stands alone and means any origin', suggestion: 'write origins: "*"' }
  const match = /^([a-z][a-z0-9+.-]*:\/\/[^/?#@\s*\\]+)(.*)$/i.exec(input)
  const url = match?.[1] !== undefined && URL.canParse(match[1]) ? new URL(match[1]) : undefined
  if (url === undefined || url.host === '') {
    const isBare = readHost(input).problem === undefined && !input.startsWith('*')
    return {
      problem: `must be ${example}, not ${show(input)}`,
      suggestion: isBare ? meant(`https://${input}`) : undefined,
    }
  }
  const origin = `${url.protocol}//${url.host}`
  if (match?.[2] === '' && origin === input.toLowerCase()) return { value: origin }
  const reason =
    match?.[2] === ''
      ? 'is not how a browser writes it'
      : 'has more than a scheme, a host and a port'
  return { problem: `${show(input)} ${reason}`, suggestion: meant(origin) }
}
