/**
 * What a configuration comes to: its upstreams as pools, its routes in a table. Made once, and never
 * changed: nothing is dialled before its pools start.
 */
import type { Config } from '../config/config.ts'
import { RouteTable } from '../route/route-table.ts'
import { Pool } from '../upstream/pool.ts'
import type { PoolHost } from '../upstream/pool-options.ts'
import { Quota } from './quota.ts'
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
 * Its pools look after files until they `leave`.
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

function planWith({ listeners, routes }: Config, pools: ReadonlyMap<string, Pool>): Plan {
  const all = routes.map((config) => new Route(config, pools))
  return {
    pools,
    all,
    routes: new RouteTable(all.map((route) => [route.config, route] as const)),
    handshakes: new Map(
      listeners.map(({ name, limits }) => [
        name,
        new Quota({ total: limits.handshakes, perClient: undefined }),
      ]),
    ),
    redirectPorts: new Map(
      listeners.flatMap(({ name, redirectPort }) =>
        redirectPort === undefined ? [] : [[name, redirectPort] as const],
      ),
    ),
  }
}
