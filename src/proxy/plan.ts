/**
 * What a configuration comes to: its upstreams as pools, its routes in a table. Made once, and never
 * changed: nothing is dialled before the first request.
 */
import type { Config } from '../config/config.ts'
import type { CertificateEvent } from '../core/events.ts'
import { RouteTable } from '../route/route-table.ts'
import { Pool } from '../upstream/pool.ts'
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

/** @throws Error with a sentence if a file that TLS needs cannot be read or is wrong. */
export function planOf(
  { listeners, upstreams, routes }: Config,
  onCertificate: (event: CertificateEvent) => void,
): Plan {
  const pools = new Map(
    upstreams.map((upstream) => [upstream.name, new Pool(upstream, onCertificate)]),
  )
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
