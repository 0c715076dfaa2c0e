/**
 * The command line as people use it: each command as a process, to its end or for as long as a test
 * looks at it.
 */
import { join } from 'node:path'
import { Journal } from './journal.ts'
import { temporaryFolder } from './temporary.ts'

const sluice = join(import.meta.dir, '../../bin/sluice')
const ownFolder = temporaryFolder('commands')

export interface CommandOptions {
  /** Where it is run; one with nothing in it by default. */
  readonly folder?: string
  /** On top of the test's own. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Result {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** @param input what is typed into it. */
export async function runCommand(
  args: readonly string[],
  { folder = ownFolder, env = {}, input = '' }: CommandOptions & { readonly input?: string } = {},
): Promise<Result> {
  const child = Bun.spawn([sluice, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return { exitCode: await child.exited, stdout, stderr }
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>

export interface RunningCommand extends AsyncDisposable {
  readonly exitCode: Promise<number>
  /** All of it, once it has ended. */
  readonly stdout: Promise<string>
  readonly stderr: Promise<string>
  /** The log so far. */
  readonly lines: readonly LogLine[]
  /** The first line of this event, past or to come; fails when the command ends before. */
  line(event: string): Promise<LogLine>
  kill(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void
}

/** A command that runs until it is told to end, as `run` and `demo` do. */
export function startCommand(
  args: readonly string[],
  { folder = ownFolder, env = {} }: CommandOptions = {},
): RunningCommand {
  const child = Bun.spawn([sluice, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const journal = new Journal<LogLine>()
  return {
    exitCode: child.exited,
    stdout: readLines(child.stdout, journal),
    stderr: child.stderr.text(),
    lines: journal.items,
    line: (event) => journal.find((line) => line['event'] === event),
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

/** @returns the whole text, of which the lines of the log go into the journal as they come. */
async function readLines(
  output: ReadableStream<Uint8Array>,
  journal: Journal<LogLine>,
): Promise<string> {
  let [text, rest] = ['', '']
  const decoder = new TextDecoder()
  for await (const chunk of output) {
    const more = decoder.decode(chunk, { stream: true })
    const lines = (rest + more).split('\n')
    text += more
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) journal.add(JSON.parse(line) as LogLine)
  }
  journal.end(new Error(`The command has ended: ${text}`))
  return text
}
