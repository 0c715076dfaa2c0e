/**
 * Reads messages: frames, inflated where they are compressed, text checked to be UTF-8. Asked again and
 * again for the next piece, it gives data as it arrives and control frames whole.
 *
 * Invariant: no more than one piece of at most 64 KB is inflated ahead of who asks, so neither a bomb nor
 * a slow receiver makes it hold more; where there is no memory for a window, no more than one message.
 */
import { isUtf8 } from 'node:buffer'
import type { Compression } from './compression.ts'
import { FrameDecoder, wholeBytes } from './frame-decoder.ts'
import type { FrameRules } from './frame-header.ts'
import { Opcode } from './opcode.ts'
import { flushTail, inflaterBytes, RawInflate } from './raw-deflate.ts'
import { Utf8Check } from './utf8.ts'

/** How the sender compresses. */
export interface InflateOptions {
  readonly compression: Compression
  /** Base-two logarithm of its window, 8 to 15. */
  readonly windowBits: number
  /** Whether its messages refer back to earlier ones. The memory for that has been taken from the budget; `release` gives it back. */
  readonly isTakeover: boolean
}

const nothing = Buffer.alloc(0)

export class MessageReader {
  readonly frames: FrameDecoder
  readonly #rules: FrameRules
  readonly #inflate: InflateOptions | undefined
  /** Kept with takeover; else of a message that does not come out in one piece. */
  #inflater: RawInflate | undefined
  /** Whether there is more to come of what the inflater was given. */
  #isInflating = false
  /** The beginning of a short message in fragments, for which there is no memory to inflate it as it comes. */
  #waiting: Buffer = nothing
  /** Inflated bytes of the message under way. */
  #inflatedBytes = 0
  #utf8: Utf8Check | undefined
  /** Whether the next piece is the first of its message. */
  #isFirst = true
  #isReleased = false

  // The piece that was read.
  /** Of the message, or of the control frame. */
  opcode = 0
  /** Valid until the next piece is asked for; for longer if the message was not compressed. Empty where there is none. */
  payload: Buffer = nothing
  isFirst = false
  isLast = false
  /** The frame goes on, and is short enough to wait for its end. */
  isCut = false

  constructor(rules: FrameRules, inflate: InflateOptions | undefined) {
    this.frames = new FrameDecoder(rules)
    this.#rules = rules
    this.#inflate = inflate
  }

