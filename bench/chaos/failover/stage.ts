// What a run of the table needs: servers, a gateway in front of them, clients that send; and what it all
// costs. Whoever opens one ends it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  startGateway,
  type Gateway,
  type Program as GatewayProgram,
  type RunningGateway,
} from '../gateways.ts'
import { cpuNs } from '../../usage.ts'
import { FailingServer } from './failing-server.ts'
import { holdBytes } from './gateways.ts'
import type { LoadQuestion } from './load.ts'
import { startProgram, type Program } from './talk.ts'

export interface Size {
  clients: number
  /** Messages in all. */
  perSecond: number
  rounds: number
}

/** In cores. */
export interface Cpu {
  gateway: number
  servers: number
  clients: number
  /** Everything else on the machine: a run beside much of it says little. */
  others: number
}

/** So that nothing is measured while it compiles. */
const warmUpMs = 1500
const calmMs = 1500
/** USER_HZ is 100 on every architecture Bun runs on. */
const tickNs = 1e9 / 100

export class Stage {
  readonly servers: readonly FailingServer[]
  readonly gateway: RunningGateway
  /** While all was well. */
  readonly calm: Cpu
  readonly #load: Program

  private constructor(
    servers: readonly FailingServer[],
    gateway: RunningGateway,
    load: Program,
    calm: Cpu,
  ) {
    this.servers = servers
    this.gateway = gateway
    this.#load = load
    this.calm = calm
  }

  /** Of so many servers the gateway knows the first `known`. @returns when the clients have been sending for a while. */
  static async open(
    gateway: GatewayProgram & Pick<Gateway, 'configuration'>,
    { clients, perSecond }: Size,
    { running, known }: { running: number; known: number },
  ): Promise<Stage> {
    const servers = Array.from({ length: running }, () => new FailingServer())
    await Promise.all(servers.map((server) => server.start()))
    const ports = servers.slice(0, known).map(({ port }) => port)
    const started = await startGateway(gateway, ports)
    const load = startProgram(join(import.meta.dir, 'load.ts'))
    const question = { ask: 'open', port: started.port, clients, perSecond, holdBytes } as const
    await load.ask<null>(question)
    await Bun.sleep(warmUpMs)
    const pids = { gateway: [started.pid], servers: servers.map(({ pid }) => pid) }
    const calm = await cpuOver(calmMs, { ...pids, clients: [load.pid] })
    return new Stage(servers, started, load, calm)
  }

  ask<Answer>(question: LoadQuestion): Promise<Answer> {
    return this.#load.ask<Answer>(question)
  }

  /** How many each server has. */
  async shares(): Promise<number[]> {
    return (await this.sessions()).map(({ length }) => length)
  }

  /** Those of each server. */
  sessions(): Promise<number[][]> {
    return Promise.all(this.servers.map((server) => server.sessions()))
  }

  async close(): Promise<void> {
    await this.#load.stop()
    await this.gateway.stop()
    await Promise.all(this.servers.map((server) => server.stop()))
  }
}

async function cpuOver(
  ms: number,
  pids: Record<Exclude<keyof Cpu, 'others'>, number[]>,
): Promise<Cpu> {
  const read = (own: readonly number[]) => own.reduce((total, pid) => total + cpuNs(pid), 0)
  const all = () => [read(pids.gateway), read(pids.servers), read(pids.clients), machineNs()]
  const startedAtMs = performance.now()
  const before = all()
  await Bun.sleep(ms)
  const ns = (performance.now() - startedAtMs) * 1e6
  const [gateway = 0, servers = 0, clients = 0, machine = 0] = all().map(
    (after, index) => (after - (before[index] ?? 0)) / ns,
  )
  const others = Math.max(0, machine - gateway - servers - clients)
  return { gateway, servers, clients, others }
}

/** CPU time of all processes since boot; the first three figures are user, nice and system, in ticks. */
function machineNs(): number {
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split(/\s+/, 4).map(Number)
  return ticks.reduce((total, each) => total + each, 0) * tickNs
}
