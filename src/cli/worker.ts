/**
 * `sluice worker`: what `sluice run` starts where there are several processes; hidden, as nobody types it.
 */
import { runWorker } from '../process/workers/worker.ts'

/** @returns the exit code. */
export async function worker(): Promise<number> {
  if (process.send !== undefined) return runWorker((message) => process.send?.(message))
  console.error('✖ a worker is started by sluice run, where the file has workers: 2 or more')
  return 2
}