  /** Reads the next piece. @returns false if there is none, for now or for ever. */
  next(): boolean {
    const { frames } = this
    while (this.#isInflating || frames.next()) {
      if (this.#isInflating) {
        if (this.#readInflated()) return true
      } else if (frames.opcode >= Opcode.close) {
        this.opcode = frames.opcode
        this.payload = frames.payload
        return true
      } else if (!frames.isCompressed) {
        if (this.#accept(frames.payload, frames.isMessageEnd)) return true
      } else if (this.#readCompressed()) return true
    }
    this.payload = nothing
    return false
  }

  /** Gives back the memory of its window; nothing is read after it. */
  release(): void {
    if (this.#inflate === undefined || this.#isReleased) return
    this.#isReleased = true
    this.#isInflating = false
    this.frames.stop()
    const { compression, windowBits, isTakeover } = this.#inflate
    this.#inflater?.close()
    if (isTakeover || this.#inflater !== undefined) compression.give(inflaterBytes(windowBits))
    this.#inflater = undefined
    this.#waiting = nothing
  }

  /** Inflates what was read of a compressed message. @returns whether that is a piece already. */
  #readCompressed(): boolean {
    const { payload, isMessageEnd } = this.frames
    const inflate = this.#inflate
    if (inflate === undefined) throw new TypeError('A compressed message where none was agreed')
    let input = isMessageEnd ? Buffer.concat([this.#waiting, payload, flushTail]) : payload
    if (this.#inflater === undefined && isMessageEnd && !inflate.isTakeover) {
      const inflater = inflate.compression.sharedInflater()
      inflater.feed(input)
      const piece = inflater.next()
      if (inflater.isDone) return this.#acceptInflated(piece, inflater.isCorrupt, true)
    }
    if (!this.#hasInflater(inflate)) {
      if (isMessageEnd) return this.#inflateAtOnce(input, inflate.compression)
      this.#waiting = Buffer.concat([this.#waiting, payload])
      if (this.#waiting.length <= wholeBytes) return false
      const detail = 'the memory for windows is used up'
      return this.#violate('COMPRESSION_MEMORY', detail)
    }
    if (this.#waiting.length > 0 && !isMessageEnd) input = Buffer.concat([this.#waiting, payload])
    this.#waiting = nothing
    this.#inflater?.feed(input)
    this.#isInflating = true
    return false
  }

  /** There is no memory to stop in the middle: all of a message, with what everybody shares. */
  #inflateAtOnce(input: Buffer, compression: Compression): boolean {
    const inflater = compression.sharedInflater()
    const pieces: Buffer[] = []
    inflater.feed(input)
    for (let bytes = 0; !inflater.isDone && bytes <= this.#rules.messageBytes;) {
      const piece = Buffer.from(inflater.next())
      bytes += piece.length
      pieces.push(piece)
    }
    return this.#acceptInflated(Buffer.concat(pieces), inflater.isCorrupt, true)
  }

  /** One of its own, whose state outlasts a call. */
  #hasInflater({ compression, windowBits, isTakeover }: InflateOptions): boolean {
    this.#inflater ??= isTakeover
      ? new RawInflate(windowBits)
      : compression.openInflater(windowBits)
    return this.#inflater !== undefined
  }

  /** @returns whether there is a piece. */
  #readInflated(): boolean {
    const inflater = this.#inflater
    if (inflater === undefined || this.#inflate === undefined) return false
    const piece = inflater.next()
    const { isDone, isCorrupt } = inflater
    this.#isInflating = !isDone
    const isLast = isDone && this.frames.isMessageEnd
    if (isLast && !this.#inflate.isTakeover) {
      this.#inflate.compression.closeInflater(inflater, this.#inflate.windowBits)
      this.#inflater = undefined
    }
    if (piece.length === 0 && !isLast && !isCorrupt) return false
    return this.#acceptInflated(piece, isCorrupt, isLast)
  }

  #acceptInflated(piece: Buffer, isCorrupt: boolean, isLast: boolean): boolean {
    if (isCorrupt)
      return this.#violate('INVALID_COMPRESSION', 'a compressed message cannot be inflated')
    this.#inflatedBytes += piece.length
    const { messageBytes } = this.#rules
    if (this.#inflatedBytes > messageBytes)
      return this.#violate('MESSAGE_TOO_BIG', `a message is larger than ${messageBytes} bytes`)
    if (isLast) {
      this.#waiting = nothing
      this.#inflatedBytes = 0
      if (this.#inflate !== undefined) this.#inflate.compression.inflatedMessages++
    }
    return this.#accept(piece, isLast)
  }

  #accept(payload: Buffer, isLast: boolean): boolean {
    const { opcode, isCompressed, isFrameEnd, frameBytes } = this.frames
    if (opcode === Opcode.text && !this.#isText(payload, isLast))
      return this.#violate('INVALID_TEXT', 'a text message is not UTF-8')
    this.opcode = opcode
    this.payload = payload
    this.isFirst = this.#isFirst
    this.isLast = this.#isFirst = isLast
    this.isCut = !isFrameEnd && !isCompressed && frameBytes <= wholeBytes
    return true
  }

  /** Most texts come whole: nothing is kept for them. */
  #isText(payload: Buffer, isLast: boolean): boolean {
    if (this.#isFirst && isLast) return isUtf8(payload)
    this.#utf8 ??= new Utf8Check()
    if (this.#isFirst) this.#utf8.reset()
    return this.#utf8.isValid(payload) && (!isLast || this.#utf8.isComplete)
  }

  /** @returns false. */
  #violate(...violation: Parameters<FrameDecoder['violate']>): false {
    this.#isInflating = false
    return this.frames.violate(...violation)
  }
}
