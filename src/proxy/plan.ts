/**
 * What a configuration comes to: its upstreams as pools, its routes in a table. Never changed: another
 * configuration is another plan (`next-plan.ts`). Nothing is dialled before its pools start.
 */
import type { Config, ListenerConfig } from '../config/config.ts'
import { RouteTable } from '../route/route-table.ts'
import { Pool } from '../upstream/pool.ts'
import type { PoolHost } from '../upstream/pool-options.ts'
import { Quota, type QuotaLimits } from './quota.ts'
import { Route } from './route.ts'

export interface Plan {
  readonly routes: RouteTable<Route>
  /** Those in the table. */
  readonly all: readonly Route[]
  /** By the name of their upstream. */
  readonly pools: ReadonlyMap<string, Pool>
  /** Handshakes under way, by the names of listeners. */
  readonly handshakes: ReadonlyMap<string, Quota>
  /** Where listeners that only redirect lead, by their names. */
  readonly redirectPorts: ReadonlyMap<string, number>
}

/**
 * Its pools look after files from their start until they `leave`.
 * @throws Error with a sentence if a file that TLS needs cannot be read or is wrong; then nothing is left behind.
 */
export function planOf(config: Config, host: PoolHost): Plan {
  const pools = new Map<string, Pool>()
  try {
    for (const upstream of config.upstreams) pools.set(upstream.name, new Pool(upstream, host))
    return planWith(config, pools)
  } catch (error) {
    for (const pool of pools.values()) pool.leave()
    throw error
  }
}

/** @param before whose routes and counts go on, where they are in both. */
export function planWith(
  { listeners, routes }: Config,
  pools: ReadonlyMap<string, Pool>,
  before?: Plan,
): Plan {
  const known = new Map(before?.all.map((route) => [route.config.name, route]))
  const planned = routes.map(
    (config) => [config, known.get(config.name) ?? new Route(config, pools)] as const,
  )
  return {
    pools,
    all: planned.map(([, route]) => route),
    routes: new RouteTable(planned),
    handshakes: new Map(
      listeners.map((listener) => {
        const known = before?.handshakes.get(listener.name)
        return [listener.name, known ?? new Quota(handshakeLimits(listener))]
      }),
    ),
    redirectPorts: new Map(
      listeners.flatMap(({ name, redirectPort }) =>
        redirectPort === undefined ? [] : [[name, redirectPort] as const],
      ),
    ),
  }
}

export function handshakeLimits({ limits }: ListenerConfig): QuotaLimits {
  return { total: limits.handshakes, perClient: undefined }
}
