/**
 * What a route matches by: hosts and a path pattern.
 * Invariant: what is accepted compares byte by byte with a normalised request, so hosts leave here in
 * lower case and path patterns hold no character that a request could spell in two ways.
 */
import { isIP } from 'node:net'
import { meant, show, type Reading } from '../reading.ts'

const maxPathCharacters = 1_024 // longer than any path a person writes, and shorter than a request head

/** A host name, an IP address, or `*.example.com` for every name below. */
export function readHost(input: unknown): Reading<string> {
  if (typeof input !== 'string')
    return { problem: `must be a host name, not ${show(input)}`, isOtherKind: true }
  const host = input.toLowerCase()
  const name = host.startsWith('*.') ? host.slice(2) : host
  const isName =
    name.length <= 253 && /^(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*$/.test(name)
  if (isName) return { value: host }
  const literal = /^\[(.+)\]$/.exec(host)?.[1] ?? ''
  if (isIP(literal) === 6 && URL.canParse(`http://${host}`))
    return { value: new URL(`http://${host}`).hostname }
  return {
    problem: `must be a host name such as "example.com" or "*.example.com", not ${show(input)}`,
    suggestion: host === '*' ? 'leave the key out for any host' : plainHost(host),
  }
}

/** What was meant by a URL, a host with a port, or a name that is not ASCII. */
function plainHost(text: string): string | undefined {
  const rest = text.replace(/^[a-z]+:\/\//, '').replace(/^\*\./, '')
  if (!URL.canParse(`http://${rest}`)) return undefined
  const { hostname } = new URL(`http://${rest}`)
  const isHost = hostname !== text && readHost(hostname).problem === undefined
  return isHost ? meant(text.startsWith('*.') ? `*.${hostname}` : hostname) : undefined
}

/** `/chat`, `/chat/:room` (one segment, any text) or `/chat/*` (`/chat` and everything below). */
export function readPath(input: unknown): Reading<string> {
  if (typeof input !== 'string')
    return { problem: `must be a path such as /chat/*, not ${show(input)}` }
  if (input === '/') return { value: input }
  if (!input.startsWith('/')) {
    const suggestion = /^[\w.~:-]/.test(input) ? meant(`/${input}`) : undefined
    return { problem: `must start with "/", not ${show(input)}`, suggestion }
  }
  if (input.length > maxPathCharacters)
    return { problem: `must have at most ${maxPathCharacters} characters` }
  const segments = input.slice(1).split('/')
  const names = new Set<string>()
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1
    const wrong = readSegment(segment, { isLast, pattern: input }) ?? sameTwice(segment, names)
    if (wrong !== undefined) return wrong
  }
  return { value: input }
}

function readSegment(
  segment: string,
  { isLast, pattern }: { readonly isLast: boolean; readonly pattern: string },
): Reading<never> | undefined {
  if (segment === '') {
    const trimmed = pattern.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '') || '/'
    const below = isLast ? ` or, with everything below, "${trimmed}/*"` : ''
    return {
      problem: `${show(pattern)} has an empty segment`,
      suggestion: `write ${show(trimmed)}${below}`,
    }
  }
  if (segment === '.' || segment === '..') {
    return { problem: `${show(pattern)} has a dot segment; no request that has one is let in` }
  }
  if (segment === '*')
    return isLast ? undefined : { problem: `"*" may only be the last segment of a path` }
  if (/^(?::[A-Za-z_][A-Za-z0-9_]*|[A-Za-z0-9._~-]+)$/.test(segment)) return undefined
  const suggestion = /^\{\w+\}$/.test(segment) ? meant(`:${segment.slice(1, -1)}`) : undefined
  return {
    problem: `${show(segment)} is not a segment of a path: letters, digits, "-._~", or :name, or "*" at the end`,
    suggestion,
  }
}

function sameTwice(segment: string, names: Set<string>): Reading<never> | undefined {
  if (!segment.startsWith(':')) return undefined
  if (names.has(segment)) return { problem: `the parameter ${segment} occurs twice in one path` }
  names.add(segment)
  return undefined
}
