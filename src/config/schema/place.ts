/**
 * Where something listens: an address and a port, or a Unix socket.
 * Invariant: an address is an IP address or localhost, so that binding it never waits for DNS.
 */
import { isIP } from 'node:net'
import { show, withMissingSpace, type Reading } from '../reading.ts'
import { filePath, readFilePath, readWhole, value, wholeJson } from './keys.ts'

/** As written in a short form. */
export interface Place {
  readonly address?: string
  readonly port?: number
  readonly unix?: string
}

const ports = { min: 0, max: 65_535 }

export const port = value(
  { doc: 'The TCP port; 0 takes any free one.', json: wholeJson(ports) },
  (input) => readWhole(input, ports),
)

export const unix = filePath({ doc: 'The path of a Unix socket, instead of a port.' })

/** @param forAll what to do for every address of the machine, where one may ask for it. */
export function address(doc: string, forAll?: string) {
  return value({ doc, json: { type: 'string' } }, (input) => readAddress(input, forAll))
}

/** `8080`, `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/sluice.sock`. */
export function readPlace(input: unknown): Reading<Place> {
  if (typeof input === 'number') return at(undefined, input)
  if (typeof input !== 'string')
    return { problem: 'must be a port or "address:port"', isOtherKind: true }
  if (/^\d+$/.test(input)) return at(undefined, input)
  if (input.startsWith('unix:')) {
    const path = readFilePath(input.slice('unix:'.length).replace(/^\/\/(?=\/)/, ''))
    return path.problem === undefined ? { value: { unix: path.value } } : path
  }
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d+)$/.exec(input)
  const reading = readAddress(match?.[1] ?? match?.[2])
  if (match !== null && reading.problem === undefined) return at(reading.value, match[3])
  const problem = `must be a port or "address:port" such as "127.0.0.1:8080" or "[::1]:8080", not ${show(input)}`
  const spaced = withMissingSpace(input)
  if (spaced !== undefined) return { problem, suggestion: `a space is missing: ${spaced}` }
  const isName = match !== null && /[a-z]/i.test(match[2] ?? '')
  return { problem, ...(isName && { suggestion: 'names are matched by the host of a route' }) }
}

function at(address: string | undefined, input: unknown): Reading<Place> {
  const reading = readWhole(input, ports)
  if (reading.problem !== undefined) return { problem: reading.problem }
  return { value: { ...(address !== undefined && { address }), port: reading.value } }
}

function readAddress(input: unknown, forAll?: string): Reading<string> {
  const text = typeof input === 'string' ? input.toLowerCase() : ''
  if (text === 'localhost') return { value: text }
  const normal = normalAddress(text)
  if (normal !== undefined) return { value: normal }
  const suggestion = text === '*' || text === '' ? forAll : undefined
  return { problem: `must be an IP address or localhost, not ${show(input)}`, suggestion }
}

/** The one way in which an address is spelt here; undefined for what is none. */
export function normalAddress(text: string): string | undefined {
  if (isIP(text) === 4) return text
  const url = `http://[${text}]`
  // URLs know fewer spellings: not that of 0::0:0:0:0.0.0.0, which nobody writes.
  if (isIP(text) !== 6 || !URL.canParse(url)) return undefined
  return new URL(url).hostname.slice(1, -1)
}
