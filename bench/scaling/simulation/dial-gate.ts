// What src/upstream/dial-gate.ts does: a bounded number of dials to one endpoint at a time, the others in line.

export class SimulatedDialGate {
  readonly #most: number
  #underWay = 0
  readonly #line: (() => void)[] = []
  #first = 0

  constructor(most: number) {
    this.#most = most
  }

  enter(dial: () => void): void {
    if (this.#underWay >= this.#most) this.#line.push(dial)
    else {
      this.#underWay++
      dial()
    }
  }

  leave(): void {
    const next = this.#line[this.#first]
    if (next === undefined) {
      this.#underWay--
      return
    }
    this.#first++
    if (this.#first === this.#line.length) this.#line.length = this.#first = 0
    next()
  }
}
