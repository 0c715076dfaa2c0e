/**
 * `listeners`: where clients are accepted, each a port, "address:port", "unix:/path" or a mapping.
 * Invariant: a listener read here stands by itself; which of its keys go together, and whether another
 * listens there already, is checked where all of them are known (conflicts.ts, place-ties.ts).
 */
import { z } from 'zod'
import { meant, show, type Reading } from '../reading.ts'
import { readAddressRange } from './address-range.ts'
import { count, countOrOff, duration, flag, readName, readWhole, size, value } from './keys.ts'
import { address, port, readPlace, unix } from './place.ts'
import { oneOrMore, section } from './shapes.ts'
import { tlsSchema } from './tls.ts'

const anyAddress = '::' // every address of the machine, IPv6 and IPv4

export const listenerLimitsSchema = section({
  head: size({
    doc: 'How long a request line and its headers may be together; a longer head is refused with 431.',
    min: '1KB',
    max: '1MB',
  }).prefault('16KB'),
  headers: count({
    doc: 'How many header lines a request may have; more are refused with 431.',
    min: 1,
    max: 1_000,
  }).prefault(100),
  clients: countOrOff({
    doc: 'How many client connections may be open at once; off: as many as the descriptor limit holds.',
    min: 1,
    max: 1_000_000,
  }),
  handshakes: countOrOff({
    doc: 'How many WebSocket handshakes may be under way at once; off: as many as there are clients.',
    min: 1,
    max: 1_000_000,
  }),
})

const timeout = section({
  tls: duration({
    doc: 'How long a client may take from connecting to the end of its PROXY header and TLS handshake.',
    min: '10ms',
    max: '1h',
  }).prefault('10s'), // as for the head: a handshake is two or three round trips
  head: duration({
    doc: 'How long a client may take from connecting (or the first byte of a request) to the end of the head.',
    min: '10ms',
    max: '1h',
  }).prefault('10s'), // what HAProxy advises; nginx's 60s feeds slow-header attacks
  body: duration({
    doc: 'The longest silence inside a request body.',
    min: '10ms',
    max: '1d',
  }).prefault('60s'), // nginx's client_body_timeout
  idle: duration({
    doc: 'How long a kept-alive client connection may wait for its next request.',
    min: '10ms',
    max: '1d',
  }).prefault('75s'), // nginx's keepalive_timeout
})

const range = value(
  { doc: 'An address, a range, or private.', json: { type: 'string' } },
  readAddressRange,
)

/** What listeners may have from `defaults`. */
const shared = {
  address: address(
    'The IP address to listen on; "::" is every address of both families.',
    'leave the key out for every address',
  ).prefault(anyAddress),
  'proxy-protocol': flag({
    doc: 'Whether every connection begins with a PROXY protocol header, version 1 or 2; one without it is cut.',
  }).prefault(false),
  'trusted-proxies': oneOrMore(range, 'must be a range of addresses or a list of them')
    .prefault([])
    .describe(
      'The proxies in front whose X-Forwarded-* headers are believed: addresses, ranges, or private.',
    ),
  limits: listenerLimitsSchema.prefault({}).describe('What a client may ask of this listener.'),
  timeout: timeout.prefault({}).describe('How long a client of this listener may take.'),
}

const own = 'has no default: every listener gives its own'

export const listenerDefaultsSchema = section(shared, {
  elsewhere: { name: own, port: own, unix: own, tls: own, redirect: own },
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
    port: port.optional(),
    unix: unix.optional(),
    tls: tlsSchema
      .optional()
      .describe('Its certificate, or a list of them by server name; clients speak TLS then.'),
    redirect: value(
      {
        doc: 'Where every request is redirected to: https, or https:8443 for another port than 443.',
        json: { type: 'string', pattern: '^https(:[0-9]+)?$' },
      },
      readRedirect,
    ).optional(),
    ...shared,
  },
  { error: 'must be a port, "address:port" or a mapping' },
)
  .meta({ anyOf: [{ required: ['port'] }, { required: ['unix'] }] })
  .transform(({ limits, timeout, 'proxy-protocol': proxyProtocol, ...rest }) => ({
    ...rest,
    proxyProtocol,
    trustedProxies: [...new Set(rest['trusted-proxies'].flat())],
    limits: {
      headBytes: limits.head,
      headers: limits.headers,
      clients: limits.clients,
      handshakes: limits.handshakes,
    },
    timeout: {
      tlsMs: timeout.tls,
      headMs: timeout.head,
      bodyMs: timeout.body,
      idleMs: timeout.idle,
    },
  }))

const short = value(
  {
    doc: 'A port, "address:port" or "unix:/path".',
    json: { anyOf: [{ type: 'integer', minimum: 0, maximum: 65_535 }, { type: 'string' }] },
  },
  readPlace,
).transform((place) => mapping.parse(place))

export const listenerSchema = z.union([short, mapping])

/** The port of `https` or `https:8443`. */
function readRedirect(input: unknown): Reading<number> {
  const problem = `must be https or https:PORT, not ${show(input)}`
  const [, given] = /^https(?::(.*))?$/s.exec(typeof input === 'string' ? input : '') ?? []
  if (input === 'https') return { value: 443 }
  if (given !== undefined && !given.startsWith('//'))
    return readWhole(given, { min: 1, max: 65_535 })
  if (typeof input === 'number') return { problem, suggestion: meant(`https:${input}`) }
  const isUrl = typeof input === 'string' && input.includes('://')
  if (isUrl) return { problem, suggestion: 'a redirect to one place is a route with redirect' }
  return { problem, suggestion: input === true ? meant('https') : undefined }
}
