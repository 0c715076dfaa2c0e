// The memory of a long run: once it is warm, it must not grow.

/** What the second half may need more than the first. */
const mostGrowthBytes = 10 * 1024 * 1024

export class FuzzMemory {
  #isSecondHalf = false
  /** At the end of the first half, after a collection, and the most while it ran. */
  #middle = { settledBytes: 0, mostBytes: 0 }
  #mostBytes = 0

  /** Called now and then. @param progress from 0 to 1. */
  async sample(progress: number): Promise<void> {
    this.#mostBytes = Math.max(this.#mostBytes, process.memoryUsage.rss())
    if (this.#isSecondHalf || progress < 0.5) return
    this.#isSecondHalf = true
    this.#middle = { settledBytes: await settledBytes(), mostBytes: this.#mostBytes }
    this.#mostBytes = 0
  }

  /** @returns a sentence about it, and whether it has grown. */
  async judge(): Promise<{ readonly sentence: string; readonly hasGrown: boolean }> {
    const end = { settledBytes: await settledBytes(), mostBytes: this.#mostBytes }
    const { settledBytes: middleBytes, mostBytes: middleMostBytes } = this.#middle
    const sentence =
      `memory ${inMegabytes(middleBytes)} after the first half, ${inMegabytes(end.settledBytes)} after the ` +
      `second; at most ${inMegabytes(middleMostBytes)} and ${inMegabytes(end.mostBytes)} while they ran`
    const hasGrown =
      this.#isSecondHalf &&
      (end.settledBytes > middleBytes + mostGrowthBytes ||
        end.mostBytes > middleMostBytes + mostGrowthBytes)
    return { sentence, hasGrown }
  }
}

/** The least of several looks: what is collected is given back to the system some time later. */
async function settledBytes(): Promise<number> {
  let least = Infinity
  for (let look = 0; look < 20; look++) {
    Bun.gc(true)
    await Bun.sleep(50)
    least = Math.min(least, process.memoryUsage.rss())
  }
  return least
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
