// What sessions cost that are there and silent, and what it costs to open them: one gateway, started anew.
import { readdirSync, readFileSync } from 'node:fs'
import { runLoad, type LoadRun } from '../native.ts'
import { cpuNs, residentBytes } from '../usage.ts'
import type { RunningGateway } from './gateway.ts'

export interface IdleFigures {
  /** CPU time to open one, its opening messages and their echoes included. */
  openedUs: number
  opensPerSecond: number
  idleUsPerSecond: number
  processBytes: number
  sessionBytes: number
  kernelBytes: number
  descriptors: number
}

// Code is compiled and buffers are grown by the first clients, whoever comes after.
const firstClients = 200
// For collectors and allocators to return what opening took.
const settleMs = 3000
// Client, gateway twice, server: the kernel of this machine has four sockets of each session.
const socketsOnMachine = 4
const socketsOfGateway = 2

/** @param load is how its clients are: their number, TLS, compression, what each exchanges at first. */
export async function measureIdle(
  gateway: RunningGateway,
  load: Pick<LoadRun, 'clients' | 'tls' | 'deflate' | 'payload' | 'opening'>,
  prefix: string[],
): Promise<IdleFigures> {
  const { pid, port } = gateway
  const run = { ...load, mode: 'idle', inFlight: 1, seconds: 1, warmSeconds: 1 } as const
  const processBytes = residentBytes(pid)
  const first = await runLoad(prefix, port, { ...run, clients: firstClients }, () => {})
  if (first.errors > 0) throw new Error(`Idle clients failed: ${first.firstError}`)
  await Bun.sleep(settleMs)
  const before = readAll(pid)
  let opened = before
  let settled = before
  let later = before
  const result = await runLoad(prefix, port, run, async () => {
    opened = readAll(pid)
    await Bun.sleep(settleMs)
    settled = readAll(pid)
    await Bun.sleep(settleMs)
    later = readAll(pid)
  })
  if (result.errors > 0) throw new Error(`Idle clients failed: ${result.firstError}`)
  const { clients } = load
  return {
    openedUs: (opened.cpuUs - before.cpuUs) / clients,
    opensPerSecond: clients / ((opened.atMs - before.atMs) / 1000),
    idleUsPerSecond: (later.cpuUs - settled.cpuUs) / clients / (settleMs / 1000),
    processBytes,
    sessionBytes: (settled.resident - before.resident) / clients,
    kernelBytes: ((settled.slab - before.slab) / clients) * (socketsOfGateway / socketsOnMachine),
    descriptors: (settled.descriptors - before.descriptors) / clients,
  }
}

function readAll(pid: number) {
  return {
    atMs: performance.now(),
    cpuUs: cpuNs(pid) / 1000,
    resident: residentBytes(pid),
    slab: slabBytes(),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  }
}

/** Where the kernel has its sockets; of the whole machine. */
function slabBytes(): number {
  const line = /^Slab:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))
  return Number(line?.[1] ?? NaN) * 1024
}
