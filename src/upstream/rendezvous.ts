/**
 * Places for keys, by weight: the same key has the same place on every gateway that knows the same places, with
 * nothing shared between them and in whatever order they are listed.
 *
 * Weighted rendezvous hashing: each place draws a number for the key, and the best draw wins. So a key moves only if
 * its own place goes, or to a place that comes or grows; never between two that stay as they are. See decisions/010.
 */

/** What can be asked of a place at the moment of a choice. */
export interface Openness<Place> {
  isOpen(place: Place): boolean
}

export class Rendezvous<Place extends { readonly weight: number }> {
  readonly #nameOf: (place: Place) => string
  /** By weight, then by name: in groups of the same weight. */
  #places: readonly Place[] = []
  /** Where each group ends. */
  #ends: readonly number[] = []
  /** Two numbers for each place, which make its draws: with one alone two names in a few thousand would be alike. */
  #seeds = new Int32Array()

  /** @param nameOf what the draws depend on: the same on every gateway, and no two alike. */
  constructor(nameOf: (place: Place) => string) {
    this.#nameOf = nameOf
  }

  /** Called when places come or go or weights change. Weights are above 0. */
  update(places: readonly Place[]): void {
    const named = places.map((place) => ({ place, name: this.#nameOf(place) }))
    named.sort((a, b) => a.place.weight - b.place.weight || (a.name < b.name ? -1 : 1))
    this.#places = named.map(({ place }) => place)
    this.#seeds = Int32Array.from(named.flatMap(({ name }) => seedsOf(name)))
    const { length } = named
    const isEnd = (at: number) =>
      at === length || this.#places[at - 1]?.weight !== this.#places[at]?.weight
    this.#ends = named.map((_, index) => index + 1).filter(isEnd)
  }

  /**
   * @param openness the places that can be chosen now; a key whose place cannot has its next best one.
   * @returns undefined if none is open.
   */
  choose(key: string, openness: Openness<Place>): Place | undefined {
    const hash = Bun.hash.xxHash32(key)
    let chosen: Place | undefined
    let soonest = Infinity
    let from = 0
    for (let group = 0; group < this.#ends.length; group++) {
      const to = this.#ends[group] ?? from
      const best = this.#highest(hash, from, to, openness)
      from = to
      const place = this.#places[best]
      if (place === undefined) continue
      // The time until the first of `weight` events a second: the soonest wins as often as its weight says.
      const time = -Math.log((this.#draw(hash, best) + 0.5) / 2 ** 32) / place.weight
      if (time >= soonest) continue
      chosen = place
      soonest = time
    }
    return chosen
  }

  /** Among equal weights the highest draw is the soonest: the logarithm keeps the order. @returns -1 if none is open. */
  #highest(hash: number, from: number, to: number, openness: Openness<Place>): number {
    let best = -1
    let highest = -1
    for (let index = from; index < to; index++) {
      const draw = this.#draw(hash, index)
      if (draw <= highest) continue
      const place = this.#places[index]
      // Asked only of those that would win: for 1,000 that is about seven times.
      if (place === undefined || !openness.isOpen(place)) continue
      best = index
      highest = draw
    }
    return best
  }

  /** @returns a number from 0 to 2^32 - 1. */
  #draw(hash: number, index: number): number {
    const seeds = this.#seeds
    let bits = Math.imul(hash ^ (seeds[2 * index] ?? 0), seeds[2 * index + 1] ?? 1)
    // A finalizer of 32 bits with low bias: every bit of the input decides every bit of the output.
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad)
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
    return (bits ^ (bits >>> 15)) >>> 0
  }
}

/** The second is odd: a product with it loses nothing. */
function seedsOf(name: string): [number, number] {
  return [Bun.hash.xxHash32(name, 1), Bun.hash.xxHash32(name, 2) | 1]
}
