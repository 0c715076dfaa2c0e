// What it costs to choose an endpoint: nanoseconds among 3 and among 1,000, beside the least that can be done.
//
// Endpoints are as the pool's are for a balancer: weights through a getter, latencies that fade by the clock. Requests
// leave nothing behind, so that equal ones compete, which is the dearer case.
import type { Balancer, BalancerHost, Candidate, Choice } from '../src/core/balancer.ts'
import { systemClock } from '../src/core/clock.ts'
import type { Expression } from '../src/core/extension.ts'
import type { RequestContext } from '../src/core/request-context.ts'
import { first } from '../src/upstream/balancers/first.ts'
import { hash } from '../src/upstream/balancers/hash.ts'
import { leastConnections } from '../src/upstream/balancers/least-connections.ts'
import { leastTime } from '../src/upstream/balancers/least-time.ts'
import { randomTwo } from '../src/upstream/balancers/random-two.ts'
import { roundRobin } from '../src/upstream/balancers/round-robin.ts'
import type { Ask } from '../src/upstream/chooser.ts'
import type { EndpointOptions } from '../src/upstream/endpoint-options.ts'
import { Latency } from '../src/upstream/latency.ts'
import { Pool } from '../src/upstream/pool.ts'
import type { PoolHost, PoolOptions } from '../src/upstream/pool-options.ts'
import { median } from './statistics.ts'
import { digits, table } from './table.ts'

const sizes = [3, 1_000]
/** Of one turn; with nine rows of two sizes and seven rounds about five seconds. */
const turnMs = 40
const rounds = 7

interface PickingRow {
  readonly name: string
  /** Of endpoints whose weights differ. */
  readonly isWeighted?: boolean
  /** Not asked alone, but as a session is: tiers, room and gates, entered and left again. */
  readonly isPooled?: boolean
  create(): Balancer
}

const host: BalancerHost = { random: Math.random }

/** A different room for every request. */
let request = 0
const rooms = Array.from({ length: 1_000 }, (_, index) => `room-${index}`)
const by: Expression = {
  source: '$request.path.room',
  render: () => rooms[request++ % rooms.length] ?? '',
}

const rows: readonly PickingRow[] = [
  { name: 'control: list[i++ % n]', create: createControl },
  ...[roundRobin, leastConnections, randomTwo, leastTime, first].map((extension) => ({
    name: extension.type,
    create: () => extension.create({}, host),
  })),
  { name: 'hash', create: () => hash.create({ by }, host) },
  { name: 'hash, every weight another', isWeighted: true, create: () => hash.create({ by }, host) },
  { name: 'hash, bound: 125%', create: () => hash.create({ by, bound: 1.25 }, host) },
  ...[roundRobin, leastConnections, randomTwo].map((extension) => ({
    name: `${extension.type}, through the pool`,
    isPooled: true,
    create: () => extension.create({}, host),
  })),
]

/** @returns the table, headings and all. */
export function measurePicking(): string {
  const runs = rows.map((row) => sizes.map((size) => ({ pick: pickOf(row, size), ns: [0] })))
  for (const run of runs.flat()) run.ns = []
  // In turns, so that all rows meet the same machine; the first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const run of runs.flat()) {
      const ns = measure(run.pick)
      if (round > 0) run.ns.push(ns)
    }
  }
  const lines = rows.map(({ name }, index) => [
    name,
    ...(runs[index] ?? []).map(({ ns }) => digits(median(ns))),
  ])
  return table(['ns to pick one', ...sizes.map((size) => `of ${size.toLocaleString('en')}`)], lines)
}

/** @returns nanoseconds of CPU time for each call, whoever else uses the machine. */
function measure(pick: () => unknown): number {
  const endsAtMs = performance.now() + turnMs
  const before = process.threadCpuUsage()
  let picks = 0
  while (performance.now() < endsAtMs) {
    for (let count = 0; count < 100; count++) pick()
    picks += 100
  }
  const { user, system } = process.threadCpuUsage(before)
  return ((user + system) * 1_000) / picks
}

function pickOf(row: PickingRow, size: number): () => unknown {
  if (row.isPooled === true) return enterAndLeave(row, size)
  const candidates = Array.from(
    { length: size },
    (_, index) => new BenchCandidate(index, row.isWeighted === true ? index + 1 : 1),
  )
  const balancer = row.create()
  balancer.update(candidates)
  const choice: Choice = { request: {} as RequestContext, isOpen }
  return () => balancer.choose(choice)
}

function enterAndLeave(row: PickingRow, size: number): () => unknown {
  const endpoints = Array.from({ length: size }, (_, index) => endpointAt(index))
  const balancer = { type: row.name, options: {}, create: () => row.create() }
  const pool = new Pool({ ...poolOptions, endpoints, balancer }, poolHost)
  const ask: Ask = {
    request: {} as RequestContext,
    isSession: true,
    sticksTo: undefined,
    tried: [],
  }
  return () => pool.enterNow(ask)?.leave(true)
}

const poolOptions: Omit<PoolOptions, 'endpoints' | 'balancer'> = {
  name: 'chat',
  discover: undefined,
  queue: undefined,
  sticky: undefined,
  health: undefined,
  eject: undefined,
  slowStartMs: undefined,
  retry: { dials: 2, budget: 0.2, statuses: [] },
  failover: {
    mode: 'off',
    on: { lost: true, codes: [] },
    holdBytes: 0,
    waitMs: 1_000,
    message: '',
  },
  drain: { perSecond: 1, settleMs: 0 },
  rebalance: undefined,
  tls: { ca: undefined, cert: undefined, key: undefined, serverName: undefined, isVerified: true },
  timeout: { connectMs: 1_000, answerMs: 1_000 },
  keepAlive: { connections: 0, idleMs: 1_000 },
}

const poolHost: PoolHost = {
  clock: systemClock,
  query: () => Promise.reject(new Error('nothing is looked up')),
  secret: '',
  random: Math.random,
  emit() {},
  onChange() {},
}

function endpointAt(index: number): EndpointOptions {
  const host = `10.0.${index >> 8}.${index & 255}`
  const authority = `${host}:9000`
  const place = { host, port: 9_000, unix: undefined, path: '', authority, serverName: undefined }
  const share = { weight: 1, isBackup: false, sessions: undefined }
  return { url: `ws://${authority}`, scheme: 'ws', isTls: false, ...place, ...share }
}

function isOpen({ load }: Candidate): boolean {
  return load < 1_000
}

class BenchCandidate implements Candidate {
  readonly url: string
  readonly load = 10
  readonly weight: number
  readonly #latency = new Latency()
  readonly #slowStartMs = 0

  constructor(index: number, weight: number) {
    this.url = `ws://10.0.${index >> 8}.${index & 255}:9000`
    this.weight = weight
    this.#latency.observe(1 + (index % 7), performance.now())
  }

  get currentWeight(): number {
    return this.#slowStartMs === 0 ? this.weight : this.weight / 2
  }

  get latencyMs(): number | undefined {
    return this.#latency.read(performance.now())
  }
}

function createControl(): Balancer {
  let candidates: readonly Candidate[] = []
  let next = 0
  return {
    update(all) {
      candidates = all
    },
    choose: () => candidates[next++ % candidates.length],
  }
}
