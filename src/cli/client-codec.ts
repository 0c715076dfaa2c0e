/**
 * The gateway's codec as a client uses it: reads what a server sends, and writes what goes to it, compressed
 * as the two have agreed.
 */
import { deflateOptions, inflateOptions } from '../wire/agreed-compression.ts'
import { Compression } from '../wire/compression.ts'
import type { DeflateAgreement } from '../wire/deflate-agreement.ts'
import { MessageAssembler } from '../wire/message-assembler.ts'
import { MessageWriter } from '../wire/message-writer.ts'
import { inflaterBytes } from '../wire/raw-deflate.ts'

export interface ClientCodec {
  readonly reader: MessageAssembler
  readonly writer: MessageWriter
  /** Counts what was compressed. */
  readonly compression: Compression
}

/** Enough for the windows of the one connection there is. */
const compressionBytes = 1024 * 1024
/**
 * zlib's own choice between speed and size; and short messages too, where that makes them smaller: whoever
 * asks for it wants to see it.
 */
const settings = { level: 6, thresholdBytes: 0 }

/** @param messageBytes how long a message may be, once inflated. */
export function clientCodec(
  agreement: DeflateAgreement | undefined,
  messageBytes: number,
): ClientCodec {
  const compression = new Compression(compressionBytes)
  if (agreement?.serverTakeover === true)
    compression.take(inflaterBytes(agreement.serverWindowBits), true)
  const inflate = agreement && inflateOptions(agreement, 'server', compression)
  const deflate = agreement && deflateOptions(agreement, 'client', { ...settings, compression })
  const rules = {
    isMasked: false,
    mayCompress: agreement !== undefined,
    frameBytes: messageBytes,
    messageBytes,
  }
  return {
    reader: new MessageAssembler(rules, inflate),
    writer: new MessageWriter(true, deflate),
    compression,
  }
}
