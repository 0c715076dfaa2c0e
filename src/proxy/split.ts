/**
 * Chooses among several by their weights: by turn, so that the shares are exact, or by a key, so that
 * the same key gets the same. Weights can be set anew at any time.
 */

export interface Part<T> {
  /** What the choice by key depends on, so that the order of the file does not matter. */
  readonly name: string
  /** A share, 0 for none. */
  readonly weight: number
  readonly value: T
}

interface Share<T> {
  readonly part: Part<T>
  weight: number
  /** How far it is behind with its turns, in weights. */
  credit: number
  readonly seed: bigint
}

export class Split<T> {
  readonly #all: readonly Share<T>[]
  /** Those with a weight. */
  #shares: readonly Share<T>[] = []
  #total = 0

  constructor(parts: readonly Part<T>[]) {
    this.#all = parts.map((part) => ({
      part,
      weight: part.weight,
      credit: 0,
      seed: Bun.hash.xxHash64(part.name),
    }))
    this.#update()
  }

  /** What each has now, by name. */
  get weights(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#all.map(({ part, weight }) => [part.name, weight]))
  }

  /** @param weights by name; one that is left out stays. */
  setWeights(weights: Readonly<Record<string, number>>): void {
    const before = this.#total
    for (const share of this.#all) share.weight = weights[share.part.name] ?? share.weight
    this.#update()
    // Turns that are owed stay owed, in the new weights: however often these change, nobody is starved.
    for (const share of this.#all)
      share.credit = before === 0 ? 0 : (share.credit * this.#total) / before
  }

  /**
   * Everybody in turn, as smoothly as the weights allow: of any `total` choices in a row that start
   * together each gets exactly its weight.
   * @returns undefined if there is nothing to choose from.
   */
  next(): T | undefined {
    let best: Share<T> | undefined
    for (const share of this.#shares) {
      share.credit += share.weight
      if (best === undefined || share.credit > best.credit) best = share
    }
    if (best !== undefined) best.credit -= this.#total
    return best?.part.value
  }

  /**
   * The same for the same key, on every gateway with the same weights. Weighted rendezvous hashing: when
   * a weight grows, only keys that come to it change their place.
   * @returns undefined if there is nothing to choose from.
   */
  of(key: string): T | undefined {
    let best: Share<T> | undefined
    let least = Infinity
    for (const share of this.#shares) {
      // The time until the first of `weight` events a second: the earliest wins, by its share of them.
      const score = -Math.log(unit(Bun.hash.xxHash64(key, share.seed))) / share.weight
      if (score < least) [best, least] = [share, score]
    }
    return best?.part.value
  }

  #update(): void {
    this.#shares = this.#all.filter(({ weight }) => weight > 0)
    this.#total = this.#shares.reduce((total, { weight }) => total + weight, 0)
  }
}

/** A hash as a number between 0 and 1, neither included. */
function unit(hash: bigint): number {
  return (Number(hash >> 11n) + 0.5) / 2 ** 53
}
