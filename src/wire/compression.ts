/**
 * What the sessions of a gateway share of compression: one budget for the memory of all windows, and the
 * deflater and inflater of everybody who keeps no window.
 *
 * Invariant: what is taken from the budget is given back once, at the latest by `release` of the reader or
 * writer whose window it is for. The shared ones hold nothing between two messages, and their few hundred kilobytes are outside the budget.
 */
import { deflaterBytes, inflaterBytes, RawDeflate, RawInflate } from './raw-deflate.ts'

/** Part of the budget for windows that are kept between messages: the rest is for messages under way. */
const keptShare = 0.75
/** Messages the shared deflater remembers, and how long one may be: a broadcast comes within a few others. */
const rememberedMessages = 8
const rememberedBytes = 16 * 1024

/** One that was compressed. */
interface Remembered {
  readonly payload: Buffer
  readonly windowBits: number
  readonly level: number
  readonly deflated: Buffer
}

export class Compression {
  limitBytes: number
  /** Memory of the windows in use. */
  usedBytes = 0

  // Counted for metrics.
  /** Messages sent compressed, their bytes before and after. */
  deflatedMessages = 0
  plainBytes = 0
  deflatedBytes = 0
  /** Of these messages, those whose bytes were known from another receiver. */
  reusedMessages = 0
  inflatedMessages = 0
  /** How often there was no memory in the budget. */
  refusals = 0

  readonly #deflaters = new Map<number, RawDeflate>()
  #inflater: RawInflate | undefined
  readonly #remembered: Remembered[] = []
  #nextRemembered = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  /** Whether a window of this size could be kept now. */
  couldKeep(bytes: number): boolean {
    return this.usedBytes + bytes <= this.limitBytes * keptShare
  }

  /** @returns whether there was room for it. */
  take(bytes: number, isKept: boolean): boolean {
    const hasRoom = isKept ? this.couldKeep(bytes) : this.usedBytes + bytes <= this.limitBytes
    if (hasRoom) this.usedBytes += bytes
    else this.refusals++
    return hasRoom
  }

  /** What was sent compressed: a message, or a piece of one. */
  count(plainBytes: number, deflatedBytes: number, isLast: boolean): void {
    this.plainBytes += plainBytes
    this.deflatedBytes += deflatedBytes
    if (isLast) this.deflatedMessages++
  }

  give(bytes: number): void {
    this.usedBytes -= bytes
  }

  /** @returns undefined if the budget has no room. Whoever gets one closes it with `closeDeflater`. */
  openDeflater(windowBits: number, level: number, isKept: boolean): RawDeflate | undefined {
    return this.take(deflaterBytes(windowBits), isKept)
      ? new RawDeflate(windowBits, level)
      : undefined
  }

  closeDeflater(deflater: RawDeflate, windowBits: number): void {
    deflater.close()
    this.give(deflaterBytes(windowBits))
  }

  openInflater(windowBits: number): RawInflate | undefined {
    return this.take(inflaterBytes(windowBits), false) ? new RawInflate(windowBits) : undefined
  }

  closeInflater(inflater: RawInflate, windowBits: number): void {
    inflater.close()
    this.give(inflaterBytes(windowBits))
  }

  /** @returns the inflater of everybody, ready for a message; whoever uses it is done with it before anybody else runs. */
  sharedInflater(): RawInflate {
    this.#inflater ??= new RawInflate(15)
    this.#inflater.reset()
    return this.#inflater
  }

  /**
   * A whole message on its own, without `flushTail`. The same bytes for the next receiver are not
   * compressed again.
   * @returns what belongs to nobody: it is copied before the next call.
   */
  deflateOnce(payload: Buffer, windowBits: number, level: number): Buffer {
    const known = this.#recall(payload, windowBits, level)
    if (known !== undefined) {
      this.reusedMessages++
      return known
    }
    const deflater = this.#sharedDeflater(windowBits, level)
    deflater.reset()
    const flushed = deflater.deflate(payload)
    const deflated = flushed.subarray(0, flushed.length - 4)
    if (payload.length > rememberedBytes) return deflated
    const entry = {
      payload: Buffer.from(payload),
      windowBits,
      level,
      deflated: Buffer.from(deflated),
    }
    this.#remembered[this.#nextRemembered] = entry
    this.#nextRemembered = (this.#nextRemembered + 1) % rememberedMessages
    return entry.deflated
  }

  #recall(payload: Buffer, windowBits: number, level: number): Buffer | undefined {
    for (const each of this.#remembered) {
      const isSame =
        each.payload.length === payload.length &&
        each.windowBits === windowBits &&
        each.level === level &&
        each.payload.equals(payload)
      if (isSame) return each.deflated
    }
    return undefined
  }

  #sharedDeflater(windowBits: number, level: number): RawDeflate {
    const kind = windowBits * 16 + level
    let deflater = this.#deflaters.get(kind)
    if (deflater === undefined) {
      deflater = new RawDeflate(windowBits, level)
      this.#deflaters.set(kind, deflater)
    }
    return deflater
  }
}
