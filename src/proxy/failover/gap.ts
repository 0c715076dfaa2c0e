/**
 * Stands where the stream of a server is while there is none: takes nothing, gives nothing, and ends when it
 * is told to. Who writes to it has kept what is to reach the next server.
 */
import type { ByteStream, ByteStreamHandler } from '../../core/byte-stream.ts'

export class Gap implements ByteStream {
  handler: ByteStreamHandler
  sendTimeoutMs = 0
  readonly bufferedBytes = 0
  readonly remoteAddress = ''
  /** Nobody is there to be pinged. */
  readonly isPaused = true
  #isOver = false

  constructor(handler: ByteStreamHandler) {
    this.handler = handler
  }

  write(): number {
    return 0
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.handler.streamOnClose('destroyed')
  }
}
