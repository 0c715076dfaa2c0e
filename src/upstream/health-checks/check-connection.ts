/**
 * The connection of one check: however the check ends, also by its signal and in the middle, nothing of it
 * is left, and what went wrong is told in a clause.
 */
import type { ByteStream } from '../../core/byte-stream.ts'
import type { HealthTarget } from '../../core/health-check.ts'
import { faultOf } from '../fault.ts'
import { orAborted } from '../or-aborted.ts'

/**
 * @param ask has the stream for as long as it runs; when the signal is aborted the stream is destroyed
 * under it, and its outcome is no longer waited for.
 * @throws Error with a clause; the signal's reason when that is aborted.
 */
export async function onConnection<Result>(
  target: HealthTarget,
  signal: AbortSignal,
  ask: (stream: ByteStream) => Promise<Result>,
): Promise<Result> {
  try {
    const stream = await open(target, signal)
    try {
      return await orAborted(ask(stream), signal)
    } finally {
      stream.destroy()
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : faultOf(error)
  }
}

async function open(target: HealthTarget, signal: AbortSignal): Promise<ByteStream> {
  signal.throwIfAborted()
  const dial = target.connect(signal)
  try {
    return await orAborted(dial, signal)
  } catch (error) {
    // A dial that did not heed the signal may still bring a connection.
    dial.then(destroy, () => {})
    throw error
  }
}

function destroy(stream: ByteStream): void {
  stream.destroy()
}
