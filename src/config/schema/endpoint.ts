/**
 * An endpoint's URL: `ws://host:port/base` or `http://host:port/base`.
 * Invariant: what is accepted is one unmistakable address; whatever a URL can say beyond that
 * (user, query, fragment, dot segments) is refused rather than dropped.
 */
import { meant, show, type Reading } from '../reading.ts'

/** One address of an upstream, taken apart. */
export interface Endpoint {
  /** The URL in its normal form: lower-case host, no default port, no slash at the end. */
  readonly url: string
  readonly scheme: 'ws' | 'http'
  /** A name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
  /** What request paths are put behind: `''` or `/base`. */
  readonly path: string
}

/** Whether a route that says this means an endpoint rather than the name of an upstream. */
export function isUrl(text: string): boolean {
  return text.includes('://')
}

export function readEndpoint(input: unknown): Reading<Endpoint> {
  if (typeof input !== 'string') {
    return {
      problem: `must be a URL such as ws://localhost:9000, not ${show(input)}`,
      isOtherKind: true,
    }
  }
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#\\]*)([^?#]*)(.*)$/s.exec(input)
  if (match === null) return notUrl(input)
  const [, written = '', authority = '', path = '', rest = ''] = match
  const scheme = written.toLowerCase()
  if (scheme !== 'ws' && scheme !== 'http') return wrongScheme(scheme, input)
  // None of these is quoted: a password or a token must not reach a log.
  if (authority.includes('@'))
    return { problem: 'an endpoint URL cannot carry a user name or password' }
  if (rest.startsWith('?')) return { problem: 'an endpoint URL cannot carry a query' }
  if (rest.startsWith('#')) return { problem: 'an endpoint URL cannot carry a fragment' }
  return readPlace(scheme, authority, path)
}

function readPlace(scheme: 'ws' | 'http', authority: string, written: string): Reading<Endpoint> {
  const base = URL.canParse(`${scheme}://${authority}`)
    ? new URL(`${scheme}://${authority}`)
    : undefined
  // URL parsers repair much; a host that is not said plainly is refused instead.
  if (base === undefined || !/^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]%]+)(:[0-9]+)?$/.test(authority)) {
    return { problem: `${show(authority)} is not a host and port` }
  }
  const port = base.port === '' ? 80 : Number(base.port)
  if (port === 0) return { problem: 'an endpoint cannot have port 0' }
  const path = written.replace(/\/+$/, '')
  if (
    /\/\.{1,2}(\/|$)|\/\/|[^\x21-\x7e]|[\\"<>^`{|}]/.test(path) ||
    /%(?![0-9A-Fa-f]{2})|%2[EF]/i.test(path)
  ) {
    return { problem: `${show(path)} is not a plain path of segments and single slashes` }
  }
  const host = base.hostname.replace(/^\[|\]$/g, '')
  return { value: { url: `${scheme}://${base.host}${path}`, scheme, host, port, path } }
}

function notUrl(text: string): Reading<Endpoint> {
  const isBare = /^[\w.-]+(:\d+)?(\/.*)?$/.test(text)
  return {
    problem: `must be a URL such as ws://localhost:9000${text.includes('@') ? '' : `, not ${show(text)}`}`,
    suggestion: isBare ? meant(`ws://${text}`) : undefined,
  }
}

function wrongScheme(scheme: string, url: string): Reading<Endpoint> {
  if (scheme !== 'wss' && scheme !== 'https') {
    return { problem: `unknown scheme ${show(scheme)} of an endpoint; the schemes are ws and http` }
  }
  const plain = scheme === 'wss' ? 'ws' : 'http'
  return {
    problem: `${scheme} is not supported: TLS towards upstreams is not available yet`,
    suggestion: url.includes('@')
      ? undefined
      : `without TLS it is ${show(url.replace(/^[^:]+/, plain))}`,
  }
}
