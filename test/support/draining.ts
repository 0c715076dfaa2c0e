/**
 * An upstream of which one endpoint is being left, as the admin port would show it at some moment.
 */
import type { Departure } from '../../src/proxy/mover/departures.ts'
import type { EndpointInfo, UpstreamInfo } from '../../src/proxy/upstream-info.ts'

/** The endpoint that is left. */
export const url = 'ws://10.0.0.1:9000'
const otherUrl = 'ws://10.0.0.2:9000'

export interface DrainingNow {
  readonly sessions: number
  /** undefined: nobody moves them yet, or any more. */
  readonly moved?: number
  readonly unmovable?: number
  readonly isToldToDrain?: boolean
  /** URLs of those that are healthy. */
  readonly others?: readonly string[]
  readonly failover?: UpstreamInfo['failover']
}

export function drainingUpstream(now: DrainingNow): UpstreamInfo {
  const { sessions, isToldToDrain = true, others = [otherUrl], failover = 'transparent' } = now
  const left: EndpointInfo = {
    ...healthyEndpoint(url),
    state: isToldToDrain ? 'draining' : 'healthy',
    reason: isToldToDrain ? 'told to drain' : 'told to take sessions again',
    isToldToDrain,
    sessions,
    leaving: progressOf(now),
  }
  return {
    name: 'chat',
    balancer: 'round-robin',
    failover,
    waiting: 0,
    sessionsBetween: 0,
    endpoints: [left, ...others.map(healthyEndpoint)],
    leaving: {},
    moving: {},
  }
}

/** The same once the endpoint was removed under its sessions. */
export function removedUpstream(now: DrainingNow): UpstreamInfo {
  const { endpoints, ...upstream } = drainingUpstream(now)
  const progress = progressOf(now)
  return {
    ...upstream,
    endpoints: endpoints.slice(1),
    leaving: now.sessions > 0 ? { [url]: now.sessions } : {},
    moving: progress === undefined ? {} : { [url]: { ...progress, cause: 'removed' } },
  }
}

function progressOf({ sessions, moved, unmovable = 0 }: DrainingNow): Departure | undefined {
  return moved === undefined ? undefined : { cause: 'draining', moved, left: sessions, unmovable }
}

function healthyEndpoint(endpointUrl: string): EndpointInfo {
  return {
    url: endpointUrl,
    state: 'healthy',
    reason: 'nothing has failed so far',
    since: '2030-01-01T00:00:00.000Z',
    stateMs: 1_000,
    weight: 1,
    currentWeight: 1,
    isBackup: false,
    sessions: 0,
    limit: undefined,
    load: 0,
    latencyMs: undefined,
    source: 'file',
    isToldToDrain: false,
    leaving: undefined,
  }
}
