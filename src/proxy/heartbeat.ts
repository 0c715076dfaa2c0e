/**
 * Finds a side of a session that is gone without a word: pings it when nothing was read from it for a
 * while, and says so when it then stays silent. Any byte is a sign of life; inside a frame to a server, any that
 * it takes.
 *
 * One timer a side, set anew at most once an interval; a message costs nothing but the time of its read.
 */
import type { Clock } from '../core/clock.ts'
import { encodeFrame } from '../wire/frame-encoder.ts'
import { Opcode } from '../wire/opcode.ts'
import type { Side } from './side.ts'

export interface HeartbeatOptions {
  readonly clock: Clock
  /** Silence after which the side is pinged. */
  readonly intervalMs: number
  /** Silence after that which means that it is gone. */
  readonly timeoutMs: number
  readonly onSilent: (side: Side) => void
}

/**
 * What the gateway's pings carry, so that their pongs are told from those the other side waits for. The
 * same for all sessions of a process, and another one for a gateway behind this one.
 */
const mark = crypto.getRandomValues(Buffer.alloc(8))

export class Heartbeat {
  readonly #side: Side
  readonly #options: HeartbeatOptions
  #callOff: () => void
  /** When it was given something to answer; undefined while it has not been asked. */
  #askedAtMs: number | undefined
  /** What it had taken by then, if that was what it was given: a ping has no place inside a frame. */
  #takenBytes: number | undefined
  /** The time for that is over. */
  #isLast = false

  constructor(side: Side, options: HeartbeatOptions) {
    this.#side = side
    this.#options = options
    side.lastReadMs = options.clock.now()
    this.#callOff = this.#after(options.intervalMs)
  }

  stop(): void {
    this.#callOff()
  }

  beat(): void {
    const { clock, intervalMs, timeoutMs, onSilent } = this.#options
    const side = this.#side
    const nowMs = clock.now()
    const hasTaken = this.#takenBytes !== undefined && takenBy(side) > this.#takenBytes
    if (this.#askedAtMs !== undefined && side.lastReadMs < this.#askedAtMs && !hasTaken) {
      // A side that is not read cannot be heard: once it is again, it has its whole time.
      if (side.stream.isPaused) this.#askedAtMs = nowMs
      const leftMs = this.#askedAtMs + timeoutMs - nowMs
      if (leftMs > 0) return this.#setTimer(leftMs)
      if (!this.#isLast) {
        // The gateway itself may have been busy: an answer that lies there is read first.
        this.#isLast = true
        return this.#setTimer(0)
      }
      this.#isLast = false
      this.#askedAtMs = undefined
      // Another may come in its place.
      this.#setTimer(intervalMs)
      return onSilent(side)
    }
    this.#isLast = false
    this.#askedAtMs = undefined
    const leftMs = side.lastReadMs + intervalMs - nowMs
    if (leftMs > 0) return this.#setTimer(leftMs)
    this.#takenBytes = undefined
    if (!side.stream.isPaused && (ping(side) || this.#waits())) this.#askedAtMs = nowMs
    this.#setTimer(this.#askedAtMs === undefined ? intervalMs : Math.min(intervalMs, timeoutMs))
  }

  /** @returns whether it has the rest of a frame to take: a server that hangs does not, and cannot be pinged before that. */
  #waits(): boolean {
    const side = this.#side
    if (side.name === 'client' || side.peer.isAtBoundary || side.stream.bufferedBytes === 0)
      return false
    this.#takenBytes = takenBy(side)
    return true
  }

  #setTimer(delayMs: number): void {
    this.#callOff = this.#after(delayMs)
  }

  #after(delayMs: number): () => void {
    return this.#options.clock.after(delayMs, () => this.beat())
  }
}

/**
 * Pings a side, if it can be known to answer (RFC 6455 §5.5.3: a peer may answer the latest ping only) and
 * nothing is under way to it.
 * @returns whether it has a ping to answer, the gateway's or its peer's.
 */
function ping(side: Side): boolean {
  const { peer, succession, stream } = side
  if (side.isShut || !peer.isAtBoundary || succession?.isDismissed === true) return false
  if (peer.direction.pinged !== undefined) return true
  side.direction.expectPong(mark)
  const frame = encodeFrame(Opcode.ping, mark, { isMasked: side.name === 'upstream' })
  if (succession === undefined) stream.write(frame)
  else succession.writeControl(frame)
  return true
}

/** Of what has passed to a side, what its connection has taken. */
function takenBy({ peer, stream }: Side): number {
  return peer.direction.bytes - stream.bufferedBytes
}
