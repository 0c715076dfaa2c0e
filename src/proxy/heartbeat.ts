/**
 * Finds a side of a session that is gone without a word: pings it when nothing was read from it for a
 * while, and says so when it then stays silent. Any byte is a sign of life.
 *
 * One timer a side, set anew at most once an interval; a message costs nothing but the time of its read.
 */
import type { TunnelSide } from './tunnel.ts'

export interface HeartbeatOptions {
  /** Silence after which the side is pinged. */
  readonly intervalMs: number
  /** Silence after that which means that it is gone. */
  readonly timeoutMs: number
  readonly onSilent: (side: TunnelSide) => void
}

/**
 * What the gateway's pings carry, so that their pongs are told from those the other side waits for. The
 * same for all sessions of a process, and another one for a gateway behind this one.
 */
const mark = crypto.getRandomValues(Buffer.alloc(8))

export class Heartbeat {
  readonly #side: TunnelSide
  readonly #options: HeartbeatOptions
  #timer: Timer
  /** When it was given something to answer; undefined while it has not been asked. */
  #askedAtMs: number | undefined

  constructor(side: TunnelSide, options: HeartbeatOptions) {
    this.#side = side
    this.#options = options
    side.lastReadMs = performance.now()
    this.#timer = setTimeout(beat, options.intervalMs, this)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  beat(): void {
    const { intervalMs, timeoutMs, onSilent } = this.#options
    const side = this.#side
    const nowMs = performance.now()
    const isHeard = this.#askedAtMs === undefined || side.lastReadMs >= this.#askedAtMs
    if (isHeard) {
      this.#askedAtMs = undefined
      const leftMs = side.lastReadMs + intervalMs - nowMs
      if (leftMs > 0) return this.#setTimer(leftMs)
      // A side that is not read cannot answer; its own pause has a deadline.
      if (!side.stream.isPaused && side.ping(mark)) this.#askedAtMs = nowMs
      return this.#setTimer(this.#askedAtMs === undefined ? intervalMs : timeoutMs)
    }
    // It may have been paused since it was asked; then it gets its time again.
    if (!side.stream.isPaused) return onSilent(side)
    this.#askedAtMs = nowMs
    this.#setTimer(timeoutMs)
  }

  #setTimer(delayMs: number): void {
    this.#timer = setTimeout(beat, delayMs, this)
  }
}

function beat(heartbeat: Heartbeat): void {
  heartbeat.beat()
}
