// A run of the table: one failure behind one gateway, met by clients that come one after the other.
import { readdirSync } from 'node:fs'
import { processTree } from '../usage.ts'
import type { Failure } from './failures.ts'
import { startGateway, type Gateway } from './gateways.ts'
import { startServers } from './servers.ts'
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
  /** That the gateway has more than before, once it had time to close them. */
  descriptorsLeft: number
}

/** Clients at once, at most. */
export const places = 32
const settleTimeoutMs = 3000

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
      const run = await runOne(failure, gateway, servers.ports, handshakes)
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
  servers: readonly number[],
  handshakes: number,
): Promise<Run> {
  const running = await startGateway(gateway, servers)
  try {
    const before = countDescriptors(running.pid)
    const startedAtMs = performance.now()
    const visits = await visitAll(running.port, handshakes, failure.perSecond)
    const seconds = (performance.now() - startedAtMs) / 1000
    const left = await settledDescriptors(running.pid, before)
    const descriptorsLeft = Math.max(0, left - before)
    return { failure: failure.name, gateway, handshakes, seconds, descriptorsLeft, ...sum(visits) }
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

/** Of the process and its children, as soon as there are no more than expected, or the same for a while. */
async function settledDescriptors(pid: number, expected: number): Promise<number> {
  const deadline = performance.now() + settleTimeoutMs
  for (;;) {
    const open = countDescriptors(pid)
    if (open <= expected || performance.now() > deadline) return open
    await Bun.sleep(50)
  }
}

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
