/**
 * `sluice run` with a file that changes: the process that was started, and those that took over from it. They
 * share one log. Whatever happens to a test, none of them stays.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { sluice, startCommand, type CommandOptions, type RunningCommand } from './command.ts'
import { temporaryPath } from './temporary.ts'

export interface ServedFile extends AsyncDisposable {
  readonly command: RunningCommand
  readonly file: string
  /** Of the first listener. */
  readonly port: number
  /** The process that serves. */
  readonly pid: number
  write(yaml: string): void
  /** To the process that serves. @returns the next line of this event. */
  signal(signal: NodeJS.Signals, event: string): Promise<Readonly<Record<string, unknown>>>
  /** Lets the program, started anew, take over. @returns the pid of the process that serves then. */
  upgrade(): Promise<number>
}

export interface ServeOptions extends CommandOptions {
  /** Of `sluice run`, after the file. */
  readonly options?: readonly string[]
  /** The program that becomes `sluice` in the end, with its arguments. */
  readonly by?: readonly string[]
}

export async function serveFile(
  yaml: string,
  { options = [], by = [], command: program = sluice, ...commandOptions }: ServeOptions = {},
): Promise<ServedFile> {
  const file = temporaryPath('sluice.yaml')
  writeFileSync(file, yaml)
  const [first = program, ...args] = [...by, program, 'run', file, ...options]
  const command = startCommand(args, { ...commandOptions, command: first })
  const [port = 0] = await command.ports()
  let { pid } = command
  const signal = (name: NodeJS.Signals, event: string) =>
    command.lineAfter(() => process.kill(pid, name), event)
  return {
    command,
    file,
    port,
    get pid() {
      return pid
    },
    write: (changed) => writeFileSync(file, changed),
    signal,
    async upgrade() {
      // Two processes tell of it, in no order.
      const [ready] = await Promise.all([
        signal('SIGUSR2', 'upgrade-ready'),
        command.lineAfter(() => {}, 'took-over'),
      ])
      pid = Number(ready['pid'])
      return pid
    },
    async [Symbol.asyncDispose]() {
      const started = command.lines.filter(({ event }) => event === 'upgrade-started')
      for (const line of started) killIfThere(Number(line['pid']), file)
      await command[Symbol.asyncDispose]()
    },
  }
}

/** Whoever has its number by now is left alone. */
function killIfThere(pid: number, file: string): void {
  try {
    const isOurs = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file)
    if (isOurs) process.kill(pid, 'SIGKILL')
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error
    if (!isGone) throw error
  }
}
