// A program of the benchmark: runs to its end or until it is told to leave, and ends whatever it started.
import { stopAll } from './processes.ts'

/** @param main returns the exit code. */
export function runProgram(main: () => Promise<number>): void {
  let isLeaving = false

  /** Ends everything, once; whatever main() meets while that happens is of no interest. */
  async function leave(exitCode: number, error?: unknown): Promise<void> {
    if (isLeaving) return
    isLeaving = true
    if (error !== undefined) console.error(error instanceof Error ? error.message : error)
    await stopAll()
    process.exit(exitCode)
  }

  process.on('SIGINT', () => void leave(130))
  process.on('SIGTERM', () => void leave(143))
  main().then(leave, (error: unknown) => leave(1, error))
}
