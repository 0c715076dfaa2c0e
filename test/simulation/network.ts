/**
 * A network without sockets: pairs of byte streams, whose bytes travel in random cuts after random delays,
 * through buffers of bounded size, by a clock that a test lets run. What a seed brought about it repeats.
 *
 * Invariant: what a stream has sent arrives in order, once, and up to some point: all of it before a FIN, some
 * prefix of it before a reset, and nothing any more once the network between the two is cut.
 */
import type { Clock } from '../../src/core/clock.ts'
import type { Random } from '../support/random.ts'
import { SimulatedStream } from './simulated-stream.ts'

/** What a kernel holds at most, and so what is read at once. */
export const mostChunkBytes = 2 ** 13 + 64

export interface NetworkOptions {
  readonly clock: Clock
  readonly random: Random
}

/** The two ends of a connection. */
export interface Pair {
  readonly near: SimulatedStream
  readonly far: SimulatedStream
}

export class Network {
  readonly clock: Clock
  readonly random: Random
  /** Ends that are not closed, by what they were called. */
  readonly open = new Map<SimulatedStream, string>()

  constructor({ clock, random }: NetworkOptions) {
    this.clock = clock
    this.random = random
  }

  /** @param name of the near end, which is to be closed in the end. The far one may be left behind. */
  connect(name: string): Pair {
    const near = new SimulatedStream(this)
    const far = new SimulatedStream(this)
    near.join(far)
    far.join(near)
    this.open.set(near, name)
    return { near, far }
  }

  /** How long a hop takes: often nothing, seldom much. */
  latencyMs(): number {
    const kind = this.random.below(10)
    if (kind < 4) return 0
    return kind < 9 ? this.random.below(2_000) / 1_000 : this.random.below(15)
  }

  /** A part of so many bytes: often all of them, never none. */
  partOf(bytes: number): number {
    const kind = this.random.below(12)
    if (bytes <= 1 || kind < 6) return bytes
    return 1 + this.random.below(kind < 7 ? Math.min(bytes, 8) : bytes)
  }

  /** What a kernel holds of what was sent and not read. */
  bufferBytes(): number {
    return 2 ** (8 + this.random.below(6)) + this.random.below(64)
  }

  after(run: () => void): void {
    this.clock.after(this.latencyMs(), run)
  }
}
