/**
 * Chooses among several by their weights: by turn, so that the shares are exact, or by a key, so that
 * the same key gets the same. Weights can be set anew at any time.
 */
import { Rendezvous } from '../upstream/rendezvous.ts'
import { Turns } from '../upstream/turns.ts'

export interface Part<T> {
  /** What the choice by key depends on, so that the order of the file does not matter. */
  readonly name: string
  /** A share, 0 for none. */
  readonly weight: number
  readonly value: T
}

interface Share<T> {
  readonly name: string
  readonly value: T
  weight: number
}

const anyOfThem = { isOpen: () => true }

export class Split<T> {
  readonly #shares: readonly Share<T>[]
  readonly #turns = new Turns<Share<T>>()
  readonly #places = new Rendezvous<Share<T>>(({ name }) => name)

  constructor(parts: readonly Part<T>[]) {
    this.#shares = parts.map((part) => ({ ...part }))
    this.#turns.update(this.#shares)
    this.#update()
  }

  /** What each has now, by name. */
  get weights(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#shares.map(({ name, weight }) => [name, weight]))
  }

  /** @param weights by name; one that is left out stays. */
  setWeights(weights: Readonly<Record<string, number>>): void {
    for (const share of this.#shares) share.weight = weights[share.name] ?? share.weight
    this.#update()
  }

  /**
   * Everybody in turn: of any choices in a row that are as many as the weights each gets exactly its weight.
   * @returns undefined if there is nothing to choose from.
   */
  next(): T | undefined {
    return this.#turns.next()?.value
  }

  /**
   * The same for the same key, on every gateway with the same weights. When a weight grows, only keys that come to it
   * change their place.
   * @returns undefined if there is nothing to choose from.
   */
  of(key: string): T | undefined {
    return this.#places.choose(key, anyOfThem)?.value
  }

  #update(): void {
    for (const [index, { weight }] of this.#shares.entries()) this.#turns.weights[index] = weight
    this.#places.update(this.#shares.filter(({ weight }) => weight > 0))
  }
}
