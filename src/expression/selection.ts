/**
 * The names by which an expression takes something from a request: `request.path.room`, `session.id`.
 * Invariant: what a name reads is there before a session is open; there is no body and no message yet.
 */
import type { RequestContext } from '../core/request-context.ts'
import { joinNames, type UrlForm } from './encoding.ts'
import { readCookies } from './cookies.ts'
import { queryOf, readQuery } from './query.ts'

export interface Selection {
  /** Of a URL's parts, which kind this is. */
  readonly form: UrlForm
  /** The path parameter it reads. */
  readonly parameter?: string
  /** @returns empty where the request has nothing of this name. */
  read(context: RequestContext): string
}

/** Finds the candidate that was probably meant. */
export type SuggestName = (name: string, candidates: Iterable<string>) => string | undefined

export type SelectionReading =
  | { readonly value: Selection; readonly problem?: undefined }
  | { readonly problem: string; readonly suggestion?: string | undefined }

/** Names that stand alone. */
const plain = new Map<string, Selection>([
  ['request.path', { form: 'url', read: ({ target }) => pathOf(target) }],
  ['request.path.*', { form: 'url', parameter: '*', read: (context) => parameter(context, '*') }],
  ['request.query', { form: 'query', read: ({ target }) => queryOf(target) }],
  ['request.target', { form: 'url', read: ({ target }) => target }],
  // The listener lets in only what may stand in an authority.
  ['request.host', { form: 'url', read: ({ host }) => host }],
  ['request.hostname', { form: 'url', read: ({ hostname }) => hostname }],
  ['request.address', { form: 'text', read: ({ address }) => address }],
  ['request.scheme', { form: 'text', read: ({ scheme }) => scheme }],
  ['request.method', { form: 'text', read: ({ method }) => method }],
  [
    'request.certificate.subject',
    { form: 'text', read: ({ certificate }) => certificate?.subject ?? '' },
  ],
  [
    'request.certificate.names',
    { form: 'text', read: ({ certificate }) => joinNames(certificate?.alternativeNames ?? []) },
  ],
  ['session.id', { form: 'text', read: ({ session }) => session }],
])

interface Family {
  /** What a name of this family may be. */
  readonly pattern: RegExp
  readonly example: string
  select(name: string): Selection
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Names that take another behind them. */
const families = new Map<string, Family>([
  [
    'request.path.',
    {
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      example: 'room',
      select: (name) => ({
        form: 'url',
        parameter: name,
        read: (context) => parameter(context, name),
      }),
    },
  ],
  [
    'request.query.',
    {
      pattern: /^\S+$/,
      example: 'room',
      select: (name) => ({ form: 'query', read: ({ target }) => queryValue(target, name) }),
    },
  ],
  [
    'request.header.',
    {
      pattern: token,
      example: 'x-room',
      select(name) {
        const key = name.toLowerCase()
        return { form: 'text', read: (context) => context.header(key) ?? '' }
      },
    },
  ],
  [
    'request.cookie.',
    {
      pattern: token,
      example: 'user',
      select: (name) => ({ form: 'text', read: (context) => cookie(context, name) }),
    },
  ],
])

export function readSelection(written: string, suggest: SuggestName): SelectionReading {
  const alone = plain.get(written)
  if (alone !== undefined) return { value: alone }
  const shown = JSON.stringify(written)
  if (written.trim() === '') return { problem: 'has braces without a name in them' }
  if (/^request\.body\b/.test(written))
    return { problem: `${shown} is not there: a handshake has no body` }
  if (/^message\b/.test(written))
    return { problem: `${shown} is not there: before a session is open there is no message` }
  for (const [opening, family] of families) {
    const { pattern, example } = family
    if (`${written}.` === opening)
      return { problem: `${shown} wants a name`, suggestion: `such as ${opening}${example}` }
    if (!written.startsWith(opening)) continue
    const name = written.slice(opening.length)
    if (pattern.test(name)) return { value: family.select(name) }
    return {
      problem: `${shown} has no name that could be meant`,
      suggestion: `write it like ${opening}${example}`,
    }
  }
  return { problem: `unknown name ${shown}`, suggestion: suggestionFor(written, suggest) }
}

function suggestionFor(written: string, suggest: SuggestName): string {
  const known = [...plain.keys()]
  for (const [opening, { example }] of families) {
    known.push(opening.slice(0, -1))
    // `request.headers.x-room`: a slip in the middle is nearest with the same end.
    const end = written.split('.').slice(2).join('.')
    known.push(opening + (end === '' ? example : end))
  }
  const near = suggest(written, known)
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`
  return 'names are such as request.path.room, request.query.room, request.header.x-room, request.cookie.user, request.address, session.id'
}

function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

function parameter({ parameters }: RequestContext, name: string): string {
  return Object.hasOwn(parameters, name) ? (parameters[name] ?? '') : ''
}

/** Of several values the first. */
function queryValue(target: string, name: string): string {
  return readQuery(target).find((item) => item.name === name)?.sent ?? ''
}

/** Of several with this name the first. */
function cookie(context: RequestContext, name: string): string {
  const cookies = readCookies(context.header('cookie') ?? '')
  return cookies.find((each) => each.name === name)?.value ?? ''
}
