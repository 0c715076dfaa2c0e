/**
 * What is said of a session whose server dies or leaves: what becomes of it, what is held and waited for, and
 * whether a server that hangs would be noticed.
 */
import type { FailoverConfig, HealthConfig, RouteConfig } from '../config/config.ts'
import { formatDuration, formatSize } from '../config/units.ts'

interface Upstream {
  readonly failover: FailoverConfig
  readonly health: Pick<HealthConfig, 'movesSessions'> | undefined
}

/** Lines, the first of which tells the mode. */
export function failoverTexts(route: RouteConfig, { failover, health }: Upstream): string[] {
  const { mode, on, holdBytes, waitMs } = failover
  if (mode === 'off') return ['off: a session ends with its server']
  const whose = `${mode}: a session whose server ${causeText(on)}`
  if (mode === 'close') return [`${whose} is closed with 1012`]
  const held =
    holdBytes === 0
      ? 'nothing is held: a session caught inside of a message is closed with 1012'
      : `messages up to ${formatSize(holdBytes)} are never cut; a session caught inside of a longer one is closed with 1012`
  const told = mode === 'notify' ? 'the client is sent a message' : 'the client is told nothing'
  const lines = [
    `${whose} goes on at another, and ${told}`,
    held,
    `a session may be without a server for ${formatDuration(waitMs)}`,
  ]
  if (!route.framed && route.compression === 'pass')
    lines.push(
      'the 101 of a client with permessage-deflate says client_no_context_takeover: another server has no window',
    )
  return [...lines, hangText(route, health?.movesSessions ?? false, on.lost)]
}

/** `is lost or closes with 1001, 1012` */
function causeText({ lost, codes }: FailoverConfig['on']): string {
  const closes = codes.length === 0 ? [] : [`closes with ${codes.join(', ')}`]
  return [...(lost ? ['is lost'] : []), ...closes].join(' or ')
}

/** One that is stopped or cut off ends no connection. */
function hangText({ heartbeat }: RouteConfig, movesSessions: boolean, onLost: boolean): string {
  const { upstreamMs, timeoutMs } = heartbeat
  const ways = [
    ...(onLost && upstreamMs !== undefined
      ? [
          `is pinged after ${formatDuration(upstreamMs)}, and given up ${formatDuration(timeoutMs)} later`,
        ]
      : []),
    ...(movesSessions ? ['is given up when checks call it unhealthy'] : []),
  ]
  if (ways.length > 0) return `a server that hangs ${ways.join('; it ')}`
  return 'a server that hangs is not noticed: heartbeat.upstream and health.move are for that'
}
