/**
 * Writes messages: compressed where that was agreed and is worth it, in frames, which it gathers so that
 * many leave together. A message may come in pieces; each becomes a frame.
 */
import type { Compression } from './compression.ts'
import { headerBytesOf, writeFrame } from './frame-encoder.ts'
import { FIN, RSV1 } from './frame-header.ts'
import { advanceKey, freshKey, mask, writeKey } from './mask.ts'
import { Opcode } from './opcode.ts'
import type { RawDeflate } from './raw-deflate.ts'

/** How messages are compressed. */
export interface DeflateOptions {
  readonly compression: Compression
  /** Base-two logarithm of the window, 9 to 15. */
  readonly windowBits: number
  /** Of zlib, 1 to 9. */
  readonly level: number
  /** Whether messages may refer back to earlier ones. */
  readonly isTakeover: boolean
  /** Shorter messages are sent as they are. */
  readonly thresholdBytes: number
}

export interface MessagePiece {
  readonly opcode: number
  readonly payload: Buffer
  readonly isFirst: boolean
  readonly isLast: boolean
}

/** Where a frame lies, or a part of one, that may leave as it is but for its key. Its payload is not masked. */
export interface FramePlace {
  readonly chunk: Buffer
  /** Whether its header is there; else it goes on with the payload of the frame before. */
  readonly isFrameStart: boolean
  readonly frameStart: number
  readonly payloadStart: number
  readonly payloadEnd: number
}

const nothing = Buffer.alloc(0)
/** All that is left of a message whose last piece has nothing to say (RFC 7692 §7.2.3.6). */
const emptyBlock = Buffer.from([0x00])

export class MessageWriter {
  readonly #isMasked: boolean
  readonly #deflate: DeflateOptions | undefined
  /** With takeover the one of the session, from its first message on; else of a message in pieces. */
  #deflater: RawDeflate | undefined
  #isKept = false
  /** Of the message under way. */
  #isCompressed = false
  /** The frames that leave next: from `#start` to `#end`, in a buffer of its own or where they were read. */
  #gathered: Buffer = nothing
  #start = 0
  #end = 0
  #isOwn = true
  /** Of the frame that was passed last, for the rest of its payload. */
  #key = 0

  /** @param isMasked whether it is a client's. */
  constructor(isMasked: boolean, deflate: DeflateOptions | undefined) {
    this.#isMasked = isMasked
    this.#deflate = deflate
  }

  /** Whether the message under way is being compressed. */
  get isCompressed(): boolean {
    return this.#isCompressed
  }

  /** Bytes that were gathered. */
  get bytes(): number {
    return this.#end - this.#start
  }

  /** @returns the frames gathered since the last call; they belong to the caller, and keep no more than twice their memory. */
  take(): Buffer {
    const frames = this.#gathered.subarray(this.#start, this.#end)
    const isSmallPart = frames.length * 2 < this.#gathered.length
    this.#gathered = nothing
    this.#start = this.#end = 0
    this.#isOwn = true
    return isSmallPart ? Buffer.from(frames) : frames
  }

  /** @param place where it was read. */
  control(opcode: number, payload: Buffer, place?: FramePlace): void {
    if (place === undefined) this.#frame(FIN | opcode, payload)
    else this.#pass(place)
  }

