/**
 * `routes`: what a request is matched to, and what is done with it.
 * Invariant: a route read here stands by itself; whether its names exist and whether another route
 * takes the same requests is checked where all of them are known (check.ts, ties.ts).
 */
import { z } from 'zod'
import { show, type Reading } from '../reading.ts'
import { isUrl, readEndpoint, type Endpoint } from './endpoint.ts'
import {
  countOrOff,
  duration,
  durationOrOff,
  readName,
  filledList,
  section,
  size,
  value,
} from './keys.ts'
import { readHost, readOrigin, readPath } from './match.ts'
import { respondSchema } from './respond.ts'

/** A named upstream, or one that is given by its URL in the very place. */
export interface UpstreamReference {
  readonly name: string
  readonly endpoint: Endpoint | undefined
}

const json = { type: 'string' } as const

const limits = section({
  sessions: countOrOff({
    doc: 'How many sessions the route holds at once; off: as many as the listeners let in.',
    min: 1,
    max: 1_000_000,
  }),
  message: size({
    doc: 'How long a message may be, its fragments together; a longer one closes the session with 1009.',
    fallback: '1MB', // what Socket.IO and most servers take
    min: '1B',
    max: '1GB',
  }),
  frame: size({
    doc: 'How long one frame may be; a longer one closes the session with 1009.',
    fallback: '1MB',
    min: '1B',
    max: '1GB',
  }),
  pending: size({
    doc: 'How much each direction of a session holds for a slow receiver before the sender is paused.',
    fallback: '256KB', // a few full socket buffers: keeps a link busy, and is paid per slow client
    min: '4KB',
    max: '64MB',
  }),
})

const timeout = section({
  handshake: duration({
    doc: 'How long the upstream handshake may take, from the matched request to the answer.',
    fallback: '10s',
    min: '10ms',
    max: '10m',
  }),
  idle: durationOrOff({
    doc: 'How long a session may pass without a byte from either side before it is closed with 1001.',
    fallback: 'off',
    min: '10ms',
    max: '24d', // just below the longest wait that a timer of the runtime can do
  }),
  send: duration({
    doc: 'How long a receiver may take nothing of what waits for it before the session is cut.',
    fallback: '60s', // nginx's proxy_send_timeout
    min: '10ms',
    max: '1d',
  }),
  close: duration({
    doc: 'How long the other side may take to answer a Close before its connection is cut.',
    fallback: '5s',
    min: '10ms',
    max: '10m',
  }),
  age: durationOrOff({
    doc: 'How long a session may last at all before it is closed with 1001.',
    fallback: 'off',
    min: '10ms',
    max: '24d',
  }),
})

const host = value(
  { doc: 'A host name, or "*.example.com" for every name below it.', json },
  readHost,
)
const origin = value({ doc: 'An origin, as browsers send it.', json }, readOrigin)

const origins = z.union([
  value({ doc: '"*" lets every origin in.', json: { const: '*' } }, readAnyOrigin),
  filledList(origin, {
    error: 'must be a list of origins, or "*"',
    empty: 'must not be empty; "*" lets every origin in',
  }),
])

const listener = value(
  { doc: 'The name of a listener.', json: { type: ['string', 'integer'] } },
  readName,
)

export const routeSchema = section({
  name: value(
    { doc: 'What logs and metrics call the route; its host and path by default.', json },
    readName,
  ).optional(),
  listeners: z
    .array(listener, { error: 'must be a list of listener names' })
    .prefault([])
    .describe('The listeners whose requests are matched; all of them by default.'),
  host: z
    .union([
      host.transform((only) => [only]),
      z.array(host, { error: 'must be a host name or a list of them' }),
    ])
    .prefault([])
    .describe('The hosts that are matched; any by default.'),
  path: value(
    { doc: 'The path that is matched: /chat, /chat/:room, or /chat/* for all below too.', json },
    readPath,
  ).prefault('/*'),
  upstream: value(
    { doc: 'The upstream that takes the session: a name, or a URL.', json },
    readUpstream,
  ).optional(),
  respond: respondSchema.optional().describe('The answer that the gateway gives itself.'),
  origins: origins
    .prefault('*')
    .describe('The origins whose pages may open a session; any by default.'),
  limits: limits.prefault({}).describe('What a session of this route may hold.'),
  timeout: timeout.prefault({}).describe('How long a session of this route may take.'),
}).transform(({ limits, timeout, ...route }) => ({
  ...route,
  limits: {
    sessions: limits.sessions,
    messageBytes: limits.message,
    frameBytes: limits.frame,
    pendingBytes: limits.pending,
  },
  timeout: {
    handshakeMs: timeout.handshake,
    idleMs: timeout.idle,
    sendMs: timeout.send,
    closeMs: timeout.close,
    ageMs: timeout.age,
  },
}))

function readAnyOrigin(input: unknown): Reading<undefined> {
  if (input === '*') return { value: undefined }
  if (typeof input !== 'string') return { problem: 'must be "*"', isOtherKind: true }
  return {
    problem: `must be a list of origins, or "*", not ${show(input)}`,
    suggestion: `write [${show(input)}]`,
  }
}

function readUpstream(input: unknown): Reading<UpstreamReference> {
  if (typeof input !== 'string')
    return { problem: `must be the name of an upstream or a URL, not ${show(input)}` }
  if (!isUrl(input)) return { value: { name: input, endpoint: undefined } }
  const reading = readEndpoint(input)
  return reading.problem === undefined
    ? { value: { name: input, endpoint: reading.value } }
    : reading
}
