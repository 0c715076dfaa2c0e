// A process of its own, in which nothing else takes memory: opens many deflaters or inflaters with full
// windows, twice, and prints what each of them took and how much more the second wave needed than the first.

import { constants, deflateRawSync } from 'node:zlib'
import { RawDeflate, RawInflate } from '../../src/wire/raw-deflate.ts'
import { Random } from './random.ts'

const [kind, bits = '15'] = process.argv.slice(2)
const windowBits = Number(bits)
const random = new Random(1)
// Bytes that cannot be made smaller fill buffers of a deflater that text leaves untouched.
const noise = Buffer.from(Array.from({ length: 80_000 }, () => random.below(256)))
const texts = Array.from({ length: 4_000 }, (_, index) => `{"x":${index * 7},"y":${index % 97}}`)
const input = deflateRawSync(texts.join(), { finishFlush: constants.Z_SYNC_FLUSH })

function openDeflater(): RawDeflate {
  const deflater = new RawDeflate(windowBits, 6)
  for (let offset = 0; offset < noise.length; offset += 10_000)
    deflater.deflate(noise.subarray(offset, offset + 10_000))
  return deflater
}

function openInflater(): RawInflate {
  const inflater = new RawInflate(windowBits)
  inflater.feed(input)
  while (!inflater.isDone) inflater.next()
  return inflater
}

const isDeflater = kind === 'deflaters'
const open: () => { close(): void } = isDeflater ? openDeflater : openInflater
const count = isDeflater ? 300 : 2_000

function residentBytes(): number {
  Bun.gc(true)
  return process.memoryUsage.rss()
}

/** @returns what each of the second half took: the first half has warmed up what all share. */
function wave(): { readonly eachBytes: number; readonly mostBytes: number } {
  const all = Array.from({ length: count / 2 }, open)
  const halfBytes = residentBytes()
  for (let left = count / 2; left > 0; left--) all.push(open())
  const mostBytes = residentBytes()
  for (const each of all) each.close()
  return { eachBytes: (mostBytes - halfBytes) / (count / 2), mostBytes }
}

const first = wave()
const second = wave()
console.log(
  JSON.stringify({
    eachBytes: first.eachBytes,
    grownBytesEach: (second.mostBytes - first.mostBytes) / count,
  }),
)
