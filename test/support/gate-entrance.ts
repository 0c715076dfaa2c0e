// A dial gate with a line of dials in front of it, each known by a number.

import { DialGate } from '../../src/upstream/dial-gate.ts'

/** A gate, and who came to it. */
export class Entrance {
  readonly gate = new DialGate()
  /** In the order they were let in. */
  readonly admitted: number[] = []
  readonly turnedAway: number[] = []
  readonly #signals: AbortController[] = []

  /** @returns the number of who came. */
  enter(isAborted = false): number {
    const number = this.#signals.length
    const controller = new AbortController()
    if (isAborted) controller.abort(number)
    this.#signals.push(controller)
    const wait = this.gate.enter(controller.signal)
    if (wait === undefined) this.admitted.push(number)
    else void this.#follow(wait, number)
    return number
  }

  enterMany(count: number): void {
    for (; count > 0; count--) this.enter()
  }

  abort(number: number): void {
    this.#signals[number]?.abort(number)
  }

  async #follow(wait: Promise<void>, number: number): Promise<void> {
    try {
      await wait
      this.admitted.push(number)
    } catch (reason) {
      if (reason !== number) throw new Error('turned away for a reason of somebody else')
      this.turnedAway.push(number)
    }
  }
}

/** Until everything that has been decided is also known. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await Promise.resolve()
}
