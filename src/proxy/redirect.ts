/**
 * Where a redirect leads. What a request brings may fill in a path, a query or a name, but never turns
 * the redirect to another server: an open redirect lends this server's good name to anybody's page.
 */
import { GatewayError } from '../core/errors.ts'
import type { Template } from '../expression/template.ts'
import type { RequestFacts } from './request-facts.ts'

/** What the authority of a URL must be: all of `start`, or something between `start` and `end`. */
interface Authority {
  readonly start: string
  readonly end: string
  readonly isConstant: boolean
}

export class Redirect {
  readonly #to: Template
  /** undefined: a path on the same host. */
  readonly #authority: Authority | undefined

  constructor(to: Template) {
    this.#to = to
    this.#authority = authorityOf(to.source)
  }

  /** @throws GatewayError where the request would lead it elsewhere. */
  location(facts: RequestFacts): string {
    const location = this.#to.renderUrl(facts)
    if (location === undefined) throw unsafe()
    // `//evil.example` and `/\evil.example` are hosts to a browser.
    if (this.#authority === undefined) return `/${location.replace(/^[/\\]+/, '')}`
    const [, authority = ''] = /^[^:]*:\/\/([^/?#]*)/.exec(location) ?? []
    if (!isMeant(authority, this.#authority)) throw unsafe()
    return location
  }
}

function unsafe(): GatewayError {
  return new GatewayError('UNSAFE_PATH', 'the request would be redirected to another place')
}

function isMeant(authority: string, { start, end, isConstant }: Authority): boolean {
  // A browser reads `https:///evil.example` as a host.
  if (authority === '') return false
  if (isConstant) return authority === start
  return (
    authority.startsWith(start) &&
    authority.endsWith(end) &&
    authority.length > start.length + end.length &&
    /^[A-Za-z0-9.:[\]_-]+$/.test(authority)
  )
}

/** Places that begin with a slash: the authority ends before them. */
const path = /\$?\{request\.(?:path|target)\}.*$/
const place = /\$?\{[^}]*\}/

/** `https://{request.path.tenant}.example.com/x` → nothing, `.example.com`; undefined for a path. */
function authorityOf(source: string): Authority | undefined {
  const [, all] = /^[a-z][a-z0-9+.-]*:\/\/((?:[^/?#{]|\$?\{[^}]*\})*)/i.exec(source) ?? []
  if (all === undefined) return undefined
  const pieces = all.replace(path, '').split(place)
  const [start = '', ...more] = pieces
  const end = more.at(-1) ?? ''
  // Nothing may lengthen what is written out, nor another place: `https://example.com{request.path.*}`.
  const isOpen = more.length === 1 && (end !== '' || start === '')
  return { start, end, isConstant: !isOpen }
}

/** The same place by https. @throws GatewayError where the request does not say plainly which host it is for. */
export function httpsLocation({ head }: Pick<RequestFacts, 'head'>, port: number): string {
  const [, name] = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$/.exec(head.host) ?? []
  if (name === undefined)
    throw new GatewayError('MALFORMED_REQUEST', 'the request does not say which host it is for')
  const target = head.target === '*' ? '/' : head.target
  return `https://${name}${port === 443 ? '' : `:${port}`}${target}`
}
