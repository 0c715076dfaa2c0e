// What is measured under load, and how one measurement of one gateway is taken.
import type { Corpora, Corpus } from './corpus.ts'
import type { Gateway } from './gateways.ts'
import { runLoad, type Load } from './native.ts'
import type { Group } from './row.ts'
import { cpuNs } from './usage.ts'

/** For the gateways of its group. */
export interface Scenario extends Load {
  name: string
  group: Group
  /** What one of `done` is called. */
  unit: 'message' | 'handshake' | 'delivery'
  /** Of a message without compression, on average. */
  bytes: number
}

/** One gateway in one scenario in one round. */
export interface Sample {
  scenario: string
  group: Group
  gateway: string
  round: number
  /** CPU time of the gateway and its children for each message, handshake or delivery. */
  cpuUs: number
  p50Us: number
  p99Us: number
  perSecond: number
  /** What the gateway sent to clients for each of them, with headers of frames, without TLS. */
  bytesToClient: number
  errors: number
  firstError: string
}

export interface Durations {
  seconds: number
  warmSeconds: number
}

/** Of names: no two scenarios have the same one. */
const suffixes = { plain: '', tls: ', TLS', failover: ', failover', workers: ', workers' }

export const plainScenarios: Scenario[] = [
  messages(200, 1, 64, '64 B', 'plain'),
  messages(100, 16, 64, '64 B', 'plain'),
  messages(50, 4, 4096, '4 KB', 'plain'),
  messages(20, 4, 65_536, '64 KB', 'plain'),
  handshakes('handshakes', 'off'),
]

export const tlsScenarios: Scenario[] = [
  messages(200, 1, 64, '64 B', 'tls'),
  messages(100, 16, 64, '64 B', 'tls'),
  messages(50, 4, 4096, '4 KB', 'tls'),
  messages(20, 4, 65_536, '64 KB', 'tls'),
  handshakes('handshakes, TLS', 'full'),
  handshakes('handshakes, TLS resumed', 'resumed'),
]

/** While no server fails. */
export const failoverScenarios: Scenario[] = [
  messages(200, 1, 64, '64 B', 'failover'),
  messages(100, 16, 64, '64 B', 'failover'),
  messages(50, 4, 16_384, '16 KB', 'failover'),
]

/** One process beside several that share a port; all on one core. */
export const workersScenarios: Scenario[] = [
  messages(200, 1, 64, '64 B', 'workers'),
  messages(100, 16, 64, '64 B', 'workers'),
  messages(50, 4, 4096, '4 KB', 'workers'),
]

/** Round trips of every corpus, and one of them to many clients at once. */
export function compressionScenarios({ all, common }: Corpora): Scenario[] {
  return [
    ...all.map((corpus) => {
      const name = `${corpus.name}, 50 connections × 4 in flight`
      return ofCorpus(corpus, { name, unit: 'message', mode: 'messages', clients: 50, inFlight: 4 })
    }),
    ofCorpus(common, {
      name: `${common.name}, the same to 200 connections`,
      unit: 'delivery',
      mode: 'broadcast',
      clients: 200,
      inFlight: 1,
    }),
  ]
}

function messages(
  clients: number,
  inFlight: number,
  bytes: number,
  size: string,
  group: keyof typeof suffixes,
): Scenario {
  const name = `${clients} connections × ${inFlight} in flight, ${size}${suffixes[group]}`
  const tls = group === 'tls' ? 'full' : 'off'
  const load = { mode: 'messages', clients, inFlight, payload: bytes, tls } as const
  return { name, group, unit: 'message', bytes, ...load }
}

/** 32 at a time keep the gateway busy and stay under every listen backlog. */
function handshakes(name: string, tls: Load['tls']): Scenario {
  const load = { mode: 'handshakes', clients: 32, inFlight: 1, payload: 64, tls } as const
  return { name, group: tls === 'off' ? 'plain' : 'tls', unit: 'handshake', bytes: 64, ...load }
}

function ofCorpus(
  { file, bytes }: Corpus,
  scenario: Pick<Scenario, 'name' | 'unit' | 'mode' | 'clients' | 'inFlight'>,
): Scenario {
  return { ...scenario, group: 'compression', bytes, payload: file, tls: 'off' }
}

/** CPU time and latency of a gateway that is running. `prefix` puts the load on its core. */
export async function measure(
  scenario: Scenario,
  gateway: Gateway,
  { seconds, warmSeconds }: Durations,
  prefix: string[],
): Promise<Omit<Sample, 'gateway' | 'group' | 'round' | 'scenario'>> {
  let beforeNs = 0
  const load = { ...scenario, deflate: gateway.deflate, seconds, warmSeconds }
  const result = await runLoad(prefix, gateway.port, load, () => {
    beforeNs = cpuNs(gateway.pid)
  })
  const usedNs = cpuNs(gateway.pid) - beforeNs
  const { p50Us, p99Us, errors, firstError } = result
  const done = Math.max(result.done, 1)
  return {
    cpuUs: usedNs / 1e3 / done,
    p50Us,
    p99Us,
    perSecond: result.done / Math.max(result.seconds, seconds),
    bytesToClient: result.bytesRead / done,
    errors,
    firstError,
  }
}
