/**
 * Several processes at a glance, as one gateway.
 */
import type { Status, WorkerStatus } from '../../../admin/status.ts'
import { groupBy, sum } from './answered.ts'

/** What is so of the supervisor. */
export type OwnStatus = Pick<Status, 'version' | 'bun' | 'pid' | 'state' | 'uptimeMs'>

/** @param all those of workers, as seen last. */
export function mergeStatus(
  own: OwnStatus,
  all: readonly Status[],
  workers: readonly WorkerStatus[],
): Status {
  return {
    ...own,
    listeners: groupBy(
      all.flatMap(({ listeners }) => listeners),
      ({ name }) => name,
    ).map((each) => ({ ...each[0], connections: sum(each, ({ connections }) => connections) })),
    sessions: sum(all, ({ sessions }) => sessions),
    sessionsBetween: sum(all, ({ sessionsBetween }) => sessionsBetween),
    routes: groupBy(
      all.flatMap(({ routes }) => routes),
      ({ route }) => route,
    ).map((each) => ({
      route: each[0].route,
      sessions: sum(each, ({ sessions }) => sessions),
      handshakes: sum(each, ({ handshakes }) => handshakes),
    })),
    upstreams: groupBy(
      all.flatMap(({ upstreams }) => upstreams),
      ({ upstream }) => upstream,
    ).map((each) => ({
      upstream: each[0].upstream,
      endpoints: Math.max(...each.map(({ endpoints }) => endpoints)),
      // As they are to the worker that finds the fewest fit.
      healthy: Math.min(...each.map(({ healthy }) => healthy)),
    })),
    sockets: {
      open: sum(all, ({ sockets }) => sockets.open),
      most: sum(all, ({ sockets }) => sockets.most),
    },
    workers,
  }
}
