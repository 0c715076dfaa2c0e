/**
 * The codec against that of `ws`, each reading what the other wrote, and a framed direction between two of
 * `ws`: cut anywhere, the same comes out.
 *
 * `DIFFERENTIAL_RUNS` is how many are made up, `DIFFERENTIAL_SEED` makes up the same ones again.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { FramedDirection } from '../../src/proxy/framed.ts'
import { Compression } from '../../src/wire/compression.ts'
import type { DeflateAgreement } from '../../src/wire/deflate-agreement.ts'
import type { FrameRules } from '../../src/wire/frame-header.ts'
import { MessageAssembler } from '../../src/wire/message-assembler.ts'
import type { InflateOptions } from '../../src/wire/message-reader.ts'
import { MessageWriter, type DeflateOptions } from '../../src/wire/message-writer.ts'
import { Opcode } from '../../src/wire/opcode.ts'
import { inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { agreement, chunkEnds, cutAt, sayings } from './sayings.ts'
import { readWithWs, saidOf, writeWithWs, type Said, type Saying } from './ws-codec.ts'

const numRuns = Number(process.env['DIFFERENTIAL_RUNS'] ?? 300)
const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? Date.now() % 2 ** 31)
const timeoutMs = numRuns * 200 + 60_000

const opcodes = {
  text: Opcode.text,
  binary: Opcode.binary,
  close: Opcode.close,
  ping: Opcode.ping,
  pong: Opcode.pong,
} as const
const kinds = new Map<number, Said['kind']>(
  Object.entries(opcodes).map(([kind, opcode]) => [opcode, kind as Said['kind']]),
)

const threshold = fc.constantFrom(0, 100, 1024, 100_000)
const level = fc.integer({ min: 1, max: 9 })

function rulesOf(isMasked: boolean, agreed: DeflateAgreement | undefined): FrameRules {
  const mostBytes = 1024 * 1024
  const mayCompress = agreed !== undefined
  return { isMasked, mayCompress, frameBytes: mostBytes, messageBytes: mostBytes }
}

/** @param isServer whether it is the server who compresses. */
function windowOf(
  isServer: boolean,
  agreed: DeflateAgreement,
  compression: Compression,
): InflateOptions {
  const windowBits = isServer ? agreed.serverWindowBits : agreed.clientWindowBits
  const isTakeover = isServer ? agreed.serverTakeover : agreed.clientTakeover
  return { compression, windowBits, isTakeover }
}

/** As whoever puts a reader with a window together does: `release` gives it back. */
function inflateOf(
  isServer: boolean,
  agreed: DeflateAgreement | undefined,
  compression: Compression,
): InflateOptions | undefined {
  if (agreed === undefined) return undefined
  const options = windowOf(isServer, agreed, compression)
  if (options.isTakeover) compression.take(inflaterBytes(options.windowBits), true)
  return options
}

function expectGivenBack(compression: Compression): void {
  expect(compression.usedBytes).toBe(0)
}

test(
  `what ws writes is read as it was said (seed ${seed})`,
  async () => {
    const one = fc.record({
      sayings,
      agreed: agreement(8),
      isServer: fc.boolean(),
      threshold,
      level,
      chunkEnds,
    })
    await fc.assert(
      fc.asyncProperty(one, async ({ agreed, isServer, ...each }) => {
        const written = await writeWithWs(each.sayings, { isServer, agreement: agreed, ...each })
        const compression = new Compression(64 * 1024 * 1024)
        const rules = rulesOf(!isServer, agreed)
        const reader = new MessageAssembler(rules, inflateOf(isServer, agreed, compression))
        const read = cutAt(written, each.chunkEnds).flatMap((chunk) => reader.assemble(chunk))
        expect(reader.violation).toBeUndefined()
        const said = read.map(({ opcode, payload }) => ({ kind: kinds.get(opcode), payload }))
        expectSame(said, each.sayings.flatMap(saidOf))
        reader.release()
        expectGivenBack(compression)
      }),
      { seed, numRuns },
    )
  },
  timeoutMs,
)

