/**
 * How many messages and bytes a client may send just now, by the rates of its route.
 */
import { TokenBucket, type Rate } from '../core/token-bucket.ts'
import type { Direction } from './direction.ts'

export interface RateLimit extends Rate {
  /** Past the rate: `delay` reads no more until there is room, `close` closes the session. */
  readonly over: 'delay' | 'close'
}

export interface Rates {
  readonly messages: RateLimit | undefined
  readonly bytes: RateLimit | undefined
}

/** Worth of room a delayed sender waits for, so that a flood does not mean a timer for each message. */
const quantumSeconds = 0.05

/** @param before the one that there was, whose debts stay. @returns undefined where nothing is limited. */
export function throttleFor(
  { messages, bytes }: Rates,
  nowMs: number,
  before?: Throttle,
): Throttle | undefined {
  if (messages === undefined && bytes === undefined) return undefined
  if (before === undefined) return new Throttle({ messages, bytes }, nowMs)
  before.follow({ messages, bytes }, nowMs)
  return before
}

export class Throttle {
  #rates: Rates
  #messages: TokenBucket | undefined
  #bytes: TokenBucket | undefined

  constructor(rates: Rates, nowMs: number) {
    this.#rates = rates
    this.#messages = rates.messages && new TokenBucket(rates.messages, nowMs)
    this.#bytes = rates.bytes && new TokenBucket(rates.bytes, nowMs)
  }

  /** Other rates from now on. */
  follow(rates: Rates, nowMs: number): void {
    this.#rates = rates
    this.#messages = followed(this.#messages, rates.messages, nowMs)
    this.#bytes = followed(this.#bytes, rates.bytes, nowMs)
  }

  /** Lets a direction pass what may pass now. @param pass given how many bytes. */
  within(direction: Direction, nowMs: number, pass: (mostBytes: number) => void): void {
    const { bytes, begun } = direction
    direction.mostBegun = begun + (this.#messages?.available(nowMs) ?? Infinity)
    pass(this.#bytes?.available(nowMs) ?? Infinity)
    this.#messages?.take(direction.begun - begun)
    this.#bytes?.take(direction.bytes - bytes)
  }

  /**
   * What becomes of a sender that has more to say: milliseconds to wait, or what it did.
   * @param isOfBytes whether it was bytes that ran out, rather than messages.
   */
  excess(isOfBytes: boolean): { readonly waitMs: number } | { readonly fault: string } {
    const { messages, bytes } = this.#rates
    const rate = isOfBytes ? bytes : messages
    if (rate?.over === 'close') {
      const noun = isOfBytes ? 'bytes' : 'messages'
      return { fault: `more than ${rate.perSecond} ${noun} a second` }
    }
    return {
      waitMs: Math.max(1, waitFor(this.#messages, messages), waitFor(this.#bytes, bytes)),
    }
  }
}

function followed(
  bucket: TokenBucket | undefined,
  rate: Rate | undefined,
  nowMs: number,
): TokenBucket | undefined {
  if (rate === undefined || bucket === undefined) return rate && new TokenBucket(rate, nowMs)
  bucket.follow(rate, nowMs)
  return bucket
}

function waitFor(bucket: TokenBucket | undefined, rate: Rate | undefined): number {
  if (bucket === undefined || rate === undefined) return 0
  return bucket.waitMs(Math.max(1, Math.floor(rate.perSecond * quantumSeconds)))
}
