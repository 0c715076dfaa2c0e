// The servers behind the gateways: each takes handshakes one after the other, as fast as it can.
import type { Servers } from './settings.ts'

export class SimulatedServers {
  readonly #handshakeMs: number
  /** Until when each is busy; Infinity: it is dead. */
  readonly #busyUntilMs: number[]
  #next = 0

  constructor({ count, handshakeUs }: Servers) {
    this.#handshakeMs = handshakeUs / 1000
    this.#busyUntilMs = Array.from({ length: count }, () => 0)
  }

  get count(): number {
    return this.#busyUntilMs.length
  }

  /** One that is alive, in turn. */
  choose(): number {
    for (let tried = 0; tried < this.count; tried++) {
      const server = this.#next
      this.#next = (this.#next + 1) % this.count
      if (this.#busyUntilMs[server] !== Infinity) return server
    }
    throw new RangeError('every server is dead')
  }

  /** @returns how long it takes until it has answered a handshake that arrives now. */
  answer(server: number, nowMs: number): number {
    const doneMs = Math.max(nowMs, this.#busyUntilMs[server] ?? Infinity) + this.#handshakeMs
    this.#busyUntilMs[server] = doneMs
    return doneMs - nowMs
  }

  kill(server: number): void {
    this.#busyUntilMs[server] = Infinity
  }
}
