/**
 * What the differences between two configurations come to in a gateway that runs: which sessions they
 * concern, and what these do.
 */
import type { Config } from './config/config.ts'
import type { ConfigChange, ReloadChange } from './core/reload.ts'
import type { Plan } from './proxy/plan.ts'
import type { Session } from './proxy/session.ts'
import type { Pool } from './upstream/pool.ts'

export interface Running {
  /** The configuration to come. */
  readonly next: Config
  readonly plan: Plan
  readonly sessions: Iterable<Pick<Session, 'route' | 'pool' | 'facts'>>
}

type Outcome = Pick<ReloadChange, 'sessions' | 'note'>

/** Keys of routes by which sessions that are open go from now on; by the others those to come. */
const liveKeys = new Set(['limits', 'timeout', 'heartbeat'])
const nobody = { count: 0, fate: 'stay' } as const
const notes: Partial<Record<ConfigChange['part'], string>> = {
  workers: 'takes effect with sluice upgrade',
  plugins: 'what was loaded before is taken anew by sluice upgrade',
  secret: 'cookies that lead to an endpoint do so no more',
}

export function foresee(changes: readonly ConfigChange[], running: Running): ReloadChange[] {
  const counts = countSessions(running.sessions)
  return changes.map((change) => ({
    what: [change.part, change.name].filter((word) => word !== '').join(' '),
    change: change.kind === 'changed' ? change.words : change.kind,
    ...outcomeOf(change, running, counts),
  }))
}

/** Open sessions, by names. */
interface Counts {
  readonly routes: ReadonlyMap<string, number>
  readonly pools: ReadonlyMap<Pool, number>
  readonly listeners: ReadonlyMap<string, number>
}

/** Once for all changes: there may be thousands of both. */
function countSessions(sessions: Running['sessions']): Counts {
  const counts = {
    routes: new Map<string, number>(),
    pools: new Map<Pool, number>(),
    listeners: new Map<string, number>(),
  }
  for (const { route, pool, facts } of sessions) {
    if (!route.isRemoved) addOne(counts.routes, route.config.name)
    addOne(counts.pools, pool)
    addOne(counts.listeners, facts.listener)
  }
  return counts
}

function addOne<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function outcomeOf(change: ConfigChange, running: Running, counts: Counts): Outcome {
  const { part, name, kind, keys } = change
  const note = notes[part]
  switch (part) {
    case 'route': {
      const count = counts.routes.get(name) ?? 0
      if (kind === 'removed') return { sessions: { count, fate: 'leave' }, note }
      const others = [...keys].filter((key) => !liveKeys.has(key))
      const isLive = others.length < keys.size
      const rest = others.length > 0 && count > 0
      return {
        sessions: { count: isLive ? count : 0, fate: 'follow' },
        note: rest ? `${others.join(', ')} for sessions to come` : undefined,
      }
    }
    case 'upstream': {
      const pool = running.plan.pools.get(name)
      if (pool === undefined) return { sessions: nobody, note }
      if (kind === 'removed')
        return { sessions: { count: counts.pools.get(pool) ?? 0, fate: 'stay' }, note }
      const count = keys.has('endpoints') ? countLeft(pool, running.next, name) : 0
      return { sessions: { count, fate: pool.mayMove ? 'move' : 'stay' }, note }
    }
    case 'listener': {
      const count = counts.listeners.get(name) ?? 0
      if (kind === 'removed') return { sessions: { count, fate: 'stay' }, note }
      return { sessions: nobody, note: kind === 'changed' ? 'for connections to come' : note }
    }
    default:
      return { sessions: nobody, note }
  }
}

/** Sessions of endpoints that the file has no more. */
function countLeft({ endpoints }: Pool, { upstreams }: Config, name: string): number {
  const listed = upstreams.find((each) => each.name === name)?.endpoints ?? []
  const urls = new Set(listed.map(({ url }) => url))
  const left = [...endpoints].filter(({ source, url }) => source === 'file' && !urls.has(url))
  return left.reduce((sum, { sessions }) => sum + sessions, 0)
}
