/**
 * Turns by weight, as smooth as the weights allow: whoever is furthest behind its share is next.
 *
 * This is nginx's smooth weighted round-robin: while nothing changes, each gets exactly its weight of any
 * `sum of the weights` turns in a row. Unlike nginx's it counts in turns and not in weights how far somebody is behind
 * when weights change, so that a heavy one that sits out leaves nobody with a debt of a hundred light turns.
 *
 * It is a look at everybody, 2 µs for 1,000; a heap of deadlines would take 0.1 µs, but sifts through all of them
 * whenever most are full, which is when there is no time for that.
 */
export class Turns<Member> {
  #members: readonly Member[] = []
  /** How far each is behind its share: in turns, times `#total`. */
  #credits = new Float64Array()
  /** The sum of the weights in the last turn. */
  #total = 0
  /** Of the next turn, in the order of the members: filled by the caller, 0 for who sits out. */
  weights = new Float64Array()

  /** Those that stay keep their place among each other; new ones are neither behind nor ahead. */
  update(members: readonly Member[]): void {
    const known = new Map(this.#members.map((member, index) => [member, this.#credits[index]]))
    this.#members = members
    this.#credits = Float64Array.from(members, (member) => known.get(member) ?? 0)
    this.weights = new Float64Array(members.length)
  }

  /** @returns undefined if all sit out. */
  next(): Member | undefined {
    const { weights } = this
    let total = 0
    for (let index = 0; index < weights.length; index++) total += weights[index] ?? 0
    if (total === 0) return undefined
    if (total !== this.#total) this.#recount(total)
    const credits = this.#credits
    let next = -1
    let most = -Infinity
    for (let index = 0; index < weights.length; index++) {
      const weight = weights[index] ?? 0
      if (weight === 0) continue
      const credit = (credits[index] ?? 0) + weight
      credits[index] = credit
      if (credit <= most) continue
      next = index
      most = credit
    }
    credits[next] = most - total
    return this.#members[next]
  }

  /** Whoever is half a turn behind stays so. */
  #recount(total: number): void {
    const factor = this.#total === 0 ? 1 : total / this.#total
    for (let index = 0; index < this.#credits.length; index++)
      this.#credits[index] = (this.#credits[index] ?? 0) * factor
    this.#total = total
  }
}
