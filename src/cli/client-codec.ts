/**
 * The gateway's codec as a client uses it: reads what a server sends, and writes what goes to it, compressed
 * as the two have agreed.
 */
import { Compression } from '../wire/compression.ts'
import type { DeflateAgreement } from '../wire/deflate-agreement.ts'
import { MessageAssembler } from '../wire/message-assembler.ts'
import type { InflateOptions } from '../wire/message-reader.ts'
import { MessageWriter, type DeflateOptions } from '../wire/message-writer.ts'
import { inflaterBytes } from '../wire/raw-deflate.ts'

export interface ClientCodec {
  readonly reader: MessageAssembler
  readonly writer: MessageWriter
  /** Counts what was compressed. */
  readonly compression: Compression
}

/** Enough for the windows of the one connection there is. */
const compressionBytes = 1024 * 1024
/** zlib's own choice between speed and size. */
const level = 6
/** The smallest window zlib can compress within. */
const leastWindowBits = 9

/** @param messageBytes how long a message may be, once inflated. */
export function clientCodec(
  agreement: DeflateAgreement | undefined,
  messageBytes: number,
): ClientCodec {
  const compression = new Compression(compressionBytes)
  const rules = {
    isMasked: false,
    mayCompress: agreement !== undefined,
    frameBytes: messageBytes,
    messageBytes,
  }
  return {
    reader: new MessageAssembler(rules, agreement && inflateOf(agreement, compression)),
    writer: new MessageWriter(true, agreement && deflateOf(agreement, compression)),
    compression,
  }
}

function inflateOf(agreement: DeflateAgreement, compression: Compression): InflateOptions {
  const { serverWindowBits: windowBits, serverTakeover: isTakeover } = agreement
  if (isTakeover) compression.take(inflaterBytes(windowBits), true)
  return { compression, windowBits, isTakeover }
}

/** Short messages are compressed too, where that makes them smaller: whoever asks for it wants to see it. */
function deflateOf(
  { clientWindowBits: windowBits, clientTakeover: isTakeover }: DeflateAgreement,
  compression: Compression,
): DeflateOptions | undefined {
  // A server may ask for 8: then what is sent goes as it is.
  return windowBits < leastWindowBits
    ? undefined
    : { compression, windowBits, isTakeover, level, thresholdBytes: 0 }
}