test(
  `what is written is read by ws as it was said (seed ${seed})`,
  async () => {
    const one = fc.record({
      sayings,
      agreed: agreement(9),
      isServer: fc.boolean(),
      threshold,
      level,
      chunkEnds,
    })
    await fc.assert(
      fc.asyncProperty(one, async ({ agreed, isServer, ...each }) => {
        const compression = new Compression(64 * 1024 * 1024)
        const deflate = agreed && {
          ...windowOf(isServer, agreed, compression),
          thresholdBytes: each.threshold,
          level: each.level,
        }
        const writer = new MessageWriter(!isServer, deflate)
        for (const saying of each.sayings) write(writer, saying)
        const chunks = cutAt(writer.take(), each.chunkEnds)
        const said = await readWithWs(chunks, { isServer: !isServer, agreement: agreed })
        expectSame(said, each.sayings.flatMap(saidOf))
        writer.release()
        expectGivenBack(compression)
      }),
      { seed, numRuns },
    )
  },
  timeoutMs,
)

function write(writer: MessageWriter, { kind, fragments, between }: Saying): void {
  const opcode = opcodes[kind]
  if (opcode >= Opcode.close) return writer.control(opcode, Buffer.concat(fragments))
  const last = fragments.length - 1
  for (const [index, payload] of fragments.entries()) {
    const piece = { opcode, payload, isFirst: index === 0, isLast: index === last }
    writer.data(piece, payload.length)
    const control = index < last ? between[index] : undefined
    if (control !== undefined) writer.control(opcodes[control.kind], control.payload)
  }
}

test(
  `what one ws writes comes through a framed direction to another (seed ${seed})`,
  async () => {
    const one = fc.record({
      sayings,
      sender: agreement(8),
      receiver: agreement(9),
      isServer: fc.boolean(),
      threshold,
      level,
      chunkEnds,
    })
    await fc.assert(
      fc.asyncProperty(one, async ({ sender, receiver, isServer, ...each }) => {
        const compression = new Compression(64 * 1024 * 1024)
        const written = await writeWithWs(each.sayings, { isServer, agreement: sender })
        const deflate: DeflateOptions | undefined = receiver && {
          ...windowOf(isServer, receiver, compression),
          thresholdBytes: each.threshold,
          level: each.level,
        }
        const direction = new FramedDirection({
          rules: rulesOf(!isServer, sender),
          inflate: inflateOf(isServer, sender, compression),
          deflate,
        })
        const passed = cutAt(written, each.chunkEnds).flatMap((chunk) => pass(direction, chunk))
        expect(direction.violation).toBeUndefined()
        const said = await readWithWs(passed, { isServer: !isServer, agreement: receiver })
        expectSame(said, each.sayings.flatMap(saidOf))
        direction.release()
        expectGivenBack(compression)
      }),
      { seed, numRuns },
    )
  },
  timeoutMs,
)

/** A chunk, which is the direction's own from here on, and all that comes of it. */
function pass(direction: FramedDirection, chunk: Buffer): Buffer[] {
  const passed = [direction.pass(Buffer.from(chunk))]
  while (direction.isFull) passed.push(direction.pass(Buffer.alloc(0)))
  return passed.map((bytes) => Buffer.from(bytes))
}

/** Lengths first: a difference of two long messages is nothing to read. */
function expectSame(
  actual: readonly { readonly kind: string | undefined; readonly payload: Buffer }[],
  wanted: readonly Said[],
): void {
  const lengths = (list: typeof actual) => list.map(({ kind, payload }) => [kind, payload.length])
  expect(lengths(actual)).toEqual(lengths(wanted))
  const different = actual.findIndex(
    ({ payload }, index) => wanted[index]?.payload.equals(payload) !== true,
  )
  expect(different).toBe(-1)
}
