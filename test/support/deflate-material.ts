// DEFLATE streams (RFC 1951) to mutate: payloads of compressed messages as senders make them, bombs, and
// streams that go on without saying anything. Without the tail of a flush, as they travel.

import { constants, deflateRawSync } from 'node:zlib'
import { Random } from './random.ts'

const text = '{"type":"move","player":"José","x":17,"y":-4,"at":"2026-03-01T10:20:30Z"} '.repeat(9)
const { Z_SYNC_FLUSH: finishFlush } = constants

function flushed(payload: Buffer | string, options: object = {}): Buffer {
  return deflateRawSync(payload, { finishFlush, ...options }).subarray(0, -4)
}

/** A last block, and the beginning of an empty one (RFC 7692 §7.2.3.4). */
function finished(payload: Buffer | string): Buffer {
  return Buffer.concat([deflateRawSync(payload), Buffer.from([0])])
}

/** Zeros, compressed so often that they fit into a mutation. */
function bomb(megabytes: number, times: number): Buffer {
  let bytes: Buffer = Buffer.alloc(megabytes * 1024 * 1024)
  for (let count = 1; count < times; count++) bytes = deflateRawSync(bytes, { level: 9 })
  return flushed(bytes, { level: 9 })
}

const emptyBlock = Buffer.from('000000ffff', 'hex')
const lastEmptyBlock = Buffer.from('0300', 'hex')
/** One letter in a block that calls itself the last. */
const lastLetter = Buffer.from('4b0400', 'hex')

/** The same for the same seed. */
export function deflateStreams(seed: number): Buffer[] {
  const random = new Random(seed)
  const noise = (length: number) => Buffer.from(Array.from({ length }, () => random.below(256)))
  return [
    ...[0, 1, 6, 9].map((level) => flushed(text, { level })),
    flushed(text, { strategy: constants.Z_FIXED }),
    flushed(text, { strategy: constants.Z_HUFFMAN_ONLY }),
    flushed(noise(500)),
    flushed(Buffer.concat([noise(200), Buffer.alloc(5_000, 7), noise(200)])),
    flushed(text, { windowBits: 9 }),
    flushed(''),
    finished(text),
    Buffer.concat([finished(text).subarray(0, -1), flushed('x'), finished(''), flushed(text)]),
    // The oracle begins anew behind each of these blocks.
    Buffer.alloc(300, lastLetter),
    Buffer.alloc(200, lastEmptyBlock),
    Buffer.alloc(4_000, emptyBlock),
    Buffer.concat([Buffer.alloc(2_000, emptyBlock), flushed(text)]),
    bomb(3, 1),
    bomb(64, 2),
    Buffer.concat([flushed(text), bomb(1, 1)]),
    noise(10),
    noise(100),
    noise(1_000),
  ]
}

export const compressedWords = [
  emptyBlock,
  lastEmptyBlock,
  lastLetter,
  Buffer.from('0000ffff', 'hex'),
  Buffer.from('00', 'hex'),
  // A match of 258 bytes, 32 KB back, in a block of fixed codes.
  Buffer.from('1bf51f', 'hex'),
  flushed(text.slice(0, 80)),
  finished('Hello'),
]
