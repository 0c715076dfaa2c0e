// How long things took, counted in steps of two percent, so that what several processes and phases have
// counted can be added up, however much it is.

/** Each step by its number, with how often it was met: what passes between processes. */
export type LatencyCounts = Readonly<Record<string, number>>

const stepRatio = 1.02
/** The lower end of step 0. */
const leastMs = 0.01

export class Latencies {
  readonly #counts = new Map<number, number>()
  #total = 0

  static from(counts: LatencyCounts): Latencies {
    const latencies = new Latencies()
    latencies.merge(counts)
    return latencies
  }

  get total(): number {
    return this.#total
  }

  get counts(): LatencyCounts {
    return Object.fromEntries(this.#counts)
  }

  add(ms: number): void {
    const above = Math.max(ms, leastMs) / leastMs
    this.#count(Math.floor(Math.log(above) / Math.log(stepRatio)), 1)
  }

  merge(counts: LatencyCounts): void {
    for (const [step, count] of Object.entries(counts)) this.#count(Number(step), count)
  }

  /** At most two percent more than it was; undefined of nothing. */
  percentile(share: number): number | undefined {
    let left = Math.ceil(this.#total * share)
    for (const [step, count] of [...this.#counts].toSorted(([a], [b]) => a - b)) {
      left -= count
      if (left <= 0) return leastMs * stepRatio ** (step + 1)
    }
    return undefined
  }

  #count(step: number, count: number): void {
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + count)
    this.#total += count
  }
}
