/**
 * A value of a configuration as a line of a log tells it.
 * Invariant: no text that came from a variable or a file, no value of a header, cookie or query, no user of a
 * URL and no secret is told; and whatever is told is short, on one line, of characters that do nothing.
 */
import type { Path } from './issue.ts'
import { isMapping } from './mapping.ts'
import { formatPlace } from './written.ts'

const maxCharacters = 80 // two of them, and what they are of, make a line

/** A value, and where it stands, in one of two files. */
export interface Told {
  readonly value: unknown
  /** As `WrittenConfig` has it: `routes`, the name of the route, keys. */
  readonly place: Path
  /** As `place`, of the defaults of its kind; undefined where there are none. */
  readonly defaultPlace: Path | undefined
  readonly references: ReadonlySet<string>
}

/** @returns undefined for what is not to be told, in whole or in part. */
export function textOf(told: Told): string | undefined {
  const text = wholeText(told)
  if (text === undefined || text.length <= maxCharacters) return text
  return `${text.slice(0, maxCharacters).trimEnd()}…`
}

export function below<T extends Told>(holder: T, key: string | number, value: unknown): T {
  const { place, defaultPlace } = holder
  return {
    ...holder,
    value,
    place: [...place, key],
    defaultPlace: defaultPlace && [...defaultPlace, key],
  }
}

function wholeText(told: Told): string | undefined {
  const { value } = told
  if (isUntold(told)) return undefined
  if (Array.isArray(value)) {
    const items = value.map((item, index) => wholeText(below(told, index, item)))
    return items.includes(undefined) ? undefined : `[${items.join(', ')}]`
  }
  if (!isMapping(value)) return scalarText(value)
  const keys = Object.entries(value).map(([key, item]) => {
    const text = wholeText(below(told, key, item))
    return text === undefined ? undefined : `${scalarText(key)}: ${text}`
  })
  return keys.includes(undefined) ? undefined : `{ ${keys.join(', ')} }`
}

function isUntold({ place, defaultPlace, references }: Told): boolean {
  if (isSecret(place)) return true
  if (references.size === 0) return false
  const isReferred = (path: Path) =>
    path.some((_, index) => references.has(formatPlace(path.slice(0, index + 1))))
  return isReferred(place) || (defaultPlace !== undefined && isReferred(defaultPlace))
}

/** What holds credentials, whoever wrote it where. */
function isSecret(place: Path): boolean {
  const [part, second] = place
  if (part === 'secret' || (part === 'admin' && second === 'token')) return true
  if (part !== 'routes') return false
  const [, , key, kind, name] = place
  // `forward.headers.set.NAME`, `respond.headers.NAME`; `match.cookie.NAME`
  if (key === 'match') return kind !== 'subprotocol' && name !== undefined
  const headers = place.indexOf('headers', 2)
  const [first, ...more] = headers === -1 ? [] : place.slice(headers + 1)
  return first === 'set' ? more.length > 0 : first !== undefined && key === 'respond'
}

/** Plain where it cannot be taken for anything else, and otherwise in quotes. */
function scalarText(value: unknown): string {
  const text = typeof value === 'string' ? withoutCredentials(value) : String(value)
  // Behind its bound nothing is looked at: a body may have 64 KB.
  const start = text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text
  if (/^[\x21\x23-\x26\x28-\x2b\x2d-\x5a\x5c\x5e-\x7e…]+$/.test(start)) return start
  return JSON.stringify(start).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escaped)
}

/** What JSON leaves as it is, and a terminal may take for an order. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** Of a URL or a path without what a log never has: a user, a query. */
function withoutCredentials(text: string): string {
  if (!/^(?:[a-z][a-z0-9+.-]*:\/|\/|\$?\{?request\.)/i.test(text)) return text
  return text.replace(/^([^/]*\/\/)[^/?#]*@/, '$1…@').replace(/\?.*$/s, '?…')
}
