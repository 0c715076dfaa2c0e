/**
 * What everything under a session is: an ordered stream of bytes in each direction. A TCP socket is
 * one today; a TLS socket or an HTTP/2 stream is one to the same callers.
 *
 * A stream has one owner at a time, its `handler`; handing a connection on is assigning another.
 */
export interface ByteStream {
  handler: ByteStreamHandler
  /** Bytes accepted by `write` that the kernel has not taken yet; while `streamOnClose` is called, those it never will. */
  readonly bufferedBytes: number
  /** The peer's address without port, IPv4 in dotted form; empty where there is none. */
  readonly remoteAddress: string
  /**
   * Sends bytes after all those written before. What the kernel does not take is kept, so the caller
   * MUST NOT change them afterwards, and MUST stop its source when the answer grows past its bound;
   * `streamOnDrain` says when to go on. Writing to a stream that has ended is dropped.
   * @returns `bufferedBytes`, zero when the kernel took everything.
   */
  write(bytes: Uint8Array): number
  /**
   * Stops and restarts reading. A paused stream does not see the peer's FIN, so every pause MUST have
   * a deadline. One that is made because another stream's buffer is over its bound has it, since that
   * stream closes itself after `sendTimeoutMs` without progress.
   */
  pause(): void
  resume(): void
  readonly isPaused: boolean
  /** How long the peer may take nothing of what is buffered before the stream is closed as stalled. */
  sendTimeoutMs: number
  /**
   * Sends FIN behind what is buffered. Reading goes on until the peer's FIN, or for `lingerMs` after
   * ours: closing at once would lose the tail of the output if the peer is still sending. Called again
   * it can only shorten that; with 0 it closes as soon as nothing is buffered.
   */
  end(lingerMs?: number): void
  /** Cuts the connection at once, with RST; what is buffered is lost. */
  destroy(): void
}

/** Why a stream is no more. */
export type StreamClose = 'ended' | 'destroyed' | 'reset' | 'stalled'

/** What the owner of a stream hears. None of these may throw. */
export interface ByteStreamHandler {
  /** The chunk belongs to the receiver: it may be kept and changed. Comes even while paused, on a reset. */
  streamOnData(chunk: Buffer): void
  /** Everything that was buffered has been taken. May come without need. */
  streamOnDrain(): void
  /** The peer's FIN: no more data will come; writing may go on. */
  streamOnEnd(): void
  /** Exactly once, last; also for `destroy`, and then before it returns. */
  streamOnClose(reason: StreamClose): void
}

/** Hears of a stream nobody owns, yet or any more: there is nothing to do. */
export const ignoreStream: ByteStreamHandler = {
  streamOnData() {},
  streamOnDrain() {},
  streamOnEnd() {},
  streamOnClose() {},
}
