/**
 * An endpoint's URL: `ws://host:port/base`, `https://host`, `ws+unix:/run/chat.sock:/base`.
 * Invariant: what is accepted is one unmistakable address; whatever a URL can say beyond that
 * (user, query, fragment, dot segments) is refused rather than dropped.
 */
import { resolve } from 'node:path'
import type { EndpointConfig } from '../config.ts'
import { meant, show, type Reading } from '../reading.ts'
import { readFilePath } from './keys.ts'

/** Whether a route that says this means an endpoint rather than the name of an upstream. */
export function isUrl(text: string): boolean {
  return text.includes('://') || /^[a-z]+\+unix:/i.test(text)
}

interface Scheme {
  readonly family: 'ws' | 'http'
  readonly isTls: boolean
  readonly isUnix: boolean
}

const schemes = new Map<string, Scheme>([
  ['ws', { family: 'ws', isTls: false, isUnix: false }],
  ['wss', { family: 'ws', isTls: true, isUnix: false }],
  ['http', { family: 'http', isTls: false, isUnix: false }],
  ['https', { family: 'http', isTls: true, isUnix: false }],
  ['ws+unix', { family: 'ws', isTls: false, isUnix: true }],
  ['http+unix', { family: 'http', isTls: false, isUnix: true }],
])

/** Where an endpoint is, without what is said of it beside its URL. */
type Address = Omit<EndpointConfig, 'weight' | 'isBackup' | 'sessions'>

/** An endpoint of which nothing is said beside its URL. */
export function readEndpoint(input: unknown): Reading<EndpointConfig> {
  const address = readAddress(input)
  if (address.problem !== undefined) return address
  return { value: { ...address.value, weight: 1, isBackup: false, sessions: undefined } }
}

/** @param folder what the path of a Unix socket starts from, if it is relative; absolute. */
export function inFolder(endpoint: EndpointConfig, folder: string): EndpointConfig {
  const { unix, scheme, path } = endpoint
  if (unix === undefined) return endpoint
  return { ...endpoint, ...socketAddress(scheme, resolve(folder, unix), path) }
}

function readAddress(input: unknown): Reading<Address> {
  if (typeof input !== 'string') {
    return {
      problem: `must be a URL such as ws://localhost:9000, not ${show(input)}`,
      isOtherKind: true,
    }
  }
  const name = /^([a-z][a-z0-9+.-]*):/i.exec(input)?.[1]?.toLowerCase() ?? ''
  const scheme = schemes.get(name)
  if (scheme?.isUnix === true) return readSocket(scheme, input.slice(name.length + 1))
  const match = /^[^:/]+:\/\/([^/?#\\]*)([^?#]*)(.*)$/s.exec(input)
  if (match === null || name === '') return notUrl(input)
  if (scheme === undefined) {
    const known = [...schemes.keys()].join(', ')
    return { problem: `unknown scheme ${show(name)} of an endpoint; the schemes are ${known}` }
  }
  const [, authority = '', path = '', rest = ''] = match
  // None of these is quoted: a password or a token must not reach a log.
  if (authority.includes('@'))
    return { problem: 'an endpoint URL cannot carry a user name or password' }
  if (rest.startsWith('?')) return { problem: 'an endpoint URL cannot carry a query' }
  if (rest.startsWith('#')) return { problem: 'an endpoint URL cannot carry a fragment' }
  return readServer(scheme, authority, path)
}

function readServer(
  { family, isTls }: Scheme,
  authority: string,
  written: string,
): Reading<Address> {
  const scheme = isTls ? `${family}s` : family
  const base = URL.canParse(`${scheme}://${authority}`)
    ? new URL(`${scheme}://${authority}`)
    : undefined
  // URL parsers repair much; a host that is not said plainly is refused instead.
  if (base === undefined || !/^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]%]+)(:[0-9]+)?$/.test(authority)) {
    return { problem: `${show(authority)} is not a host and port` }
  }
  const port = base.port === '' ? (isTls ? 443 : 80) : Number(base.port)
  if (port === 0) return { problem: 'an endpoint cannot have port 0' }
  const path = readBase(written)
  if (path.problem !== undefined) return path
  const host = base.hostname.replace(/^\[|\]$/g, '')
  return {
    value: {
      url: `${scheme}://${base.host}${path.value}`,
      scheme: family,
      isTls,
      host,
      port,
      unix: undefined,
      path: path.value,
      authority: base.host,
      serverName: undefined,
    },
  }
}

/** `/run/chat.sock` or `/run/chat.sock:/base`, as npm's ws writes it. */
function readSocket({ family }: Scheme, rest: string): Reading<Address> {
  const example = `${family}+unix:/run/chat.sock`
  const [written = '', base = '', more] = rest.replace(/^\/\/(?=\/)/, '').split(':')
  if (written.startsWith('//')) {
    const suggestion = meant(`${family}+unix:${written.slice(1)}`)
    return { problem: `must be a URL such as ${example}, without a host`, suggestion }
  }
  const unix = readFilePath(written)
  if (unix.problem !== undefined || more !== undefined || /[?#]/.test(rest)) {
    return { problem: `must be a URL such as ${example} or ${example}:/base, not ${show(rest)}` }
  }
  if (base !== '' && !base.startsWith('/'))
    return { problem: `the path behind ${show(written)} must start with "/", not ${show(base)}` }
  const path = readBase(base)
  if (path.problem !== undefined) return path
  return { value: socketAddress(family, unix.value, path.value) }
}

function socketAddress(scheme: Address['scheme'], unix: string, path: string): Address {
  return {
    url: `${scheme}+unix:${unix}${path === '' ? '' : `:${path}`}`,
    scheme,
    isTls: false,
    host: 'localhost',
    port: 80,
    unix,
    path,
    authority: 'localhost',
    serverName: undefined,
  }
}

/** What request paths are put behind, without a slash at the end. */
export function readBase(written: string): Reading<string> {
  const path = written.replace(/\/+$/, '')
  const isPlain =
    !/\/\.{1,2}(\/|$)|\/\/|[^\x21-\x7e]|[\\"<>^`{|}]/.test(path) &&
    !/%(?![0-9A-Fa-f]{2})|%2[EF]/i.test(path)
  if (isPlain) return { value: path }
  return { problem: `${show(path)} is not a plain path of segments and single slashes` }
}

function notUrl(text: string): Reading<Address> {
  const isBare = /^[\w.-]+(:\d+)?(\/.*)?$/.test(text)
  const isPath = /^\.{0,2}\//.test(text)
  const suggestion = isPath ? `ws+unix:${text}` : isBare ? `ws://${text}` : undefined
  return {
    problem: `must be a URL such as ws://localhost:9000${text.includes('@') ? '' : `, not ${show(text)}`}`,
    suggestion: suggestion && meant(suggestion),
  }
}
