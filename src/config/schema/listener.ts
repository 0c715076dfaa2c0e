/**
 * `listeners`: the ports that accept clients, each a port, "address:port" or a mapping.
 * Invariant: an address is an IP address or localhost, so that binding it never waits for DNS.
 */
import { isIP } from 'node:net'
import { z } from 'zod'
import { show, withMissingSpace, type Reading } from '../reading.ts'
import { count, countOrOff, duration, readName, readWhole, section, size, value } from './keys.ts'

const anyAddress = '::' // every address of the machine, IPv6 and IPv4
const ports = { min: 0, max: 65_535 }

const limits = section({
  head: size({
    doc: 'How long a request line and its headers may be together; a longer head is refused with 431.',
    fallback: '16KB',
    min: '1KB',
    max: '1MB',
  }),
  headers: count({
    doc: 'How many header lines a request may have; more are refused with 431.',
    fallback: 100,
    min: 1,
    max: 1_000,
  }),
  clients: countOrOff({
    doc: 'How many client connections may be open at once; off: as many as the descriptor limit holds.',
    min: 1,
    max: 1_000_000,
  }),
})

const timeout = section({
  head: duration({
    doc: 'How long a client may take from connecting (or the first byte of a request) to the end of the head.',
    fallback: '10s', // what HAProxy advises; nginx's 60s feeds slow-header attacks
    min: '10ms',
    max: '1h',
  }),
  body: duration({
    doc: 'The longest silence inside a request body.',
    fallback: '60s', // nginx's client_body_timeout
    min: '10ms',
    max: '1d',
  }),
  idle: duration({
    doc: 'How long a kept-alive client connection may wait for its next request.',
    fallback: '75s', // nginx's keepalive_timeout
    min: '10ms',
    max: '1d',
  }),
})

const mapping = section(
  {
    name: value(
      {
        doc: 'What routes, logs and metrics call the listener; the port by default.',
        json: { type: 'string' },
      },
      readName,
    ).optional(),
    port: value(
      {
        doc: 'The TCP port; 0 takes any free one.',
        json: { type: 'integer', minimum: 0, maximum: 65_535 },
      },
      (input) => readWhole(input, ports),
    ),
    address: value(
      {
        doc: 'The IP address to listen on; "::" is every address of both families.',
        json: { type: 'string' },
      },
      readAddress,
    ).prefault(anyAddress),
    limits: limits.prefault({}).describe('What a client may ask of this listener.'),
    timeout: timeout.prefault({}).describe('How long a client of this listener may take.'),
  },
  'must be a port, "address:port" or a mapping',
).transform(({ name, address, port, limits, timeout }) => ({
  name,
  address,
  port,
  limits: { headBytes: limits.head, headers: limits.headers, clients: limits.clients },
  timeout: { headMs: timeout.head, bodyMs: timeout.body, idleMs: timeout.idle },
}))

const short = value(
  { doc: 'A port, or "address:port".', json: { type: ['integer', 'string'] } },
  readShort,
).transform((place) => mapping.parse(place))

export const listenerSchema = z.union([short, mapping])

/** `8080`, `127.0.0.1:8080` or `[::1]:8080`. */
function readShort(input: unknown): Reading<{ address: string; port: number }> {
  if (typeof input === 'number') return at(anyAddress, input)
  if (typeof input !== 'string')
    return { problem: 'must be a port or "address:port"', isOtherKind: true }
  if (/^\d+$/.test(input)) return at(anyAddress, input)
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d+)$/.exec(input)
  const address = readAddress(match?.[1] ?? match?.[2])
  if (match !== null && address.problem === undefined) return at(address.value, match[3])
  const spaced = withMissingSpace(input)
  return {
    problem: `must be a port or "address:port" such as "127.0.0.1:8080" or "[::1]:8080", not ${show(input)}`,
    suggestion: spaced && `a space is missing: ${spaced}`,
  }
}

function at(address: string, input: unknown): Reading<{ address: string; port: number }> {
  const port = readWhole(input, ports)
  return port.problem === undefined
    ? { value: { address, port: port.value } }
    : { problem: port.problem }
}

function readAddress(input: unknown): Reading<string> {
  const text = typeof input === 'string' ? input.toLowerCase() : ''
  if (text === 'localhost' || isIP(text) === 4) return { value: text }
  if (isIP(text) === 6 && !text.includes('%'))
    return { value: new URL(`http://[${text}]`).hostname.slice(1, -1) }
  const suggestion = text === '*' || text === '' ? 'leave the key out for every address' : undefined
  return { problem: `must be an IP address or localhost, not ${show(input)}`, suggestion }
}
