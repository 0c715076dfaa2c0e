// The processes of the benchmark. Whatever is started here is ended here, by its process number: by
// whoever started it, or by stopAll() when the benchmark ends early.
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isThere, processTree, startTicks } from './usage.ts'

// Long enough for a gateway without sessions to leave in order; then it is killed.
const stopTimeoutMs = 2000
const pollMs = 10

const running = new Set<Bun.Subprocess>()
const adopted = new Set<Adopted>()
const directories = new Set<string>()
let isStopping = false

/**
 * Starts a command whose input is held open; output and errors go to `log`, also those of whoever takes its
 * place. @param handed descriptors that it has as 3 and so on.
 */
export function start(command: string[], log: string, handed: readonly number[] = []) {
  const file = openSync(log, 'a')
  try {
    return track(() => Bun.spawn(command, { stdio: ['pipe', file, file, ...handed] }))
  } finally {
    closeSync(file)
  }
}

/** Starts a command that is talked to, and killed after `timeoutMs` if there is one. */
export function startTalking(command: string[], timeoutMs?: number) {
  const limit = timeoutMs === undefined ? {} : { timeout: timeoutMs }
  const streams = { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' } as const
  return track(() => Bun.spawn(command, { ...streams, ...limit }))
}

/** A process that took the place of one that was started here. */
export interface Adopted {
  readonly pid: number
  isThere(): boolean
  /** Asks it to leave, waits, and kills what is left of it and its children. */
  stop(): Promise<void>
}

/** It is ended with all the others. */
export function adopt(pid: number): Adopted {
  const startedAt = startTicks(pid)
  const own: Adopted = {
    pid,
    isThere: () => startedAt !== undefined && isThere(pid, startedAt),
    async stop() {
      if (own.isThere()) await endTree(pid, () => untilGone(own))
      adopted.delete(own)
    },
  }
  adopted.add(own)
  return own
}

async function untilGone(own: Adopted): Promise<void> {
  while (own.isThere()) await Bun.sleep(pollMs)
}

/** Asks a process to leave, waits, and kills what is left of it and its children. */
export async function stop(subprocess: Bun.Subprocess): Promise<void> {
  if (subprocess.exitCode !== null || subprocess.signalCode !== null) return
  await endTree(subprocess.pid, () => subprocess.exited)
}

/** @param gone resolves when the process has ended. */
async function endTree(root: number, gone: () => Promise<unknown>): Promise<void> {
  const tree = processTree(root).map((pid) => ({ pid, startedAt: startTicks(pid) }))
  signal(root, 'SIGTERM')
  const ended = gone()
  await Promise.race([ended, Bun.sleep(stopTimeoutMs)])
  for (const { pid, startedAt } of tree) {
    if (startedAt !== undefined && startTicks(pid) === startedAt) signal(pid, 'SIGKILL')
  }
  await ended
}

/** A new empty directory, removed by stopAll(). */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  directories.add(directory)
  return directory
}

/** Stops everything that still runs, for good, and removes the temporary directories. */
export async function stopAll(): Promise<void> {
  isStopping = true
  await Promise.all([...Array.from(running, stop), ...Array.from(adopted, (own) => own.stop())])
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
  directories.clear()
}

function track<S extends Bun.Subprocess>(spawn: () => S): S {
  if (isStopping) throw new Error('The benchmark is being stopped.')
  const subprocess = spawn()
  running.add(subprocess)
  void subprocess.exited.then(() => running.delete(subprocess))
  return subprocess
}

/** One that is gone needs none. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
