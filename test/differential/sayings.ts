/** What is said, and how compression was agreed on, as fast-check makes it up for codecs. */
import fc from 'fast-check'
import type { DeflateAgreement } from '../../src/wire/deflate-agreement.ts'
import { Random } from '../support/random.ts'
import type { Said, Saying } from './ws-codec.ts'

const mostBytes = 200_000
const mostControlBytes = 125

const seeded = fc
  .record({
    isNoise: fc.boolean(),
    // Few, so that messages are like others, and refer back to them if they may.
    seed: fc.nat({ max: 3 }),
    length: fc.oneof(
      { weight: 4, arbitrary: fc.nat({ max: 3_000 }) },
      { weight: 1, arbitrary: fc.constantFrom(125, 126, 16_384, 16_385, 65_535, 65_536) },
      { weight: 1, arbitrary: fc.nat({ max: mostBytes }) },
    ),
  })
  .map(({ isNoise, seed, length }) => {
    if (!isNoise) return Buffer.alloc(length, `{"seed":${seed},"and":"so on"},`)
    const random = new Random(seed)
    return Buffer.from(Uint8Array.from({ length }, () => random.below(256)))
  })

const binary = fc.oneof(
  fc.uint8Array({ size: 'medium' }).map((bytes) => Buffer.from(bytes)),
  seeded,
)

const text = fc.oneof(
  fc.string({ unit: 'binary', size: 'medium' }).map((each) => Buffer.from(each)),
  seeded.map((bytes) => Buffer.from(bytes.toString('latin1'))),
)

const control: fc.Arbitrary<Said> = fc.record({
  kind: fc.constantFrom('ping' as const, 'pong' as const),
  payload: fc
    .uint8Array({ maxLength: mostControlBytes, size: 'medium' })
    .map((bytes) => Buffer.from(bytes)),
})

const cuts = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  },
)

function message(kind: 'text' | 'binary', payload: fc.Arbitrary<Buffer>): fc.Arbitrary<Saying> {
  return fc
    .record({
      payload,
      cuts,
      between: fc.array(control, { maxLength: 2 }),
      isCompressed: fc.boolean(),
    })
    .map(({ payload: whole, cuts: shares, ...rest }) => ({
      kind,
      fragments: cutAt(whole, shares),
      ...rest,
    }))
}

/** In pieces that end at these shares of it. */
export function cutAt(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const ends = shares.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

function alone({ kind, payload }: Said): Saying {
  return { kind, fragments: [payload], between: [], isCompressed: false }
}

const close = fc
  .record({
    code: fc.constantFrom(1000, 1001, 1011, 1014, 3000, 4999),
    reason: fc.string({ unit: 'binary', maxLength: 30 }),
  })
  .map(({ code, reason }) => {
    const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])
    return alone({ kind: 'close', payload })
  })
  .filter(({ fragments: [payload] }) => (payload?.length ?? 0) <= mostControlBytes)

/** Messages and control frames, and perhaps a Close behind them. */
export const sayings: fc.Arbitrary<Saying[]> = fc
  .tuple(
    fc.array(fc.oneof(message('text', text), message('binary', binary), control.map(alone)), {
      maxLength: 10,
    }),
    fc.option(close, { nil: undefined }),
  )
  .map(([list, last]) => (last === undefined ? list : [...list, last]))

/** @param leastBits 9 for who deflates with zlib. */
export function agreement(leastBits: number): fc.Arbitrary<DeflateAgreement | undefined> {
  const bits = fc.integer({ min: leastBits, max: 15 })
  return fc.option(
    fc.record({
      clientWindowBits: bits,
      serverWindowBits: bits,
      clientTakeover: fc.boolean(),
      serverTakeover: fc.boolean(),
    }),
    { nil: undefined, freq: 6 },
  )
}

/** Where a stream is cut into chunks. */
export const chunkEnds = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })
