/**
 * What the differences between two configurations come to in a gateway that runs: which sessions they
 * concern, and what these do.
 */
import type { Config } from './config/config.ts'
import type { ConfigChange, ReloadChange } from './core/reload.ts'
import type { Plan } from './proxy/plan.ts'
import type { Session } from './proxy/session.ts'

export interface Running {
  /** The configuration to come. */
  readonly next: Config
  readonly plan: Plan
  readonly sessions: Iterable<Pick<Session, 'route' | 'pool' | 'endpoint' | 'facts'>>
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
  const sessions = [...running.sessions]
  return changes.map((change) => ({
    what: [change.part, change.name].filter((word) => word !== '').join(' '),
    change: change.kind === 'changed' ? change.words : change.kind,
    ...outcomeOf(change, { ...running, sessions }),
  }))
}

function outcomeOf(change: ConfigChange, { next, plan, sessions }: Running): Outcome {
  const count = (
    test: (session: Running['sessions'] extends Iterable<infer One> ? One : never) => boolean,
  ) => [...sessions].filter(test).length
  const { part, name, kind, keys } = change
  const note = notes[part]
  switch (part) {
    case 'route': {
      const ofRoute = count(({ route }) => route.config.name === name && !route.isRemoved)
      if (kind === 'removed') return { sessions: { count: ofRoute, fate: 'leave' }, note }
      const live = [...keys].some((key) => liveKeys.has(key))
      const others = [...keys].filter((key) => !liveKeys.has(key))
      const rest =
        others.length === 0 || ofRoute === 0
          ? undefined
          : `${others.join(', ')} for sessions to come`
      return { sessions: { count: live ? ofRoute : 0, fate: 'follow' }, note: rest }
    }
    case 'upstream': {
      const pool = plan.pools.get(name)
      if (kind === 'removed')
        return { sessions: { count: count((each) => each.pool === pool), fate: 'stay' }, note }
      if (!keys.has('endpoints') || pool === undefined) return { sessions: nobody, note }
      const urls = new Set(
        next.upstreams.find((each) => each.name === name)?.endpoints.map(({ url }) => url),
      )
      const isGone = (each: { readonly url: string; readonly source: string }) =>
        each.source === 'file' && !urls.has(each.url)
      const leaving = count((each) => each.pool === pool && isGone(each.endpoint))
      return { sessions: { count: leaving, fate: pool.mayMove ? 'move' : 'stay' }, note }
    }
    case 'listener': {
      const ofListener = count(({ facts }) => facts.listener === name)
      if (kind === 'removed') return { sessions: { count: ofListener, fate: 'stay' }, note }
      return { sessions: nobody, note: kind === 'changed' ? 'for connections to come' : note }
    }
    default:
      return { sessions: nobody, note }
  }
}
