// The real clients of clients.ts, started and talked to.
import { join } from 'node:path'
import { lineReader } from '../native.ts'
import { startTalking, stop } from '../processes.ts'
import type { ClientsResult } from './clients.ts'

export interface Crowd {
  pid: number
  /** Starts their clock: what happens to them is noted from now on. */
  begin(): Promise<void>
  /** When all of them are closed or, where they come back, back. */
  result(): Promise<ClientsResult>
  stop(): Promise<void>
}

const bun = join(import.meta.dir, '../../scripts/bun')
const program = join(import.meta.dir, 'clients.ts')
const timeoutMs = 90_000

/** Resolves when all are connected. @param reconnect how they come back; undefined: they do not. */
export async function openCrowd(
  prefix: string[],
  port: number,
  count: number,
  reconnect?: string,
): Promise<Crowd> {
  const words = [port, count, ...(reconnect === undefined ? [] : [reconnect])].map(String)
  const clients = startTalking([...prefix, bun, program, ...words], timeoutMs)
  const readLine = lineReader(clients.stdout)
  if ((await readLine()) !== 'ready') {
    const reason = await new Response(clients.stderr).text()
    throw new Error(`The clients could not connect: ${reason.trim() || 'they ran out of time'}`)
  }
  return {
    pid: clients.pid,
    async begin() {
      await clients.stdin.write('\n')
      await clients.stdin.flush()
    },
    async result() {
      const line = await readLine()
      if (line === '') throw new Error('The clients were not done within their time.')
      return JSON.parse(line) as ClientsResult
    },
    stop: () => stop(clients),
  }
}
