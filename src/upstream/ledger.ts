/**
 * What the addresses of one upstream carry, those included that are gone but for their sessions: an endpoint
 * that goes and comes again is full if it was, and what an administrator has said of it still holds, unless it is
 * told to be forgotten.
 *
 * Invariant: an address that is gone, carries nothing and of which nothing was said is not remembered.
 */
export interface Carried {
  /** Open, and handshakes that may become one. */
  sessions: number
  /** Plain requests under way. */
  requests: number
  /** What an administrator has said, which neither the file nor discovery knows. */
  weight: number | undefined
  isDraining: boolean
}

/** More of them are not remembered for what was said of them alone. */
const maxAddresses = 10_000

export class Ledger {
  /** By URL. */
  readonly #byUrl = new Map<string, Carried>()

  /** Of an address that is there from now on. */
  open(url: string): Carried {
    const carried = this.#byUrl.get(url) ?? nothing()
    this.#byUrl.set(url, carried)
    return carried
  }

  /** The address is gone, or somebody has left it that is. */
  settle(url: string): void {
    const carried = this.#byUrl.get(url)
    if (carried === undefined || carried.sessions + carried.requests > 0) return
    const isSpecial = carried.weight !== undefined || carried.isDraining
    if (!isSpecial || this.#byUrl.size > maxAddresses) this.#byUrl.delete(url)
  }

  /** Of an address that is gone: what an administrator has said of it holds no more. */
  forgetWord(url: string): void {
    const carried = this.#byUrl.get(url)
    if (carried === undefined) return
    carried.weight = undefined
    carried.isDraining = false
    this.settle(url)
  }

  sessionsAt(url: string): number {
    return this.#byUrl.get(url)?.sessions ?? 0
  }

  /** Sessions of addresses that are gone, by their URLs. */
  leaving(isThere: (url: string) => boolean): Map<string, number> {
    const gone = [...this.#byUrl].filter(([url, { sessions }]) => sessions > 0 && !isThere(url))
    return new Map(gone.map(([url, { sessions }]) => [url, sessions]))
  }
}

function nothing(): Carried {
  return { sessions: 0, requests: 0, weight: undefined, isDraining: false }
}
