/**
 * Pings a server, at an interval or when told to, and measures how long the answers take.
 *
 * Invariant: while a ping is unanswered, time runs from the last byte that came; at an interval no ping
 * follows one that is unanswered.
 */

export interface PingWatchOptions {
  /** undefined: only when told to. */
  readonly intervalMs: number | undefined
  /** How long nothing may come while a ping is unanswered. */
  readonly answerMs: number
  readonly send: (payload: Buffer) => void
  readonly onAnswer: (roundTripMs: number) => void
  readonly onSilence: () => void
}

interface Ping {
  readonly payload: Buffer
  readonly sentAtMs: number
}

/** What is remembered of pings that somebody sends faster than they are answered; older ones are not measured. */
const mostUnanswered = 64

export class PingWatch {
  readonly #options: PingWatchOptions
  #unanswered: Ping[] = []
  #sent = 0
  #interval: Timer | undefined
  #deadline: Timer | undefined

  constructor(options: PingWatchOptions) {
    this.#options = options
    if (options.intervalMs !== undefined)
      this.#interval = setInterval(() => this.#pingInTurn(), options.intervalMs)
  }

  ping(payload: Buffer): void {
    if (this.#unanswered.length === mostUnanswered) this.#unanswered.shift()
    this.#unanswered.push({ payload, sentAtMs: performance.now() })
    this.#deadline ??= setTimeout(() => this.#options.onSilence(), this.#options.answerMs)
    this.#options.send(payload)
  }

  /** Something came, a pong or not. */
  onSign(): void {
    this.#deadline?.refresh()
  }

  onPong(payload: Buffer): void {
    const index = this.#unanswered.findIndex((ping) => ping.payload.equals(payload))
    const answered = this.#unanswered[index]
    if (answered === undefined) return
    // RFC 6455 §5.5.3: a peer may answer only the latest of several.
    this.#unanswered = this.#unanswered.slice(index + 1)
    if (this.#unanswered.length === 0) this.#endDeadline()
    this.#options.onAnswer(performance.now() - answered.sentAtMs)
  }

  stop(): void {
    clearInterval(this.#interval)
    this.#endDeadline()
  }

  #pingInTurn(): void {
    if (this.#unanswered.length === 0) this.ping(Buffer.from(String(++this.#sent)))
  }

  #endDeadline(): void {
    clearTimeout(this.#deadline)
    this.#deadline = undefined
  }
}
