// Gateways as running processes: one of a row of rows.ts, started, waited for and stopped.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deflate } from './native.ts'
import { start, stop, temporaryDirectory } from './processes.ts'
import type { Group, Row } from './row.ts'
import type { Certificate } from './tls.ts'

export interface Gateway {
  name: string
  group: Group
  /** What it agrees to with its clients. */
  deflate: Deflate
  port: number
  pid: number
  /** Where it writes on SIGWINCH what its collector keeps; undefined: it does not. */
  liveFile: string | undefined
  /** How many idle clients its memory is measured with at most. */
  idleClientsMax: number
  stop(): Promise<void>
}

const startTimeoutMs = 10_000
/** In the directory of a gateway: what it writes. */
export const logName = 'output.log'
const tellLive = `BUN_OPTIONS=--preload=${join(import.meta.dir, 'tell-live.ts')}`

/** A row in one of its groups; those with TLS have a certificate. */
export interface Contender {
  row: Row
  group: Group
  certificate: Certificate | undefined
}

/** Starts a row and waits until it accepts; throws with the end of its log if it does not. */
export async function startGateway(
  { row, group, certificate }: Contender,
  upstreamPort: number,
  prefix: string[],
): Promise<Gateway> {
  const directory = temporaryDirectory()
  const port = freePort()
  const command = row.command({ port, upstreamPort, directory, certificate })
  const liveFile = group === 'failover' ? join(directory, 'live') : undefined
  const telling = liveFile === undefined ? [] : ['env', `LIVE_FILE=${liveFile}`, tellLive]
  const gateway = await startAccepting([...prefix, ...telling, ...command], port, directory)
  const { name, deflate = 'off', idleClientsMax = Infinity } = row
  const process = { port, pid: gateway.pid, stop: () => stop(gateway) }
  return { name, group, deflate, liveFile, idleClientsMax, ...process }
}

/** Starts a command and waits until it accepts on its port; throws with the end of its log if it does not. */
export async function startAccepting(
  command: string[],
  port: number,
  directory: string,
  handed: readonly number[] = [],
): Promise<Bun.Subprocess> {
  const log = join(directory, logName)
  const gateway = start(command, log, handed)
  const deadline = Date.now() + startTimeoutMs
  while (!(await accepts(port))) {
    if (gateway.exitCode === null && Date.now() < deadline) {
      await Bun.sleep(50)
      continue
    }
    await stop(gateway)
    throw new Error(`it does not accept connections: ${readFileSync(log, 'utf8').slice(-500)}`)
  }
  return gateway
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  listener.stop(true)
  return listener.port
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = {
    data() {},
    open(connection: Bun.Socket) {
      connection.end()
      resolve(true)
    },
    connectError: () => resolve(false),
  }
  Bun.connect({ hostname: '127.0.0.1', port, socket }).catch(() => resolve(false))
  return promise
}
