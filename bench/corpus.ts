// The messages that clients send for compression, in the forms in which they send them: made here once,
// so that the load generator deflates nothing while it measures.
//
// Sent again and again in the same order they fit a window that is kept: more than a window lies
// between a message and itself, so what a message refers back to is always the same.
import { join } from 'node:path'
import { constants, deflateRawSync } from 'node:zlib'
import { createPayloads, type PayloadKind } from './payloads.ts'
import { temporaryDirectory } from './processes.ts'

export interface Corpus {
  name: string
  /** For the load generator: payload.c reads it. */
  file: string
  payloads: Buffer[]
  /** Of a payload, the mean. */
  bytes: number
}

export interface Corpora {
  all: Corpus[]
  /** What is broadcast, and what idle clients have exchanged. */
  common: Corpus
}

/** The largest window of deflate (RFC 1951 §2), and that of every row. */
export const windowBytes = 32 * 1024

// What browsers compress with, by and large.
const level = 6
// Of a window that is flushed a message ends with it, and permessage-deflate leaves it out (RFC 7692 §7.2.1).
const flushedEnd = Buffer.from([0x00, 0x00, 0xff, 0xff])
const textOpcode = 1
const binaryOpcode = 2

export async function createCorpora(): Promise<Corpora> {
  const common = await createCorpus('json', 1024, '1 KB')
  const all = [
    await createCorpus('json', 128, '128 B'),
    common,
    await createCorpus('json', 16 * 1024, '16 KB'),
    await createCorpus('binary', 128, '128 B'),
    await createCorpus('binary', 1024, '1 KB'),
    await createCorpus('binary', 16 * 1024, '16 KB'),
  ]
  return { all, common }
}

/** Payloads of a kind with at most `bytesMax`, `size` by name. */
async function createCorpus(kind: PayloadKind, bytesMax: number, size: string): Promise<Corpus> {
  // Well over a window and, with every client at another place, few of them near the same message.
  const payloads = createPayloads(kind, bytesMax > 4096 ? 256 : 1024, bytesMax)
  const bytes = Buffer.concat(payloads).length
  const file = join(temporaryDirectory(), `${kind}-${bytesMax}.corpus`)
  const opcode = kind === 'json' ? textOpcode : binaryOpcode
  const shortest = Math.min(...payloads.map(({ length }) => length))
  const warmCount = Math.ceil(windowBytes / shortest)
  const forms = payloads.flatMap((payload, index) => [
    payload,
    deflateMessage(payload),
    deflateMessage(payload, windowBefore(payloads, index)),
  ])
  const parts = forms.flatMap((form) => [words(form.length), form])
  await Bun.write(file, Buffer.concat([words(payloads.length, opcode, warmCount), ...parts]))
  return { name: `${kind}, ${size}`, file, payloads, bytes: bytes / payloads.length }
}

function deflateMessage(payload: Buffer, window?: Buffer): Buffer {
  const dictionary = window && { dictionary: window }
  const options = { level, finishFlush: constants.Z_SYNC_FLUSH, ...dictionary }
  const deflated = deflateRawSync(payload, options)
  const end = deflated.length - flushedEnd.length
  if (!deflated.subarray(end).equals(flushedEnd)) throw new Error('zlib did not flush as expected')
  return deflated.subarray(0, end)
}

/** The last bytes before a payload; before the first ones come the last ones. */
function windowBefore(payloads: Buffer[], index: number): Buffer {
  const before: Buffer[] = []
  let bytes = 0
  for (let place = index - 1; bytes < windowBytes; place--) {
    const payload = payloads.at(place % payloads.length) ?? Buffer.alloc(0)
    before.unshift(payload)
    bytes += payload.length
  }
  return Buffer.concat(before).subarray(-windowBytes)
}

/** In the order of bytes of this machine, as C reads them. */
function words(...numbers: number[]): Buffer {
  return Buffer.from(Uint32Array.from(numbers).buffer)
}
