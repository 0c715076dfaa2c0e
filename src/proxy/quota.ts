/**
 * How many of something there may be at once, in all and for each client. Holds one entry for each
 * client that has any, so it is bounded by what it counts.
 */

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

/** An IPv4 address, or the /64 of an IPv6 address: a client can take any address in its own. */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address
  const [front = '', back] = address.split('::')
  const head = front === '' ? [] : front.split(':')
  const tail = back === undefined || back === '' ? [] : back.split(':')
  const groups =
    back === undefined ? head : [...head, ...zeros(8 - head.length - tail.length), ...tail]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

function zeros(count: number): string[] {
  return Array.from({ length: Math.max(0, count) }, () => '0')
}
