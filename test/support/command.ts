/**
 * The command line as people use it: each command as a process, to its end or for as long as a test
 * looks at it. It is run by the launcher, or, with `SLUICE_BINARY`, by that compiled file.
 */
import { join, resolve } from 'node:path'
import { Journal } from './journal.ts'
import { temporaryFolder } from './temporary.ts'

const binary = process.env['SLUICE_BINARY']
export const sluice =
  binary === undefined ? join(import.meta.dir, '../../bin/sluice') : resolve(binary)
const ownFolder = temporaryFolder('commands')

export interface CommandOptions {
  /** Where it is run; one with nothing in it by default. */
  readonly folder?: string
  /** The file that is run instead of `sluice`. */
  readonly command?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What `env` comes on top of: the test's own by default, or nothing. */
  readonly environment?: 'own' | 'none'
}

export interface Result {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** @param input what is typed into it. */
export async function runCommand(
  args: readonly string[],
  { input = '', ...options }: CommandOptions & { readonly input?: string } = {},
): Promise<Result> {
  const { cmd, cwd, env } = processOf(args, options)
  const child = Bun.spawn(cmd, {
    cwd,
    env,
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
  readonly pid: number
  /** Once it has ended and all it printed was read. */
  readonly exitCode: Promise<number>
  /** All of it, once it has ended. */
  readonly stdout: Promise<string>
  readonly stderr: Promise<string>
  /** The log so far. */
  readonly lines: readonly LogLine[]
  /** The first line of this event, past or to come; fails when the command ends before. */
  line(event: string): Promise<LogLine>
  /** The next line of this event after something was done. */
  lineAfter(act: () => void, event: string): Promise<LogLine>
  /** Of its listeners, in their order, once all of them are open. */
  ports(): Promise<readonly number[]>
  kill(signal: NodeJS.Signals): void
}

/** A command that runs until it is told to end, as `run` and `demo` do. */
export function startCommand(
  args: readonly string[],
  options: CommandOptions = {},
): RunningCommand {
  const { cmd, cwd, env } = processOf(args, options)
  const child = Bun.spawn(cmd, {
    cwd,
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const journal = new Journal<LogLine>()
  const stderr = child.stderr.text()
  const stdout = readLines(child.stdout, journal)
  void Promise.all([stdout, stderr]).then((said) =>
    journal.end(new Error(`The command has ended: ${said.join('')}`)),
  )
  const line = (event: string) => journal.find((each) => each['event'] === event)
  return {
    pid: child.pid,
    exitCode: stdout.then(() => child.exited),
    stdout,
    stderr,
    lines: journal.items,
    line,
    lineAfter(act, event) {
      let isPast = true
      const past = new Set(journal.items)
      act()
      return journal.find((each) => {
        isPast = isPast && past.has(each)
        return !isPast && each['event'] === event
      })
    },
    async ports() {
      await line('capacity') // what it says once it listens
      return journal.items
        .filter(({ event }) => event === 'listening')
        .map(({ port }) => Number(port))
    },
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

function processOf(
  args: readonly string[],
  { command = sluice, folder = ownFolder, env = {}, environment = 'own' }: CommandOptions,
) {
  const under = environment === 'own' ? process.env : {}
  return { cmd: [command, ...args], cwd: folder, env: { ...under, ...env } }
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
  return text
}
