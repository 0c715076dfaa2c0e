// What a session has sent and got back: each message once, and in order.
import type { Times } from './outgoing.ts'

export interface Sent extends Times {
  readonly number: number
}

export type Echo = 'in order' | 'twice' | 'late' | 'never sent'

export class Ledger {
  /** Passed over by the echo of a later one. */
  readonly #missing = new Map<number, Sent>()
  #waiting: Sent[] = []
  #head = 0
  #next = 1

  /** @returns it, with the next number. */
  send(): Sent {
    const sent = { number: this.#next++, beganAtMs: Infinity, endedAtMs: Infinity }
    this.#waiting.push(sent)
    return sent
  }

  /** The one that waits longest for its echo. */
  get oldest(): Sent | undefined {
    return this.#waiting[this.#head]
  }

  /** @param passed is given what was waiting until then, up to this one: all but the last are missing. */
  echoed(number: number, passed: (sent: Sent, isMissing: boolean) => void): Echo {
    if (number >= this.#next) return 'never sent'
    const first = this.oldest?.number ?? this.#next
    if (number < first) return this.#missing.delete(number) ? 'late' : 'twice'
    while (this.#head < this.#waiting.length) {
      const sent = this.#waiting[this.#head++]
      if (sent === undefined) break
      if (sent.number !== number) this.#missing.set(sent.number, sent)
      passed(sent, sent.number !== number)
      if (sent.number === number) break
    }
    if (this.#head > 64) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return 'in order'
  }

  /** What has had no echo, at the end of the session. */
  lost(): Sent[] {
    return [...this.#missing.values(), ...this.#waiting.slice(this.#head)]
  }
}
