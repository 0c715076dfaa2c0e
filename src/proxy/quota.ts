/**
 * How many of something there may be at once, in all and for each client. Holds one entry for each
 * client that has any, so it is bounded by what it counts.
 */
import { formatAddress, parseAddress } from '../core/ip-address.ts'

export interface QuotaLimits {
  readonly total: number | undefined
  readonly perClient: number | undefined
}

export class Quota {
  readonly #limits: QuotaLimits
  /** Kept only where there is a limit for each client. */
  readonly #byClient = new Map<string, number>()
  #total = 0

  constructor(limits: QuotaLimits) {
    this.#limits = limits
  }

  get total(): number {
    return this.#total
  }

  /** Counts one more, unless a limit is reached: then says which. Whoever got in MUST `leave` once. */
  enter(address: string): 'total' | 'client' | undefined {
    const { total = Infinity, perClient } = this.#limits
    if (this.#total >= total) return 'total'
    if (perClient !== undefined) {
      const key = clientKey(address)
      const count = this.#byClient.get(key) ?? 0
      if (count >= perClient) return 'client'
      this.#byClient.set(key, count + 1)
    }
    this.#total++
    return undefined
  }

  leave(address: string): void {
    this.#total--
    if (this.#limits.perClient === undefined) return
    const key = clientKey(address)
    const left = (this.#byClient.get(key) ?? 0) - 1
    if (left > 0) this.#byClient.set(key, left)
    else this.#byClient.delete(key)
  }
}

/**
 * An IPv4 address, however it is written, or the /64 of an IPv6 address: a client can take any address in
 * its own. What is no address, as behind a Unix socket, is one client.
 */
export function clientKey(address: string): string {
  const number = parseAddress(address)
  if (number === undefined) return address
  const text = formatAddress(number)
  return text.includes(':') ? formatAddress((number >> 64n) << 64n) : text
}
