/**
 * `sticky`: how a request finds the endpoint that an earlier one of the same client went to.
 */
import { z } from 'zod'
import type { Template } from '../../expression/template.ts'
import type { StickyConfig } from '../config.ts'
import { show, type Reading } from '../reading.ts'
import { choice, durationOrOff, value } from './keys.ts'
import { chosen, orOff, section } from './shapes.ts'
import { expression } from './template.ts'

const name = value(
  {
    doc: 'The name of the cookie; with `__Host-` or `__Secure-` in front it is always Secure.',
    json: { type: 'string' },
  },
  readCookieName,
)

const cookie = section(
  {
    name,
    path: value(
      { doc: 'The path below which browsers send it.', json: { type: 'string' } },
      readCookiePath,
    ).prefault('/'),
    'max-age': durationOrOff({
      doc: 'How long browsers keep it; off: until they are closed.',
      min: '1s', // what Max-Age counts in
      max: '400d', // browsers keep none for longer
    }).prefault('off'),
    'same-site': choice({
      doc: 'With requests from which pages browsers send it; none is for pages of other sites, and is always Secure.',
      words: ['lax', 'strict', 'none'],
    }).prefault('lax'),
  },
  { error: 'must be the name of a cookie or a mapping' },
)

/** draft-ietf-httpbis-rfc6265bis §4.1.3.2: browsers take a `__Host-` cookie for no part of a host, in any case of letters. */
const wholeHostCookie = cookie.superRefine(({ name: given, path }, context) => {
  if (!/^__host-/i.test(given) || path === '/') return
  const message = `must be / where the name begins with __Host-, not ${show(path)}`
  const params = { suggestion: 'or begin the name with __Secure-' }
  context.addIssue({ code: 'custom', path: ['path'], message, params })
})

/** Of which nothing but the name is said. */
const plainCookie = cookie.omit({ name: true })

const sameSites = { lax: 'Lax', strict: 'Strict', none: 'None' } as const

const what = 'engine.io or an expression such as $request.cookie.user'

const by = expression({
  doc: 'What requests have in common that go to one endpoint: an expression; or engine.io for Socket.IO.',
  what,
  also: ['engine.io'],
})

export const stickySchema = orOff(
  section(
    {
      cookie: z
        .union([
          name.transform((only) => ({ name: only, ...plainCookie.parse({}) })),
          wholeHostCookie,
        ])
        .optional()
        .describe('A cookie that names the endpoint, set by the gateway.'),
      by: by.optional(),
    },
    {
      error: 'must be off or a mapping: { cookie: NAME }, { by: engine.io } or { by: EXPRESSION }',
    },
  )
    .meta({ oneOf: [{ required: ['cookie'] }, { required: ['by'] }] })
    .transform((all, context): StickyConfig => {
      if (chosen(all, ['cookie', 'by'], context) === undefined) return z.NEVER
      const { cookie: asCookie, by: asTemplate } = all
      if (asCookie !== undefined) return stickyCookie(asCookie)
      return asTemplate === undefined ? z.NEVER : stickyBy(asTemplate)
    }),
)

function stickyBy(by: Template): StickyConfig {
  return by.source === 'engine.io' ? { kind: 'engine.io' } : { kind: 'expression', by }
}

function stickyCookie({
  name: cookieName,
  path,
  'max-age': maxAgeMs,
  'same-site': sameSite,
}: z.output<typeof cookie>): StickyConfig {
  return { kind: 'cookie', name: cookieName, path, maxAgeMs, sameSite: sameSites[sameSite] }
}

/** RFC 6265 §4.1.1: a token. */
function readCookieName(input: unknown): Reading<string> {
  if (typeof input !== 'string')
    return { problem: `must be the name of a cookie, not ${show(input)}`, isOtherKind: true }
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(input)) return { value: input }
  const problem = `must be the name of a cookie: letters, digits, "-" and "_", not ${show(input)}`
  return { problem }
}

/** RFC 6265 §4.1.1: anything but control characters and `;`. */
function readCookiePath(input: unknown): Reading<string> {
  if (typeof input === 'string' && /^\/[\x21-\x3a\x3c-\x7e]{0,1023}$/.test(input))
    return { value: input }
  return { problem: `must be a path such as /chat, not ${show(input)}` }
}
