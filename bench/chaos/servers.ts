// The servers behind the gateways, in a process of their own. Run as a program it takes what each of
// them does, prints their ports as JSON, and ends with its standard input.
import { startTalking, stop } from '../processes.ts'
import { behaviours, type Behaviour } from './behaviours.ts'

export interface Servers {
  ports: readonly number[]
  stop(): Promise<void>
}

export async function startServers(wanted: readonly Behaviour[]): Promise<Servers> {
  const child = startTalking([process.execPath, import.meta.path, ...wanted])
  const { value } = await child.stdout.getReader().read()
  if (value === undefined) throw new Error(`The servers do not start: ${await child.stderr.text()}`)
  return { ports: JSON.parse(new TextDecoder().decode(value)), stop: () => stop(child) }
}

function isBehaviour(name: string): name is Behaviour {
  return name in behaviours
}

if (import.meta.main) {
  const ports = process.argv
    .slice(2)
    .filter(isBehaviour)
    .map((name) => behaviours[name]())
  console.log(JSON.stringify(ports))
  await Bun.stdin.text()
  process.exit()
}
