/**
 * An endpoint that is to be left, as one look at its upstream shows it, and in words.
 */
import type { Departure } from '../proxy/mover/departures.ts'
import type { EndpointInfo, UpstreamInfo } from '../proxy/upstream-info.ts'
import { formatNumber } from './table.ts'

export interface LeavingEndpoint {
  /** Sessions that are still there. */
  readonly left: number
  /** undefined while nobody moves them. */
  readonly progress: Departure | undefined
  /** Also where it was removed. */
  readonly isToldToDrain: boolean
  /** There is somewhere to go. */
  readonly hasOther: boolean
}

export function leavingEndpointOf(url: string, upstream: UpstreamInfo): LeavingEndpoint {
  const { endpoints, leaving, moving } = upstream
  const endpoint = endpoints.find((each) => each.url === url)
  return {
    left: endpoint?.sessions ?? leaving[url] ?? 0,
    progress: endpoint?.leaving ?? moving[url],
    isToldToDrain: endpoint?.isToldToDrain ?? true,
    hasOther: endpoints.some((each) => each.url !== url && each.state === 'healthy'),
  }
}

/** Whether sessions of an upstream can go on elsewhere at all. */
export function movesSessions({ failover }: UpstreamInfo): boolean {
  return failover === 'notify' || failover === 'transparent'
}

/** `120 of 340 moved, 3 cannot be`. */
export function progressText({ moved, left, unmovable }: Omit<Departure, 'cause'>): string {
  const stuck = unmovable === 0 ? '' : `, ${formatNumber(unmovable)} cannot be`
  return `${formatNumber(moved)} of ${formatNumber(moved + left)} moved${stuck}`
}

/** What becomes of the sessions of an endpoint that gets no more, behind a semicolon; empty where it has none. */
export function fateText({ sessions }: EndpointInfo, upstream: UpstreamInfo): string {
  if (sessions === 0) return ''
  const isOne = sessions === 1
  const those = isOne ? 'the one it has' : `the ${formatNumber(sessions)} it has`
  if (movesSessions(upstream)) return `; ${those} ${isOne ? 'is' : 'are'} moved`
  const { name, failover } = upstream
  const stay = isOne ? 'stays until it ends' : 'stay until they end'
  return `; ${those} ${stay}, as ${name} has failover: ${failover}`
}
