// What is measured, and how one measurement of one gateway is taken.
import type { Gateway } from './gateways.ts'
import { runLoad, type Load } from './native.ts'
import { cpuNs, residentBytes } from './usage.ts'

export interface Scenario extends Load {
  name: string
  /** What one of `done` is called. */
  unit: 'message' | 'handshake'
}

/** One gateway in one scenario in one round. */
export interface Sample {
  scenario: string
  gateway: string
  round: number
  /** CPU time of the gateway and its children for each message or handshake. */
  cpuUs: number
  p50Us: number
  p99Us: number
  perSecond: number
  errors: number
  firstError: string
}

export interface IdleSample {
  gateway: string
  clients: number
  bytesPerClient: number
  /** Of all its processes, with all the clients there. */
  residentBytes: number
  errors: number
  firstError: string
}

export interface Durations {
  seconds: number
  warmSeconds: number
}

export const scenarios: Scenario[] = [
  messages(200, 1, 64, '64 B'),
  messages(100, 16, 64, '64 B'),
  messages(50, 4, 4096, '4 KB'),
  messages(20, 4, 65_536, '64 KB'),
  // 32 at a time keep the gateway busy and stay under every listen backlog.
  {
    name: 'handshakes',
    unit: 'handshake',
    mode: 'handshakes',
    clients: 32,
    inFlight: 1,
    bytes: 64,
  },
]

// Buffers are grown and code is compiled by the first clients, whoever comes after: they are not
// counted as memory of an idle client.
const firstClients = 200
// For garbage collectors and allocators to return what opening the connections took.
const settleMs = 3000

function messages(clients: number, inFlight: number, bytes: number, size: string): Scenario {
  const name = `${clients} connections × ${inFlight} in flight, ${size}`
  return { name, unit: 'message', mode: 'messages', clients, inFlight, bytes }
}

/** CPU time and latency of a gateway that is running. `prefix` puts the load on its core. */
export async function measure(
  scenario: Scenario,
  gateway: Gateway,
  durations: Durations,
  prefix: string[],
): Promise<Omit<Sample, 'gateway' | 'round' | 'scenario'>> {
  let beforeNs = 0
  const result = await runLoad(prefix, gateway.port, { ...scenario, ...durations }, () => {
    beforeNs = cpuNs(gateway.pid)
  })
  const usedNs = cpuNs(gateway.pid) - beforeNs
  const { p50Us, p99Us, errors, firstError } = result
  return {
    cpuUs: usedNs / 1e3 / Math.max(result.done, 1),
    p50Us,
    p99Us,
    perSecond: result.done / Math.max(result.seconds, durations.seconds),
    errors,
    firstError,
  }
}

/** Memory that `clients` silent clients take in a gateway that was just started. */
export async function measureIdle(
  gateway: Gateway,
  clients: number,
  prefix: string[],
): Promise<Omit<IdleSample, 'gateway'>> {
  const load = { mode: 'idle', inFlight: 1, bytes: 64, seconds: 1, warmSeconds: 1 } as const
  const first = await runLoad(prefix, gateway.port, { ...load, clients: firstClients }, () => {})
  await Bun.sleep(settleMs)
  const before = residentBytes(gateway.pid)
  let after = 0
  const second = await runLoad(prefix, gateway.port, { ...load, clients }, async () => {
    await Bun.sleep(settleMs)
    after = residentBytes(gateway.pid)
  })
  return {
    clients,
    bytesPerClient: (after - before) / clients,
    residentBytes: after,
    errors: first.errors + second.errors,
    firstError: first.firstError || second.firstError,
  }
}
