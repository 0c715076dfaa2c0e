// Whether a gateway compresses right: everything it sent for the messages of a corpus is inflated and
// compared, once, so that the load generator needs to do neither while it measures.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, inflateRawSync } from 'node:zlib'
import { windowBytes, type Corpus } from './corpus.ts'
import type { Gateway } from './gateways.ts'
import { runLoad } from './native.ts'
import { temporaryDirectory } from './processes.ts'

// Enough for every gateway on a busy machine: it takes a fraction of a second.
const seconds = 20
// In a record, the bit of a message's length that tells that it is compressed.
const compressedBit = 2 ** 31
// What a compressed message is without (RFC 7692 §7.2.2).
const leftOut = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** Undefined: every message came back as it was sent. Otherwise what is wrong. */
export async function checkCompression(
  gateway: Gateway,
  corpus: Corpus,
  prefix: string[],
): Promise<string | undefined> {
  const record = join(temporaryDirectory(), 'record')
  const result = await runLoad(
    prefix,
    gateway.port,
    {
      mode: 'check',
      clients: 1,
      inFlight: 8,
      payload: corpus.file,
      deflate: gateway.deflate,
      tls: 'off',
      seconds,
      warmSeconds: 1,
      record,
    },
    () => {},
  )
  if (result.errors > 0) return result.firstError
  return compare(readFileSync(record), corpus.payloads, gateway.deflate)
}

function compare(
  record: Buffer,
  payloads: Buffer[],
  deflate: Gateway['deflate'],
): string | undefined {
  const plain: Buffer[] = []
  let compressed = 0
  let window = Buffer.alloc(0)
  for (const message of readRecord(record)) {
    compressed += Number(message.isCompressed)
    const payload = message.isCompressed ? inflate(message.bytes, window) : message.bytes
    if (!payload.equals(payloads[plain.length % payloads.length] ?? Buffer.alloc(0))) {
      return `message ${plain.length} is another one when inflated`
    }
    plain.push(payload)
    // What is sent as it is does not become part of the window (RFC 7692 §7.2.3).
    if (deflate === 'takeover' && message.isCompressed) {
      window = Buffer.concat([window, payload]).subarray(-windowBytes)
    }
  }
  if (plain.length < 2 * payloads.length) return `only ${plain.length} messages came back`
  if (deflate !== 'off' && compressed === 0) return 'no message was compressed'
  return undefined
}

function* readRecord(record: Buffer): Generator<{ isCompressed: boolean; bytes: Buffer }> {
  for (let place = 0; place < record.length;) {
    const head = record.readUInt32LE(place)
    const isCompressed = head >= compressedBit
    const end = place + 4 + (isCompressed ? head - compressedBit : head)
    yield { isCompressed, bytes: record.subarray(place + 4, end) }
    place = end
  }
}

function inflate(message: Buffer, window: Buffer): Buffer {
  const dictionary = window.length > 0 && { dictionary: window }
  const options = { finishFlush: constants.Z_SYNC_FLUSH, ...dictionary }
  return inflateRawSync(Buffer.concat([message, leftOut]), options)
}