  /**
   * @param knownBytes how long the message is at least, as far as that is known.
   * @param place where the piece was read, if its frame may leave as it is.
   */
  data(piece: MessagePiece, knownBytes: number, place?: FramePlace): void {
    const { opcode, payload, isFirst, isLast } = piece
    const first = (isFirst ? opcode : Opcode.continuation) | (isLast ? FIN : 0)
    if (isFirst) {
      const deflate =
        knownBytes < (this.#deflate?.thresholdBytes ?? Infinity) ? undefined : this.#deflate
      this.#isCompressed = deflate !== undefined && this.#begin(deflate, isLast)
      if (deflate !== undefined && !this.#isCompressed && isLast)
        return this.#frameAlone(first, payload, deflate)
    }
    if (!this.#isCompressed)
      return place === undefined ? this.#frame(first, payload) : this.#pass(place)
    this.#frame(isFirst ? first | RSV1 : first, this.#deflated(payload, isLast))
    if (isLast && !this.#isKept) this.#close()
  }

  /** Gives back the memory of its window. */
  release(): void {
    this.#close()
  }

  /** @returns whether there is a deflater for this message; one that comes in one piece can do without. */
  #begin(deflate: DeflateOptions, isLast: boolean): boolean {
    const { compression, windowBits, level, isTakeover } = deflate
    if (this.#deflater === undefined && isTakeover) {
      this.#deflater = compression.openDeflater(windowBits, level, true)
      this.#isKept = this.#deflater !== undefined
    }
    if (!isLast) this.#deflater ??= compression.openDeflater(windowBits, level, false)
    return this.#deflater !== undefined
  }

  #deflated(payload: Buffer, isLast: boolean): Buffer {
    if (this.#deflater === undefined || this.#deflate === undefined)
      throw new TypeError('There is no deflater')
    const flushed = this.#deflater.deflate(payload)
    const deflated = !isLast
      ? flushed
      : flushed.length === 0
        ? emptyBlock
        : flushed.subarray(0, flushed.length - 4)
    this.#deflate.compression.count(payload.length, deflated.length, isLast)
    return deflated
  }

  /** A message that refers to none before it, as it is where compression does not make it smaller. */
  #frameAlone(
    first: number,
    payload: Buffer,
    { compression, windowBits, level }: DeflateOptions,
  ): void {
    const deflated = compression.deflateOnce(payload, windowBits, level)
    if (deflated.length >= payload.length) return this.#frame(first, payload)
    compression.count(payload.length, deflated.length, true)
    this.#frame(first | RSV1, deflated)
  }

  /** What was read stays where it is as long as nothing has to come between it and what was before. */
  #pass({ chunk, isFrameStart, frameStart, payloadStart, payloadEnd }: FramePlace): void {
    const start = isFrameStart ? frameStart : payloadStart
    if (this.#isMasked) {
      if (isFrameStart) {
        this.#key = freshKey()
        writeKey(chunk, payloadStart - 4, this.#key)
      }
      mask(chunk, payloadStart, payloadEnd, this.#key)
      this.#key = advanceKey(this.#key, payloadEnd - payloadStart)
    }
    if (this.bytes === 0) {
      this.#gathered = chunk
      this.#start = start
      this.#isOwn = false
    } else if (this.#isOwn || this.#gathered !== chunk || this.#end !== start) {
      const bytes = chunk.subarray(start, payloadEnd)
      if (!this.#isOwn || this.#end + bytes.length > this.#gathered.length)
        this.#makeRoom(bytes.length)
      this.#gathered.set(bytes, this.#end)
      this.#end += bytes.length
      return
    }
    this.#end = payloadEnd
  }

  #frame(first: number, payload: Buffer): void {
    const needed = headerBytesOf(payload.length, this.#isMasked) + payload.length
    if (!this.#isOwn || this.#end + needed > this.#gathered.length) this.#makeRoom(needed)
    this.#end = writeFrame(this.#gathered, this.#end, first, payload, this.#isMasked)
  }

  #makeRoom(needed: number): void {
    const { bytes } = this
    const roomier = Buffer.allocUnsafe(bytes + Math.max(needed, bytes))
    roomier.set(this.#gathered.subarray(this.#start, this.#end))
    this.#gathered = roomier
    this.#start = 0
    this.#end = bytes
    this.#isOwn = true
  }

  #close(): void {
    if (this.#deflater !== undefined && this.#deflate !== undefined)
      this.#deflate.compression.closeDeflater(this.#deflater, this.#deflate.windowBits)
    this.#deflater = undefined
    this.#isKept = false
  }
}
