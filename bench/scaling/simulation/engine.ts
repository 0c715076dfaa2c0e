// Virtual time: what is to happen, in the order of its moments, and of its making where those are alike. So
// the same calls give the same run, however long it takes.

interface Due {
  readonly atMs: number
  readonly sequence: number
  readonly act: () => void
}

export class Engine {
  #nowMs = 0
  #sequence = 0
  /** A binary heap, the next one first. */
  readonly #heap: Due[] = []

  get nowMs(): number {
    return this.#nowMs
  }

  /** How much is still to happen. */
  get pending(): number {
    return this.#heap.length
  }

  /** @param delayMs not negative: nothing happens in the past. */
  after(delayMs: number, act: () => void): void {
    if (!(delayMs >= 0)) throw new RangeError(`a delay of ${delayMs} ms`)
    const due = { atMs: this.#nowMs + delayMs, sequence: this.#sequence++, act }
    const heap = this.#heap
    let place = heap.length
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, due)) break
      heap[place] = parent
      place = above
    }
    heap[place] = due
  }

  /** Until nothing is left to happen, it is `untilMs`, or `isOver` says so after something happened. */
  run(untilMs: number, isOver: () => boolean = () => false): void {
    for (
      let next = this.#heap[0];
      next !== undefined && next.atMs <= untilMs;
      next = this.#heap[0]
    ) {
      this.#removeFirst()
      this.#nowMs = next.atMs
      next.act()
      if (isOver()) return
    }
  }

  #removeFirst(): void {
    const heap = this.#heap
    const moved = heap.pop()
    if (moved === undefined || heap.length === 0) return
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      const [one, other] = [heap[left], heap[left + 1]]
      if (one === undefined) break
      const isRight = other !== undefined && isBefore(other, one)
      const child = isRight ? other : one
      if (isBefore(moved, child)) break
      heap[place] = child
      place = isRight ? left + 1 : left
    }
    heap[place] = moved
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.sequence < other.sequence)
}
