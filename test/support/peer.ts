/**
 * Runs the programs of `test/peers` as child processes. No peer outlives its test: each ends when its
 * stdin closes, which also happens when the test's own process dies.
 */
import { fileURLToPath } from 'node:url'
import { Journal } from './journal.ts'

/** One JSON line of a peer. */
export type Line = Readonly<Record<string, unknown>>

export interface Peer extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  /** `127.0.0.1:port`, to put behind `http://` or `ws://`. */
  readonly host: string
  /** What it reported so far, the port aside. */
  lines(): readonly Line[]
  /** The first line that satisfies, past or to come; fails when the peer ends before. */
  line(isWanted: (line: Line) => boolean): Promise<Line>
  /** Writes a JSON line to its stdin. */
  tell(line: Line): void
  /** Lets it end by itself. */
  stop(): Promise<void>
  /** Ends it as a crash would: its sockets are reset or closed by the system. */
  kill(): Promise<void>
}

const folder = fileURLToPath(new URL('../peers/', import.meta.url))
/** How long a peer may take to end by itself before it is killed. */
const farewellMs = 2_000

/** @param file of `test/peers`; it reports its port first. */
export async function startPeer(file: string, ...options: string[]): Promise<Peer> {
  const child = spawn(file, options)
  const journal = new Journal<Line>()
  const readToEnd = readLines(child.stdout, (line) => journal.add(line))
  void readToEnd.then(() => journal.end(new Error(`${file} has ended`)))
  const { port } = await journal.find((line) => typeof line['port'] === 'number')

  async function stop(): Promise<void> {
    await child.stdin.end()
    const killTimer = setTimeout(() => child.kill('SIGKILL'), farewellMs)
    await child.exited
    clearTimeout(killTimer)
  }

  return {
    pid: child.pid,
    port: Number(port),
    host: `127.0.0.1:${Number(port)}`,
    lines: () => journal.items.slice(1),
    line: (isWanted) => journal.find(isWanted),
    tell(line) {
      void child.stdin.write(`${JSON.stringify(line)}\n`)
      void child.stdin.flush()
    },
    stop,
    async kill() {
      child.kill('SIGKILL')
      await child.exited
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** Runs a client of `test/peers` to its end. @returns what it printed. */
export async function runPeer(file: string, ...options: string[]): Promise<Line> {
  const child = spawn(file, options)
  let last: Line = { ok: false, error: `${file} printed nothing` }
  await readLines(child.stdout, (line) => (last = line))
  await child.exited
  return last
}

function spawn(file: string, options: string[]) {
  // The Python that has Debian's packages, whatever else is on the PATH.
  const program = file.endsWith('.py') ? '/usr/bin/python3' : 'node'
  const cmd = [program, folder + file, ...options]
  return Bun.spawn({ cmd, stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
}

/** Reads JSON lines to their end. */
export async function readLines(
  output: ReadableStream<Uint8Array>,
  onLine: (line: Line) => void,
): Promise<void> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(JSON.parse(line) as Line)
  }
}
