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
  #limits: QuotaLimits
  /** Kept only where there is a limit for each client. */
  readonly #byClient = new Map<string, number>()
  #total = 0

  constructor(limits: QuotaLimits) {
    this.#limits = limits
  }

  get total(): number {
    return this.#total
  }

  /** Other limits from now on; who is in stays in. @param addresses of all who are in, asked for where they are to be counted. */
  follow(limits: QuotaLimits, addresses: () => Iterable<string>): void {
    const wasKept = this.#limits.perClient !== undefined
    this.#limits = limits
    if (limits.perClient === undefined) this.#byClient.clear()
    else if (!wasKept) for (const address of addresses()) this.#count(clientKey(address), 1)
  }

  /** Counts one more, unless a limit is reached: then says which. Whoever got in MUST `leave` once. */
  enter(address: string): 'total' | 'client' | undefined {
    const { total = Infinity, perClient } = this.#limits
    if (this.#total >= total) return 'total'
    if (perClient !== undefined) {
      const key = clientKey(address)
      if ((this.#byClient.get(key) ?? 0) >= perClient) return 'client'
      this.#count(key, 1)
    }
    this.#total++
    return undefined
  }

  leave(address: string): void {
    this.#total--
    if (this.#limits.perClient !== undefined) this.#count(clientKey(address), -1)
  }

  #count(key: string, more: number): void {
    const count = (this.#byClient.get(key) ?? 0) + more
    if (count > 0) this.#byClient.set(key, count)
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
