/**
 * What a faulty side is told, and when. Nothing it sends is of interest any more (RFC 6455 §7.1.7), but what
 * it sent before its fault may be answered: its own Close comes behind that, once its peer has said all it
 * will, or has had its time.
 */
import type { Clock } from '../core/clock.ts'
import type { OwnClose } from './side-parts.ts'
import type { Side } from './side.ts'

/** For the peer: an answer under way arrives within a machine room's round trip, and a dead peer costs no more. */
const lastWordsMs = 100

export class LastWords {
  readonly side: Side
  readonly #close: OwnClose
  readonly #callOff: () => void

  /** @param side the faulty one; its peer has not said all. */
  constructor(side: Side, close: OwnClose, clock: Clock) {
    this.side = side
    this.#close = close
    // The peer's Close answers one of the gateway's.
    side.peer.direction.withheldCodes = 'all'
    this.#callOff = clock.after(lastWordsMs, () => this.tell())
  }

  /** A side has stopped, ended or is gone. */
  heard(side: Side): void {
    if (side !== this.side || side.isClosed) this.tell()
  }

  tell(): void {
    this.#callOff()
    this.side.close(this.#close)
  }
}
