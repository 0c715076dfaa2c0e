/**
 * What `sluice run` does with a configuration, as a program: takes YAML and what stands for `admin` as
 * arguments, prints the log as JSON, and ends as the command would.
 */
import { loadConfig } from '../../src/config/load.ts'
import type { AdminConfig } from '../../src/config/config.ts'
import { startGateway, untilTold } from '../../src/cli/run.ts'
import { Journal } from './journal.ts'

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>

export interface RunningProgram extends AsyncDisposable {
  readonly exitCode: Promise<number>
  readonly stderr: Promise<string>
  /** The log so far. */
  readonly lines: readonly LogLine[]
  /** The first line of this event, past or to come. */
  line(event: string): Promise<LogLine>
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

export function runProgram(yaml: string, admin: Partial<AdminConfig>): RunningProgram {
  const child = Bun.spawn([process.execPath, import.meta.path, yaml, JSON.stringify(admin)], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const journal = new Journal<LogLine>()
  void readLines(child.stdout, journal)
  return {
    exitCode: child.exited,
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

async function readLines(
  output: ReadableStream<Uint8Array>,
  journal: Journal<LogLine>,
): Promise<void> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) journal.add(JSON.parse(line) as LogLine)
  }
  journal.end(new Error('The program has ended'))
}

if (import.meta.main) {
  const [, , yaml = '', admin = '{}'] = process.argv
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const running = await startGateway({
    ...loaded.config,
    admin: {
      address: '127.0.0.1',
      port: 0,
      unix: undefined,
      token: undefined,
      ...JSON.parse(admin),
    },
  })
  if (running === undefined) process.exit(1)
  await untilTold(running)
  process.exit(0)
}
