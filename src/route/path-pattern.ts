/**
 * What a route's `path` matches: literal segments, `:name` for one segment, `*` at the end for the
 * rest. `/chat/*` also matches `/chat`; `/*` matches everything.
 */

type Segment = { readonly literal: string } | { readonly name: string }

/**
 * The parameters of a path that matches: by their names, and `*` for what the end matched, without the
 * slash before it. 'unsafe' if an encoded slash stands in what the pattern names.
 */
export type PathMatch = Readonly<Record<string, string>> | 'unsafe' | undefined

export class PathPattern {
  readonly #segments: readonly Segment[]
  readonly #isPrefix: boolean
  /**
   * Orders patterns, the more exact first: exact paths, then parameters, then the longest prefix. Of
   * two that are as long, the one whose first difference is a literal.
   */
  readonly rank: readonly number[]
  /** The first segment if it is a literal: a path that begins otherwise cannot match. */
  readonly first: string | undefined

  constructor(pattern: string) {
    const parts = pattern.split('/').slice(1)
    this.#isPrefix = parts.at(-1) === '*'
    if (this.#isPrefix) parts.pop()
    this.#segments = parts.map((part) =>
      part.startsWith(':') ? { name: part.slice(1) } : { literal: part },
    )
    const parameters = this.#segments.map((segment) => ('name' in segment ? 1 : 0))
    const kind = this.#isPrefix ? 2 : Math.max(0, ...parameters)
    this.rank = [kind, -this.#segments.length, ...parameters]
    const [first] = this.#segments
    this.first = first !== undefined && 'literal' in first ? first.literal : undefined
  }

  /** @param segments of a path, decoded by `pathSegments`. @returns undefined if it does not match. */
  match(segments: readonly string[]): PathMatch {
    if (segments.length < this.#segments.length) return undefined
    if (segments.length > this.#segments.length && !this.#isPrefix) return undefined
    let parameters: Record<string, string> | undefined
    for (let index = 0; index < this.#segments.length; index++) {
      const segment = this.#segments[index]
      const text = segments[index] ?? ''
      if (segment === undefined) continue
      if ('literal' in segment) {
        if (segment.literal !== text) return undefined
      } else {
        if (text === '') return undefined
        if (slash.test(text)) return 'unsafe'
        parameters ??= {}
        parameters[segment.name] = text
      }
    }
    if (!this.#isPrefix) return parameters ?? none
    parameters ??= {}
    parameters['*'] = segments.slice(this.#segments.length).join('/')
    return parameters
  }
}

const none: Readonly<Record<string, string>> = {}

const slash = /%2f|%5c|\\/i

/**
 * The segments of a request's path, with unreserved characters decoded so that `%61` is `a` here as
 * it is for the server (RFC 3986 §6.2.2.2); everything else stays as sent.
 * @returns undefined for a path with dot segments, plain or behind an encoded slash, or with `%00`, where
 * some stop reading: the server may read it as one of another route.
 */
export function pathSegments(target: string): string[] | undefined {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  if (!doubtful.test(path)) return path.split('/').slice(1)
  if (path.includes('%00')) return undefined
  const decoded = path.includes('%') ? path.replace(/%[0-9A-Fa-f]{2}/g, decodeUnreserved) : path
  const parts = decoded.split('/').slice(1)
  // Slashes in a row count as one, as for nginx: `//chat` is `/chat` to a server that merges them.
  const segments = parts.filter((part, index) => part !== '' || index === parts.length - 1)
  return segments.some((segment) => segment.split(slash).some(isDots)) ? undefined : segments
}

/** What may make a path mean another: nearly none has any of it. */
const doubtful = /[%\\]|\/[./]/

/** Some servers cut a parameter, `..;a=b`, before they read a segment. */
function isDots(text: string): boolean {
  const [name] = text.split(/;|%3b/i, 1)
  return name === '.' || name === '..'
}

function decodeUnreserved(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
  return /[A-Za-z0-9._~-]/.test(character) ? character : escape
}
