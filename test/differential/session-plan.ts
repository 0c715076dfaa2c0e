/**
 * A session as fast-check makes it up: what its ends say, how each compresses and ends it, and what the
 * gateway between them is told. `test/peers/ws-sessions.mjs` holds it.
 */
import fc from 'fast-check'

export interface SessionPlan {
  /** Keys of the route, as YAML flow. */
  readonly route: string
  /** Whether the gateway offers compression to the server, and speaks it with the client: `pass` is neither's business. */
  readonly speaks: 'passed' | 'neither' | 'client' | 'both'
  readonly client: DeflateOptions | false
  readonly server: DeflateOptions | false
  readonly fromClient: readonly Item[]
  readonly fromServer: readonly Item[]
  readonly end: End
}

/** As `ws` has them. */
export interface DeflateOptions {
  readonly threshold?: number | undefined
  readonly serverNoContextTakeover?: boolean | undefined
  readonly clientNoContextTakeover?: boolean | undefined
  readonly serverMaxWindowBits?: number | undefined
  readonly clientMaxWindowBits?: number | undefined
  readonly zlibDeflateOptions?: { readonly level: number } | undefined
}

interface Control {
  readonly kind: 'ping' | 'pong'
  /** Base64. */
  readonly data: string
}

/** Bytes as base64, text, or what a seed makes: noise, or something that repeats. */
type Content =
  | { readonly data: string }
  | { readonly text: string }
  | { readonly like: 'noise' | 'repeated'; readonly seed: number; readonly bytes: number }

interface Message {
  readonly kind: 'text' | 'binary'
  readonly content: Content
  readonly compress: boolean
  /** Where fragments end, as shares of its length, also inside a character; empty: one frame. */
  readonly cuts: readonly number[]
  /** Sent behind the first fragment, the second, …. */
  readonly pings: readonly Control[]
}

type Item = Message | Control | { readonly kind: 'rest'; readonly ms: number }

interface End {
  readonly by: 'client' | 'server'
  readonly how: 'close' | 'terminate'
  /** Once everything has arrived; else right behind what was said. */
  readonly isCalm: boolean
  readonly code?: number | undefined
  readonly reason: string
}

const mostBytes = 300_000
const mostControlBytes = 124 // one is for what tells pongs from each other

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

function control(kind: Control['kind']): fc.Arbitrary<Control> {
  const data = fc.uint8Array({ maxLength: mostControlBytes, size: 'medium' }).map(base64)
  return fc.record({ kind: fc.constant(kind), data })
}

/** Around what decides on forms: header lengths, what is passed whole, one inflated piece, one write. */
const edges = [0, 1, 125, 126, 127, 1023, 1024, 16_384, 65_535, 65_536, 131_072, 262_144]

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...edges), fc.integer({ min: -3, max: 3 }))
      .map(([edge, off]) => Math.max(0, edge + off)),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: mostBytes }) },
)

function content(kind: Message['kind']): fc.Arbitrary<Content> {
  const like = fc.constantFrom('noise' as const, 'repeated' as const)
  // Few seeds, so that messages are like others of their session, and refer back to them if they may.
  const seeded = fc.record({ like, seed: fc.nat({ max: 3 }), bytes })
  const short: fc.Arbitrary<Content> =
    kind === 'text'
      ? fc.string({ unit: 'binary', size: 'medium' }).map((text) => ({ text }))
      : fc.uint8Array({ size: 'medium' }).map((each) => ({ data: base64(each) }))
  return fc.oneof({ weight: 1, arbitrary: short }, { weight: 2, arbitrary: seeded })
}

function message(kind: Message['kind']): fc.Arbitrary<Message> {
  return fc.record({
    kind: fc.constant(kind),
    content: content(kind),
    compress: fc.boolean(),
    cuts: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      {
        weight: 2,
        arbitrary: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
      },
    ),
    pings: fc.array(control('ping'), { maxLength: 2 }),
  })
}

const items = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: message('text') },
    { weight: 4, arbitrary: message('binary') },
    { weight: 1, arbitrary: control('ping') },
    { weight: 1, arbitrary: control('pong') },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('rest' as const),
        ms: fc.integer({ min: 0, max: 5 }),
      }),
    },
  ),
  { maxLength: 12 },
)

const windowBits = (least: number) => fc.integer({ min: least, max: 15 })
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })

function deflate(leastBits: number): fc.Arbitrary<DeflateOptions | false> {
  const options = fc.record({
    threshold: fc.constantFrom(0, 1, 100, 1024),
    serverNoContextTakeover: maybe(fc.constant(true)),
    clientNoContextTakeover: maybe(fc.constant(true)),
    serverMaxWindowBits: maybe(windowBits(leastBits)),
    clientMaxWindowBits: maybe(windowBits(leastBits)),
    zlibDeflateOptions: maybe(fc.record({ level: fc.integer({ min: 0, max: 9 }) })),
  })
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(false as const) },
    { weight: 4, arbitrary: options },
  )
}

const compression = fc
  .record({
    threshold: fc.constantFrom('0B', '1B', '100B', '1KB', '100KB'),
    'window-bits': windowBits(9),
    'context-takeover': fc.constantFrom(false, true, 'client', 'server'),
    level: fc.integer({ min: 1, max: 9 }),
    upstream: fc.boolean(),
  })
  .map((terms) => ({
    route: `compression: ${JSON.stringify(terms)}`,
    speaks: terms.upstream ? ('both' as const) : ('client' as const),
  }))

const route = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ route: '', speaks: 'passed' as const }) },
  {
    weight: 1,
    arbitrary: fc.constant({ route: 'framed: true, compression: off', speaks: 'neither' as const }),
  },
  { weight: 1, arbitrary: fc.constant({ route: 'compression: off', speaks: 'neither' as const }) },
  { weight: 6, arbitrary: compression },
)

const end: fc.Arbitrary<End> = fc.record({
  by: fc.constantFrom('client', 'server'),
  how: fc.oneof(
    { weight: 4, arbitrary: fc.constant('close' as const) },
    { weight: 1, arbitrary: fc.constant('terminate' as const) },
  ),
  isCalm: fc.boolean(),
  code: maybe(
    fc.oneof(
      fc.constantFrom(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014),
      fc.integer({ min: 3000, max: 4999 }),
    ),
  ),
  reason: fc
    .string({ unit: 'binary', maxLength: 60 })
    .filter((text) => Buffer.byteLength(text) <= 123),
})

export const sessionPlan: fc.Arbitrary<SessionPlan> = route.chain(({ route: more, speaks }) => {
  // Within 8 bits two ends of `ws` do not understand each other: zlib deflates within 9 and says 8.
  const options = deflate(speaks === 'passed' ? 9 : 8)
  return fc
    .record({ client: options, server: options, fromClient: items, fromServer: items, end })
    .map((plan) => ({ route: more, speaks, ...plan }))
})
