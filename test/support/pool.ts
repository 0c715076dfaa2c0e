/**
 * Pools without sockets: whom they choose, by a clock that stands still.
 */
import type { Registry } from '../../src/core/registry.ts'
import type { UpstreamEvent } from '../../src/core/events.ts'
import { Pool } from '../../src/upstream/pool.ts'
import type { PoolEvent, PoolHost, PoolOptions } from '../../src/upstream/pool-options.ts'
import type { EndpointOptions } from '../../src/upstream/endpoint-options.ts'
import { builtIn } from '../../src/registry.ts'
import { FakeClock } from './fake-clock.ts'
import { quietHost } from './pool-host.ts'

/** An address that is never dialled. */
export function endpointOptions(url: string, more: Partial<EndpointOptions> = {}): EndpointOptions {
  const { hostname, port, host } = new URL(url)
  return {
    url,
    scheme: 'ws',
    isTls: false,
    host: hostname,
    port: Number(port),
    unix: undefined,
    path: '',
    authority: host,
    serverName: undefined,
    weight: 1,
    isBackup: false,
    sessions: undefined,
    ...more,
  }
}

export function balancerNamed(
  type: string,
  options: Readonly<Record<string, unknown>> = {},
  { balancers }: Registry = builtIn,
): PoolOptions['balancer'] {
  const extension = balancers.find((each) => each.type === type)
  if (extension === undefined) throw new Error(`There is no balancer ${type}`)
  return { type, options, create: (host) => extension.create(options, host) }
}

/** As where nothing is said of it. */
export const noFailover: PoolOptions['failover'] = {
  mode: 'off',
  on: { lost: true, codes: [1001, 1012] },
  holdBytes: 65_536,
  waitMs: 30_000,
  message: '{"type":"failover"}',
}

export interface TestPool {
  readonly pool: Pool
  readonly clock: FakeClock
  readonly events: UpstreamEvent[]
  /** What was thrown where nothing may be. */
  readonly mistakes: unknown[]
}

/** What else a pool is lent: a DNS by hand is one, with its clock. */
export interface TestPoolHost extends Partial<
  Pick<PoolHost, 'query' | 'secret' | 'onChange' | 'random'>
> {
  readonly clock?: FakeClock
}

export function startPool(
  endpoints: readonly EndpointOptions[],
  more: Partial<PoolOptions> = {},
  { clock = new FakeClock(), ...lent }: TestPoolHost = {},
): TestPool {
  const events: UpstreamEvent[] = []
  const mistakes: unknown[] = []
  const options: PoolOptions = {
    name: 'chat',
    endpoints,
    discover: undefined,
    balancer: balancerNamed('round-robin'),
    queue: undefined,
    sticky: undefined,
    health: undefined,
    eject: { failures: 5, withinMs: 10_000, forMs: 30_000, atMost: 0.5 },
    retry: { dials: 2, budget: 0.2, statuses: [502, 503, 504] },
    failover: noFailover,
    drain: { perSecond: 100, settleMs: 250 },
    rebalance: undefined,
    slowStartMs: undefined,
    tls: {
      ca: undefined,
      cert: undefined,
      key: undefined,
      serverName: undefined,
      isVerified: true,
    },
    timeout: { connectMs: 1_000, answerMs: 1_000 },
    keepAlive: { connections: 1, idleMs: 1_000 },
    ...more,
  }
  const emit = (event: PoolEvent) => {
    if (event.type === 'mistake') mistakes.push(event.error)
    else if ('upstream' in event) events.push(event)
  }
  const pool = new Pool(options, { ...quietHost, ...lent, clock, emit })
  pool.start()
  return { pool, clock, events, mistakes }
}
