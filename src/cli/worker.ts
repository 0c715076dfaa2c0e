/**
 * `sluice worker`: what `sluice run` starts where there are several processes; hidden, as nobody types it.
 */
import { runWorker } from '../process/worker.ts'
import { listenFault } from './listen-fault.ts'
import { formatProblems } from '../config/report.ts'
import { loadText } from './read-config.ts'

/** @returns the exit code. */
export async function worker(): Promise<number> {
  if (process.send === undefined) {
    console.error('✖ a worker is started by sluice run, where the file has workers: 2 or more')
    return 2
  }
  return runWorker({
    load(file, text) {
      const loaded = loadText(file, text, process.env)
      if (loaded.ok) return loaded.config
      return { problem: formatProblems(loaded.problems, { colours: false }).trimEnd() }
    },
    describe: listenFault,
  })
}
