// The C programs of the benchmark: compiled, started, talked to.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startTalking, stop } from './processes.ts'

/** What load.c prints: see there for the modes and for "ready". */
export interface LoadResult {
  /** Round trips, or complete handshakes. */
  done: number
  /** From its first connection on, those of the warm-up too. */
  roundTrips: number
  /** From the start until the last of them was done. */
  seconds: number
  p50Us: number
  p99Us: number
  /** From the gateway in that time, without TLS. */
  bytesRead: number
  errors: number
  firstError: string
}

export interface Load {
  mode: 'messages' | 'handshakes' | 'idle' | 'broadcast' | 'check'
  clients: number
  inFlight: number
  /** Bytes of each message, or the file of a corpus (corpus.ts). */
  payload: number | string
  /** `full`, `resumed`: every connection begins with a TLS handshake of that kind. */
  tls: 'off' | 'full' | 'resumed'
}

/** What comes of a client's offer of permessage-deflate: each message by itself, or with a window. */
export type Deflate = 'off' | 'single' | 'takeover'

export interface LoadRun extends Load {
  deflate: Deflate
  seconds: number
  warmSeconds: number
  /** Messages each client exchanges when it has connected; one if not given. */
  opening?: number
  /** Where everything that comes back is written. */
  record?: string
}

// Opening may take 40 s, the warm-up and the run a few: past this the program hangs.
const loadTimeoutMs = 70_000

const sources = join(import.meta.dir, 'native')
const build = join(import.meta.dir, 'build')

/** Compiles both programs; throws with the compiler's words. */
export function compile({ withTls }: { withTls: boolean }): void {
  mkdirSync(build, { recursive: true })
  const load = ['load', 'modes', 'client', 'upgrade', 'latencies', 'payload', 'websocket']
  if (withTls) compileOne('load', [...load, 'tls'], ['-lssl', '-lcrypto'])
  else compileOne('load', [...load, 'tls-absent'], [])
  compileOne('echo', ['echo', 'websocket'], [])
}

/** Whether OpenSSL's headers are there: the load generator's TLS is made with it. */
export function canCompileTls(): boolean {
  return compiler(['-E', '-include', 'openssl/ssl.h', '-x', 'c', '/dev/null']).exitCode === 0
}

function compileOne(name: string, parts: string[], libraries: string[]): void {
  const files = parts.map((part) => join(sources, `${part}.c`))
  const warnings = ['-Wall', '-Wextra']
  const flags = ['-O2', '-std=gnu11', ...warnings, '-o', join(build, name), ...files, ...libraries]
  const { exitCode, stderr } = compiler(flags)
  if (exitCode !== 0) throw new Error(`cc ${flags.join(' ')}\n${stderr.toString()}`)
}

function compiler(flags: string[]) {
  if (Bun.which('cc') === null) {
    throw new Error('The load generator is written in C: no C compiler (cc) was found.')
  }
  return Bun.spawnSync(['cc', ...flags])
}

/** Starts the echo server; it listens on a port of its own choice. */
export async function startEcho(
  prefix: string[],
): Promise<{ port: number; stop(): Promise<void> }> {
  const echo = startTalking([...prefix, join(build, 'echo')])
  const port = Number(await lineReader(echo.stdout)())
  if (!port) throw new Error(`The echo server did not start: ${await text(echo.stderr)}`)
  return { port, stop: () => stop(echo) }
}

/**
 * Runs the load generator against a port. `atRest` is called when it is prepared and nothing is
 * under way; nothing is under way either when the promise resolves. A load generator that fails is
 * a result with an error.
 */
export async function runLoad(
  prefix: string[],
  port: number,
  load: LoadRun,
  atRest: () => Promise<void> | void,
): Promise<LoadResult> {
  const options = Object.entries({
    '--port': port,
    '--mode': load.mode,
    '--clients': load.clients,
    '--in-flight': load.inFlight,
    [typeof load.payload === 'string' ? '--corpus' : '--bytes']: load.payload,
    '--tls': load.tls,
    '--deflate': load.deflate,
    '--seconds': load.seconds,
    '--warm': load.warmSeconds,
    '--opening': load.opening ?? 1,
    ...(load.record !== undefined && { '--record': load.record }),
  })
  const command = [...prefix, join(build, 'load'), ...options.flat().map(String)]
  const program = startTalking(command, loadTimeoutMs)
  const readLine = lineReader(program.stdout)
  if ((await readLine()) === 'ready') {
    await atRest()
    await program.stdin.write('\n')
    await program.stdin.flush()
    const line = await readLine()
    if (line !== '') return JSON.parse(line) as LoadResult
  }
  await program.exited
  const firstError = (await text(program.stderr)).trim() || 'the load generator ran out of time'
  return {
    done: 0,
    roundTrips: 0,
    seconds: 0,
    p50Us: 0,
    p99Us: 0,
    bytesRead: 0,
    errors: 1,
    firstError,
  }
}

/** Each call gives the next line; '' at the end. */
export function lineReader(stream: ReadableStream<Uint8Array>): () => Promise<string> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let buffered = ''
  return async () => {
    for (;;) {
      const end = buffered.indexOf('\n')
      if (end >= 0) {
        const line = buffered.slice(0, end)
        buffered = buffered.slice(end + 1)
        return line
      }
      const { done, value } = await reader.read()
      if (done) return ''
      buffered += decoder.decode(value, { stream: true })
    }
  }
}

function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text()
}
