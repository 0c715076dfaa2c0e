/**
 * The plan of another configuration, made of the running one: pools and routes that are in both are the same
 * objects, with their health, their counts and their sessions.
 *
 * Invariant: nothing of the running plan changes before `commit`, and nothing of the new one is left behind
 * after `abandon`.
 */
import type { Config } from '../config/config.ts'
import type { ConfigChange, Prepared } from '../core/reload.ts'
import { Pool } from '../upstream/pool.ts'
import type { PoolHost } from '../upstream/pool-options.ts'
import { handshakeLimits, planWith, type Plan } from './plan.ts'
import type { Route } from './route.ts'

export interface NextPlan extends Prepared {
  readonly plan: Plan
}

export interface NextPlanOptions {
  readonly config: Config
  /** From the running configuration to this one. */
  readonly changes: readonly ConfigChange[]
  /** Of the new pools. */
  readonly host: PoolHost
  /** The client addresses of a route's sessions. */
  readonly addressesOf: (route: Route) => readonly string[]
}

/** @throws Error with a sentence if a file that TLS needs cannot be read or is wrong. */
export function nextPlan(before: Plan, options: NextPlanOptions): NextPlan {
  const { config, changes, addressesOf } = options
  const { pools, changed, added } = nextPools(before, options)
  const plan = planWith(config, pools, before)
  const keysOf = new Map(changes.filter(isChangedRoute).map(({ name, keys }) => [name, keys]))
  const routeCommits = config.routes.flatMap((next, index) => {
    const [route, keys] = [plan.all[index], keysOf.get(next.name)]
    if (route === undefined || keys === undefined) return []
    const addresses = () => addressesOf(route)
    return route.prepare(next, pools, { hasNewSplit: keys.has('upstream'), addresses })
  })
  return {
    plan,
    commit() {
      for (const pool of changed) pool.commit()
      for (const pool of added) pool.start()
      for (const commit of routeCommits) commit()
      for (const listener of config.listeners)
        plan.handshakes.get(listener.name)?.follow(handshakeLimits(listener), () => [])
      const kept = new Set(plan.all)
      for (const route of before.all) route.isRemoved = !kept.has(route)
      for (const [name, pool] of before.pools) if (pools.get(name) !== pool) pool.leave()
    },
    abandon() {
      for (const pool of changed) pool.abandon()
      for (const pool of added) pool.leave()
    },
  }
}

interface NextPools {
  readonly pools: ReadonlyMap<string, Pool>
  readonly changed: readonly Prepared[]
  readonly added: readonly Pool[]
}

function nextPools(before: Plan, { config, changes, host }: NextPlanOptions): NextPools {
  const keys = new Map(
    changes.flatMap(({ part, name, keys }) => (part === 'upstream' ? [[name, keys] as const] : [])),
  )
  const pools = new Map<string, Pool>()
  const changed: Prepared[] = []
  const added: Pool[] = []
  try {
    for (const upstream of config.upstreams) {
      const { name } = upstream
      const known = before.pools.get(name)
      const pool = known ?? new Pool(upstream, host)
      pools.set(name, pool)
      const different = keys.get(name)
      if (known === undefined) added.push(pool)
      else if (different !== undefined) changed.push(known.prepare(upstream, different))
    }
  } catch (error) {
    for (const each of changed) each.abandon()
    for (const pool of added) pool.leave()
    throw error
  }
  return { pools, changed, added }
}

function isChangedRoute({ part, kind }: ConfigChange): boolean {
  return part === 'route' && kind === 'changed'
}
