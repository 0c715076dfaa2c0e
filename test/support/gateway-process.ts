/**
 * A gateway in a process of its own, for tests that look at its memory, objects and descriptors.
 *
 * Run as a program it takes a configuration as its argument, prints `{"port":N}`, answers each line on
 * standard input, a list of classes, with one of what the process holds, and ends when standard input closes.
 */
import { heapStats } from 'bun:jsc'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { countObjects } from './count-objects.ts'
import { loadConfig } from './load-config.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { descriptors } from '../../src/net/descriptors.ts'
import { withFraming } from './framing.ts'

/** What a gateway process holds, after everything that can be collected is. */
export interface Holdings {
  /** Resident memory, in bytes. */
  readonly rss: number
  /** Live JavaScript objects and the buffers behind them, in bytes. */
  readonly live: number
  readonly sessions: number
  /** Taken from the budget for windows. */
  readonly windowBytes: number
  /** Sockets as the gateway counts them. */
  readonly sockets: number
  /** Open files as the kernel counts them. */
  readonly files: number
  /** Instances by class, of the classes that were asked for. */
  readonly objects: Readonly<Record<string, number>>
}

export interface GatewayProcess extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  /** @param classes whose instances are counted; by default those a connection consists of. */
  holdings(classes?: readonly string[]): Promise<Holdings>
}

const connectionClasses = [
  'ClientRequest',
  'FrameDecoder',
  'FrameScanner',
  'FramedDirection',
  'HttpConnection',
  'RawDeflate',
  'RawInflate',
  'RequestReader',
  'Session',
  'TcpStream',
  'Side',
]

/** @param files how many descriptors it may have; by default as many as this process. */
export async function startGatewayProcess(yaml: string, files?: number): Promise<GatewayProcess> {
  const command = [process.execPath, import.meta.path, yaml]
  const limited = ['/bin/sh', '-c', `ulimit -n ${files}; exec "$@"`, 'sh', ...command]
  const child = Bun.spawn(files === undefined ? command : limited, {
    stdin: 'pipe',
    stdout: 'pipe',
  })
  const lines = createInterface({ input: asStream(child.stdout) })[Symbol.asyncIterator]()
  const read = async () => JSON.parse((await lines.next()).value ?? '{}')
  const { port } = await read()
  if (typeof port !== 'number') throw new Error('The gateway process did not start')
  return {
    port,
    pid: child.pid,
    async holdings(classes = connectionClasses) {
      void child.stdin.write(`${JSON.stringify(classes)}\n`)
      await child.stdin.flush()
      return read()
    },
    async [Symbol.asyncDispose]() {
      await child.stdin.end()
      await child.exited
    },
  }
}

function asStream(stream: ReadableStream<Uint8Array>): NodeJS.ReadableStream {
  return require('node:stream').Readable.fromWeb(stream)
}

if (import.meta.main) await serve(process.argv[2] ?? '')

async function serve(yaml: string): Promise<void> {
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const gateway = createGateway(withFraming(loaded.config), (event) => {
    if (event.type === 'mistake') console.error(event.error)
  })
  gateway.start()
  console.info(JSON.stringify({ port: gateway.listeners[0]?.port }))
  for await (const line of console)
    // The end of the input is an empty one.
    if (line !== '') console.info(JSON.stringify(await holdings(gateway, JSON.parse(line))))
  gateway.destroy()
}

async function holdings(gateway: Gateway, classes: readonly string[]): Promise<Holdings> {
  // What the last turns left on the stack and in native queues lives a little longer than it is needed.
  for (let turn = 0; turn < 5; turn++) {
    await Bun.sleep(20)
    Bun.gc(true)
  }
  const { heapSize, extraMemorySize } = heapStats()
  return {
    rss: process.memoryUsage.rss(),
    // `heapSize` counts the buffers too, and more than once.
    live: heapSize - extraMemorySize + process.memoryUsage().arrayBuffers,
    sessions: gateway.sessions,
    windowBytes: gateway.read().compression.usedBytes,
    sockets: descriptors.sockets,
    files: readdirSync(join('/proc', String(process.pid), 'fd')).length,
    objects: countObjects(classes),
  }
}
