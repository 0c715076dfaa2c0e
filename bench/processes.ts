// The processes of the benchmark. Whatever is started here is ended here, by its process number: by
// whoever started it, or by stopAll() when the benchmark ends early.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processTree, startTicks } from './usage.ts'

// Long enough for a gateway without sessions to leave in order; then it is killed.
const stopTimeoutMs = 2000

const running = new Set<Bun.Subprocess>()
const directories = new Set<string>()
let isStopping = false

/** Starts a command whose input is held open; output and errors go to `log`. */
export function start(command: string[], log: string) {
  const file = Bun.file(log)
  return track(() => Bun.spawn(command, { stdin: 'pipe', stdout: file, stderr: file }))
}

/** Starts a command that is talked to, and killed after `timeoutMs` if there is one. */
export function startTalking(command: string[], timeoutMs?: number) {
  const limit = timeoutMs === undefined ? {} : { timeout: timeoutMs }
  const streams = { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' } as const
  return track(() => Bun.spawn(command, { ...streams, ...limit }))
}

/** Asks a process to leave, waits, and kills what is left of it and its children. */
export async function stop(subprocess: Bun.Subprocess): Promise<void> {
  if (subprocess.exitCode !== null || subprocess.signalCode !== null) return
  const tree = processTree(subprocess.pid).map((pid) => ({ pid, startedAt: startTicks(pid) }))
  subprocess.kill('SIGTERM')
  await Promise.race([subprocess.exited, Bun.sleep(stopTimeoutMs)])
  for (const { pid, startedAt } of tree) {
    if (startedAt !== undefined && startTicks(pid) === startedAt) kill(pid)
  }
  await subprocess.exited
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
  await Promise.all([...running].map(stop))
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

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
