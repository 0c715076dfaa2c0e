// What is measured, and how one measurement of one gateway is taken.
import type { Gateway } from './gateways.ts'
import { runLoad, type Load } from './native.ts'
import { cpuNs, residentBytes } from './usage.ts'

/** One whose `tls` is not `off` is for gateways with TLS, the others are for those without. */
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
  isTls: boolean
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
  messages(200, 1, 64, '64 B', 'off'),
  messages(100, 16, 64, '64 B', 'off'),
  messages(50, 4, 4096, '4 KB', 'off'),
  messages(20, 4, 65_536, '64 KB', 'off'),
  handshakes('handshakes', 'off'),
  messages(200, 1, 64, '64 B', 'full'),
  messages(100, 16, 64, '64 B', 'full'),
  messages(50, 4, 4096, '4 KB', 'full'),
  messages(20, 4, 65_536, '64 KB', 'full'),
  handshakes('handshakes, TLS', 'full'),
  handshakes('handshakes, TLS resumed', 'resumed'),
]

// Buffers are grown and code is compiled by the first clients, whoever comes after: they are not
// counted as memory of an idle client.
const firstClients = 200
// For garbage collectors and allocators to return what opening the connections took.
const settleMs = 3000

function messages(
  clients: number,
  inFlight: number,
  bytes: number,
  size: string,
  tls: Load['tls'],
): Scenario {
  const suffix = tls === 'off' ? '' : ', TLS'
  const name = `${clients} connections × ${inFlight} in flight, ${size}${suffix}`
  return { name, unit: 'message', mode: 'messages', clients, inFlight, bytes, tls }
}

/** 32 at a time keep the gateway busy and stay under every listen backlog. */
function handshakes(name: string, tls: Load['tls']): Scenario {
  return { name, unit: 'handshake', mode: 'handshakes', clients: 32, inFlight: 1, bytes: 64, tls }
}

/** CPU time and latency of a gateway that is running. `prefix` puts the load on its core. */
export async function measure(
  scenario: Scenario,
  gateway: Gateway,
  { seconds, warmSeconds }: Durations,
  prefix: string[],
): Promise<Omit<Sample, 'gateway' | 'round' | 'scenario'>> {
  let beforeNs = 0
  const load = { ...scenario, seconds, warmSeconds }
  const result = await runLoad(prefix, gateway.port, load, () => {
    beforeNs = cpuNs(gateway.pid)
  })
  const usedNs = cpuNs(gateway.pid) - beforeNs
  const { p50Us, p99Us, errors, firstError } = result
  return {
    cpuUs: usedNs / 1e3 / Math.max(result.done, 1),
    p50Us,
    p99Us,
    perSecond: result.done / Math.max(result.seconds, seconds),
    errors,
    firstError,
  }
}

/** Memory that `clients` silent clients take in a gateway that was just started. */
export async function measureIdle(
  gateway: Gateway,
  clients: number,
  prefix: string[],
): Promise<IdleSample> {
  const tls = gateway.isTls ? 'full' : 'off'
  const load = { mode: 'idle', inFlight: 1, bytes: 64, tls, seconds: 1, warmSeconds: 1 } as const
  const first = await runLoad(prefix, gateway.port, { ...load, clients: firstClients }, () => {})
  await Bun.sleep(settleMs)
  const before = residentBytes(gateway.pid)
  let after = 0
  const second = await runLoad(prefix, gateway.port, { ...load, clients }, async () => {
    await Bun.sleep(settleMs)
    after = residentBytes(gateway.pid)
  })
  return {
    gateway: gateway.name,
    isTls: gateway.isTls,
    clients,
    bytesPerClient: (after - before) / clients,
    residentBytes: after,
    errors: first.errors + second.errors,
    firstError: first.firstError || second.firstError,
  }
}
