// The servers behind the gateways, in a process of their own. Run as a program it takes what each of
// them does when it fails, prints their ports, makes them fail when it is told a line, says so, and ends
// with its standard input.
import { lineReader } from '../native.ts'
import { startTalking, stop } from '../processes.ts'
import { isBehaviour, Server, type Behaviour } from './server.ts'

export interface Servers {
  ports: readonly number[]
  /** Until then all are well. @returns when those that shall fail do. */
  fail(): Promise<void>
  stop(): Promise<void>
}

export async function startServers(behaviours: readonly Behaviour[]): Promise<Servers> {
  const child = startTalking([process.execPath, import.meta.path, ...behaviours])
  const readLine = lineReader(child.stdout)
  const read = async () => {
    const line = await readLine()
    if (line === '') throw new Error(`The servers have ended: ${await child.stderr.text()}`)
    return line
  }
  return {
    ports: JSON.parse(await read()) as number[],
    async fail() {
      await child.stdin.write('\n')
      await child.stdin.flush()
      await read()
    },
    stop: () => stop(child),
  }
}

if (import.meta.main) {
  const servers = process.argv
    .slice(2)
    .filter(isBehaviour)
    .map((behaviour) => new Server(behaviour))
  console.log(JSON.stringify(servers.map(({ port }) => port)))
  for await (const _ of console) {
    await Promise.all(servers.map((server) => server.fail()))
    console.log('failing')
  }
  process.exit()
}
