// A byte stream without a socket: what was done with it is to be seen, and what arrives is said by hand.

import type { ByteStream, ByteStreamHandler } from '../../src/core/byte-stream.ts'

export class FakeStream implements ByteStream {
  handler: ByteStreamHandler = nobody
  readonly remoteAddress = '192.0.2.1'
  sendTimeoutMs = 0
  isPaused = false
  /** What the peer has not taken; it takes everything at once as long as nobody says otherwise. */
  bufferedBytes = 0
  isEnded = false
  isDestroyed = false
  /** Hears of `end`. */
  onEnd: (() => void) | undefined
  #written = ''

  /** Everything that was written, one character a byte. */
  get written(): string {
    return this.#written
  }

  write(bytes: Uint8Array): number {
    if (!this.isEnded) this.#written += Buffer.from(bytes).toString('latin1')
    return this.bufferedBytes
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  end(): void {
    this.isEnded = true
    this.onEnd?.()
  }

  destroy(): void {
    this.isDestroyed = true
    this.handler.streamOnClose('destroyed')
  }

  /** Bytes arrive, with memory of their own. @param text one character a byte. */
  receive(text: string): void {
    this.handler.streamOnData(Buffer.from(text, 'latin1'))
  }

  /** The peer has taken what was written. */
  drain(): void {
    this.bufferedBytes = 0
    this.handler.streamOnDrain()
  }
}

const nobody: ByteStreamHandler = {
  streamOnData() {},
  streamOnDrain() {},
  streamOnEnd() {},
  streamOnClose() {},
}
