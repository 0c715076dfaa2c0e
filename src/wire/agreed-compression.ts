/**
 * How one end of a connection compresses what it sends, and how that is inflated, by what the two have agreed.
 */
import { leastDeflateBits, type DeflateAgreement } from './deflate-agreement.ts'
import type { InflateOptions } from './message-reader.ts'
import type { DeflateOptions } from './message-writer.ts'

/** Whose messages they are. */
export type Sender = 'client' | 'server'

export function inflateOptions(
  agreement: DeflateAgreement,
  sender: Sender,
  compression: InflateOptions['compression'],
): InflateOptions {
  return { compression, ...agreedBy(agreement, sender) }
}

/** @returns undefined where the other end wants a window within which zlib cannot compress: messages go as they are. */
export function deflateOptions(
  agreement: DeflateAgreement,
  sender: Sender,
  how: Pick<DeflateOptions, 'compression' | 'level' | 'thresholdBytes'>,
): DeflateOptions | undefined {
  const agreed = agreedBy(agreement, sender)
  const { compression, level, thresholdBytes } = how
  return agreed.windowBits < leastDeflateBits
    ? undefined
    : { compression, level, thresholdBytes, ...agreed }
}

function agreedBy(agreement: DeflateAgreement, sender: Sender) {
  return sender === 'client'
    ? { windowBits: agreement.clientWindowBits, isTakeover: agreement.clientTakeover }
    : { windowBits: agreement.serverWindowBits, isTakeover: agreement.serverTakeover }
}
