// Sequences of messages, most of them valid, compressed and in frames, as fast-check makes and shrinks them.

import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { close, control, key } from './frame-arbitraries.ts'
import { frame, type MaskingKey } from './frames.ts'
import type { Reading } from './wire-messages.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.constantFrom('{"type":"move","x":17,"y":-4}', 'é'.repeat(90), 'a'.repeat(900)),
)
const bytes = fc.uint8Array({ maxLength: 200 })

/** A message before it is put into frames; one text in ten is none. */
const content = fc.oneof(
  { weight: 6, arbitrary: fc.record({ opcode: fc.constant(1), payload: text }) },
  { weight: 3, arbitrary: fc.record({ opcode: fc.constant(2), payload: fc.oneof(text, bytes) }) },
  { weight: 1, arbitrary: fc.record({ opcode: fc.constant(1), payload: bytes }) },
)

/** How it is compressed, if it may be. */
const deflating = fc.record({
  isCompressed: fc.boolean(),
  level: fc.constantFrom(0, 1, 6, 9),
  strategy: fc.constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED),
  /** With a last block, as a sender does that cannot flush (RFC 7692 §7.2.3.4). */
  isFinished: fc.boolean(),
})

interface Message {
  readonly opcode: number
  readonly payload: string | Uint8Array
  readonly isCompressed: boolean
  readonly level: number
  readonly strategy: number
  readonly isFinished: boolean
  /** Where it is cut into frames, as parts of its length; their keys, and what comes before them. */
  readonly frames: readonly {
    readonly end: number
    readonly key: MaskingKey | undefined
    readonly before: readonly Buffer[]
  }[]
}

function message({ rules }: Reading): fc.Arbitrary<Message> {
  const each = fc.record({
    end: fc.double({ min: 0, max: 1, noNaN: true }),
    key: key(rules),
    before: fc.array(control(rules), { maxLength: 1 }),
  })
  const frames = fc.array(each, { minLength: 1, maxLength: 4 })
  return fc
    .tuple(content, deflating, frames)
    .map(([what, how, where]) => ({ ...what, ...how, frames: where }))
}

/** What a sender remembers of its messages. */
interface Window {
  bytes: Buffer
}

const nothing = Buffer.alloc(0)

/** @returns without the tail of a flush (RFC 7692 §7.2.1). */
function deflated(payload: Buffer, { level, strategy, isFinished }: Message, window: Window) {
  const dictionary = window.bytes.length > 0 ? { dictionary: window.bytes } : {}
  const options = { level, strategy, ...dictionary }
  window.bytes = isFinished ? nothing : Buffer.concat([window.bytes, payload]).subarray(-32_768)
  if (isFinished) return Buffer.concat([deflateRawSync(payload, options), Buffer.from([0])])
  const flushed = deflateRawSync(payload, { ...options, finishFlush: constants.Z_SYNC_FLUSH })
  return flushed.subarray(0, -4)
}

function framed(each: Message, { rules, isTakeover = false }: Reading, window: Window): Buffer[] {
  const isCompressed = each.isCompressed && rules.mayCompress
  const plain = Buffer.from(each.payload)
  const payload = isCompressed ? deflated(plain, each, window) : plain
  if (!isTakeover) window.bytes = nothing
  const ends = each.frames
    .map(({ end }) => Math.floor(end * payload.length))
    .toSorted((a, b) => a - b)
  return each.frames.flatMap(({ key: maskingKey, before }, index) => [
    ...before,
    frame({
      opcode: index === 0 ? each.opcode : 0,
      isFinal: index === each.frames.length - 1,
      reserved: index === 0 && isCompressed ? 4 : 0,
      payload: payload.subarray(
        index === 0 ? 0 : ends[index - 1],
        index === each.frames.length - 1 ? payload.length : ends[index],
      ),
      key: maskingKey,
    }),
  ])
}

/** Messages with control frames between them and inside them, now and then a Close, and something after it. */
export function messageStreams(reading: Reading): fc.Arbitrary<Buffer> {
  const messages = fc.array(message(reading), { maxLength: 5 })
  const ending = fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(close(reading.rules)) },
    { weight: 1, arbitrary: fc.tuple(close(reading.rules), control(reading.rules)) },
  )
  return fc.tuple(messages, ending).map(([all, after]) => {
    const window: Window = { bytes: nothing }
    return Buffer.concat([...all.flatMap((each) => framed(each, reading, window)), ...after])
  })
}
