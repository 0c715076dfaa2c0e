// A run of the table: one failure behind one gateway, met by clients that come one after the other.
import { readdirSync } from 'node:fs'
import { processTree } from '../usage.ts'
import type { Failure } from './failures.ts'
import { startGateway, type Gateway } from './gateways.ts'
import { startServers, type Servers } from './servers.ts'
import { visit, type Visit } from './visit.ts'

export interface Run {
  failure: string
  gateway: Gateway
  handshakes: number
  /** Without a 101. */
  failed: number
  /** With a 101, but without an echo or an end. */
  lost: number
  /** What they found instead, the most frequent first: `502 × 333`. */
  found: string
  p50Ms: number
  p99Ms: number
  maxMs: number
  seconds: number
  /** Descriptors that the gateway has more than before, once it had time to close them. */
  left: number
}

/** Clients at once, at most. */
export const places = 32
/** Before anything fails, so that no row is measured while it compiles. */
const warmUpHandshakes = 300
const settleTimeoutMs = 3000
const restMs = 100

/** One failure behind each of these gateways in turn, each a new process. */
export async function runFailure(
  failure: Failure,
  gateways: readonly Gateway[],
  handshakes: number,
  onRun: (run: Run) => void = () => {},
): Promise<Run[]> {
  const runs: Run[] = []
  for (const gateway of gateways) {
    const servers = await startServers(failure.servers)
    try {
      const run = await runOne(failure, gateway, servers, handshakes)
      runs.push(run)
      onRun(run)
    } finally {
      await servers.stop()
    }
  }
  return runs
}

async function runOne(
  failure: Failure,
  gateway: Gateway,
  servers: Servers,
  handshakes: number,
): Promise<Run> {
  const running = await startGateway(gateway, servers.ports)
  try {
    await visitAll(running.port, Math.min(handshakes, warmUpHandshakes))
    const before = await descriptorsAtRest(running.pid)
    await servers.fail()
    const startedAtMs = performance.now()
    const visits = await visitAll(running.port, handshakes, failure.perSecond)
    const seconds = (performance.now() - startedAtMs) / 1000
    const left = await descriptorsLeft(running.pid, before)
    return { failure: failure.name, gateway, handshakes, seconds, left, ...sum(visits) }
  } finally {
    await running.stop()
  }
}

async function visitAll(port: number, handshakes: number, perSecond = 1000): Promise<Visit[]> {
  const visits: Visit[] = []
  const startedAtMs = performance.now()
  let begun = 0
  const come = async () => {
    while (begun < handshakes) {
      const number = begun++
      const earlyMs = startedAtMs + (number / perSecond) * 1000 - performance.now()
      if (earlyMs > 0) await Bun.sleep(earlyMs)
      visits.push(await visit(port, number))
    }
  }
  await Promise.all(Array.from({ length: places }, come))
  return visits
}

/** With nothing under way: as soon as there are as many as a moment before. */
async function descriptorsAtRest(pid: number): Promise<number> {
  for (let last = NaN; ;) {
    const open = countDescriptors(pid)
    if (open === last) return open
    last = open
    await Bun.sleep(restMs)
  }
}

/** As soon as there are no more than before, or when the time for that is over. */
async function descriptorsLeft(pid: number, before: number): Promise<number> {
  const deadline = performance.now() + settleTimeoutMs
  for (;;) {
    const left = countDescriptors(pid) - before
    if (left <= 0 || performance.now() > deadline) return Math.max(0, left)
    await Bun.sleep(restMs)
  }
}

/** Of the process and its children. */
function countDescriptors(pid: number): number {
  const counts = processTree(pid).map((member) => readdirSync(`/proc/${member}/fd`).length)
  return counts.reduce((total, count) => total + count, 0)
}

function sum(visits: readonly Visit[]) {
  const times = visits.map(({ handshakeMs }) => handshakeMs).toSorted((a, b) => a - b)
  const at = (share: number) => times[Math.ceil(times.length * share) - 1] ?? NaN
  const count = (outcome: Visit['outcome']) =>
    visits.filter((one) => one.outcome === outcome).length
  const found = Map.groupBy(visits, (one) => one.found)
  found.delete('')
  const most = [...found].toSorted(([, a], [, b]) => b.length - a.length)
  return {
    failed: count('failed'),
    lost: count('lost'),
    found: most.map(([what, all]) => `${what} × ${all.length}`).join(', '),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
  }
}
