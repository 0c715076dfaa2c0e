/**
 * What a process does with signals, from its first moment on: whoever sends one early, as a service manager may,
 * does not end it with the signal's own meaning.
 *
 * Until it serves it can only be ended; what else it was told is done then.
 */
import type { Emit } from '../core/events.ts'
import type { ProcessOperations } from './operations.ts'

type Told = Pick<ProcessOperations, 'reload' | 'upgrade' | 'leave'>

const remembered = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const
type Remembered = (typeof remembered)[number]

export interface Signals {
  /** From now on these are told to leave; before, the process just ends. */
  obey(operations: Told, emit: Emit): void
  /** It serves: what was told before is done now. */
  serve(): void
}

export function hearSignals(): Signals {
  let told: { readonly operations: Told; readonly emit: Emit } | undefined
  let isServing = false
  const early = new Set<Remembered>()
  for (const signal of remembered) process.on(signal, () => hear(signal))
  // A second one cuts; even the last moments are not left to the signals' own meaning, another exit code.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => (told === undefined ? process.exit(0) : told.operations.leave()))

  function hear(signal: Remembered): void {
    if (!isServing || told === undefined) return void early.add(signal)
    const { operations, emit } = told
    if (signal === 'SIGHUP') void operations.reload({ isDryRun: false })
    // Scripts written for other servers send it to reopen logs: no reason to cut anybody.
    if (signal === 'SIGUSR1') emit({ type: 'signal-ignored', signal })
    if (signal === 'SIGUSR2') {
      const problem = operations.upgrade()
      if (typeof problem === 'string') emit({ type: 'upgrade-failed', problem })
    }
  }

  return {
    obey(operations, emit) {
      told = { operations, emit }
    },
    serve() {
      isServing = true
      for (const signal of early) hear(signal)
      early.clear()
    },
  }
}
