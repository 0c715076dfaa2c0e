/**
 * The end of a stream that a session has left: nobody hears what still comes, and it closes in its time.
 */
import { ignoreStream, type ByteStream, type ByteStreamHandler } from '../../core/byte-stream.ts'
import type { Clock } from '../../core/clock.ts'

/** A Close has passed both ways: the server ends first (RFC 6455 §7.1.1), or its port of ours would stay in TIME_WAIT. */
export function leaveInOrder(stream: ByteStream, clock: Clock, closeMs: number): void {
  const callOff = clock.after(closeMs, () => stream.end(0))
  const farewell: ByteStreamHandler = {
    streamOnData() {},
    streamOnDrain() {},
    streamOnEnd: () => stream.end(),
    streamOnClose: callOff,
  }
  stream.handler = farewell
  stream.resume()
}

/** Nothing can be said to it any more. */
export function cut(stream: ByteStream): void {
  stream.handler = ignoreStream
  stream.destroy()
}
