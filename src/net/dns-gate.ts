/**
 * Bounds how many exchanges with DNS servers are under way at once; the others wait in line.
 */
export class DnsGate {
  #free: number
  readonly #line = new Set<() => void>()

  constructor(most: number) {
    this.#free = most
  }

  /** Runs it when there is room. @throws what it throws, or the reason of the signal. */
  async run<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    await this.#enter(signal)
    try {
      signal.throwIfAborted()
      return await work()
    } finally {
      this.#leave()
    }
  }

  #enter(signal: AbortSignal): Promise<void> | undefined {
    signal.throwIfAborted()
    if (this.#free > 0) return void this.#free--
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.#line.delete(enter)
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#line.add(enter)
    })
  }

  /** The place goes to the next in line, if anybody waits. */
  #leave(): void {
    const [next] = this.#line
    if (next === undefined) this.#free++
    else {
      this.#line.delete(next)
      next()
    }
  }
}
