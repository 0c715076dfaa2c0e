/**
 * What a session of a route may hold and take: `limits`, `timeout` and `heartbeat`.
 * Invariant: whatever a peer can make grow or last has a bound here.
 */
import { z } from 'zod'
import type { RateConfig } from '../config.ts'
import type { Reading } from '../reading.ts'
import { formatRate, formatSize, readByteRate, readRate, readSize } from '../units.ts'
import {
  bound,
  choice,
  count,
  countOrOff,
  duration,
  durationOrOff,
  size,
  value,
  within,
  type Json,
} from './keys.ts'
import { section } from './shapes.ts'

interface Rate {
  readonly doc: string
  readonly pattern: string
  readonly read: (input: unknown) => Reading<number>
  readonly min: number
  readonly max: number
  readonly format: (perSecond: number) => string
  readonly burst: ReturnType<typeof count>
}

/** `off`, `50/s`, or a mapping that says what is to happen past it. */
function rate({ doc, pattern, read, min, max, format, burst }: Rate) {
  const range = [format(min), format(max)]
  const readBounded = (input: unknown): Reading<number> => {
    const reading = read(input)
    return reading.problem === undefined ? within(reading.value, { min, max, format }) : reading
  }
  const json = (orElse: string): Json => ({
    type: 'string',
    pattern: `^[1-9][0-9]*${pattern}/s${orElse}$`,
    'x-range': range,
  })
  const short = value({ doc, json: json('|^off') }, (input): Reading<RateConfig | undefined> => {
    if (input === 'off') return { value: undefined }
    const reading = readBounded(input)
    if (reading.problem !== undefined) return reading
    return { value: { perSecond: reading.value, burst: reading.value, over: 'delay' } }
  })
  const mapping = section(
    {
      rate: value({ doc: 'How many a second.', json: json('') }, readBounded),
      burst: burst.optional(),
      over: choice({
        doc: 'Past it: delay reads no more for a while, close closes the session with 4429.',
        words: ['delay', 'close'],
      }).prefault('delay'),
    },
    { error: `must be off, a rate such as ${range[0]}, or a mapping` },
  ).transform(({ rate: perSecond, burst = perSecond, over }): RateConfig => ({
    perSecond,
    burst,
    over,
  }))
  return z.union([short, mapping]).prefault('off').describe(doc)
}

const bytes = { min: bound(readSize('1KB')), max: bound(readSize('1GB')) }

export const limitsSchema = section(
  {
    sessions: countOrOff({
      doc: 'How many sessions the route holds at once; off: as many as the listeners let in.',
      min: 1,
      max: 1_000_000,
    }),
    'sessions-per-client': countOrOff({
      doc: "How many of them one client's address may have at once.",
      min: 1,
      max: 1_000_000,
    }),
    message: size({
      doc: 'How long a message may be, its fragments together; a longer one closes the session with 1009.',
      min: '1B',
      max: '1GB',
    }).prefault('1MB'), // what Socket.IO and most servers take
    frame: size({
      doc: 'How long one frame may be; a longer one closes the session with 1009.',
      min: '1B',
      max: '1GB',
    }).prefault('1MB'),
    pending: size({
      doc: 'How much each direction of a session holds for a slow receiver before the sender is paused.',
      min: '4KB',
      max: '64MB',
    }).prefault('256KB'), // a few full socket buffers: keeps a link busy, and is paid per slow client
    messages: rate({
      doc: 'How many messages a second a client may send.',
      pattern: '',
      read: readRate,
      min: 1,
      max: 1_000_000,
      format: formatRate,
      burst: count({
        doc: 'How many may come at once; as many as in a second by default.',
        min: 1,
        max: 1_000_000,
      }),
    }),
    bytes: rate({
      doc: 'How many bytes a second a client may send.',
      pattern: '(B|KB|MB|GB)',
      read: readByteRate,
      ...bytes,
      format: (perSecond) => `${formatSize(perSecond)}/s`,
      burst: size({
        doc: 'How many may come at once; as many as in a second by default.',
        min: '1KB',
        max: '1GB',
      }),
    }),
  },
  {
    elsewhere: {
      'compression-memory': 'is for all routes together: it stands in limits at the top',
    },
  },
).transform((limits) => ({
  sessions: limits.sessions,
  sessionsPerClient: limits['sessions-per-client'],
  messageBytes: limits.message,
  frameBytes: limits.frame,
  pendingBytes: limits.pending,
  messages: limits.messages,
  bytes: limits.bytes,
}))

export const timeoutSchema = section({
  handshake: duration({
    doc: 'How long the upstream handshake may take, from the matched request to the answer.',
    min: '10ms',
    max: '10m',
  }).prefault('10s'),
  idle: durationOrOff({
    doc: 'How long a session may pass without a byte from either side before it is closed with 1001.',
    min: '10ms',
    max: '24d', // just below the longest wait that a timer of the runtime can do
  }).prefault('off'),
  send: duration({
    doc: 'How long a receiver may take nothing of what waits for it before the session is cut.',
    min: '10ms',
    max: '1d',
  }).prefault('60s'), // nginx's proxy_send_timeout
  close: duration({
    doc: 'How long the other side may take to answer a Close before its connection is cut.',
    min: '10ms',
    max: '10m',
  }).prefault('5s'),
  age: durationOrOff({
    doc: 'How long a session may last at all before it is closed with 1001.',
    min: '10ms',
    max: '24d',
  }).prefault('off'),
}).transform((timeout) => ({
  handshakeMs: timeout.handshake,
  idleMs: timeout.idle,
  sendMs: timeout.send,
  closeMs: timeout.close,
  ageMs: timeout.age,
}))

/** What is said of heartbeats; undefined where nothing is, which depends on the session (framing.ts). */
export interface HeartbeatWritten {
  readonly clientMs: number | 'off' | undefined
  readonly upstreamMs: number | 'off' | undefined
  readonly timeoutMs: number
}

function interval(doc: string) {
  return durationOrOff({
    doc: `${doc}; 30s by default where framed, else off.`,
    min: '10ms',
    max: '1d',
  })
    .transform((ms) => ms ?? 'off')
    .optional()
}

export const heartbeatSchema = section(
  {
    client: interval('A client from which nothing came for so long is pinged'),
    upstream: interval('An endpoint from which nothing came for so long is pinged'),
    timeout: duration({
      doc: 'How long a side that was pinged may stay silent before its session is cut.',
      min: '10ms',
      max: '10m',
    }).prefault('10s'), // a phone that wakes its radio needs a few seconds
  },
  { error: 'must be a mapping such as { client: 30s }' },
).transform(({ client, upstream, timeout }): HeartbeatWritten => ({
  clientMs: client,
  upstreamMs: upstream,
  timeoutMs: timeout,
}))
