/**
 * The gateway's own pings to one peer that are not answered yet, so that their pongs are told from those that
 * somebody else waits for.
 *
 * Two payloads are remembered, the one given last and the one before: a heartbeat's and a move's. Each is
 * counted, since a peer need not answer every ping (RFC 6455 §5.5.3).
 */
const nothing = Buffer.alloc(0)

export class OwnPings {
  #last: Buffer = nothing
  #lastCount = 0
  #former: Buffer = nothing
  #formerCount = 0

  /** A ping with this payload is being sent. */
  expect(payload: Buffer): void {
    if (!payload.equals(this.#last)) {
      const isFormer = payload.equals(this.#former)
      const count = isFormer ? this.#formerCount : 0
      this.#former = this.#last
      this.#formerCount = this.#lastCount
      this.#last = payload
      this.#lastCount = count
    }
    this.#lastCount++
  }

  /** To another peer: what was sent last may be sent to it as well, answered or not. */
  sendAgain(): void {
    this.#lastCount++
    this.#formerCount++
  }

  /**
   * A pong has come.
   * @returns which of the pings it answers; undefined: none of the gateway's own.
   */
  answered(payload: Buffer): 'last' | 'former' | undefined {
    if (payload.length === 0) return undefined
    if (this.#lastCount > 0 && payload.equals(this.#last)) {
      this.#lastCount--
      return 'last'
    }
    if (this.#formerCount > 0 && payload.equals(this.#former)) {
      this.#formerCount--
      return 'former'
    }
    return undefined
  }
}
