/**
 * `sluice upstreams`: the endpoints of the running gateway, how each is, since when and why.
 */
import type { Departure } from '../proxy/mover/departures.ts'
import type { EndpointInfo, EndpointStory, UpstreamInfo } from '../proxy/upstream-info.ts'
import { findAdmin, type AdminOptions, type AdminPlace } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'
import { progressText } from './leaving-endpoint.ts'
import { readable } from './readable.ts'
import { formatDuration, formatNumber, formatTable } from './table.ts'
import { roundTripText } from './trace.ts'

/** An endpoint as it is named on the command line. */
export interface NamedEndpoint {
  readonly upstream: string
  readonly url: string
}

/** @returns the exit code. */
export async function upstreams(file: string, options: AdminOptions): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const found = await askAdmin<{ upstreams: readonly UpstreamInfo[] }>(place, 'GET', '/upstreams')
  if (found === undefined) return 1
  console.info(options.json === true ? JSON.stringify(found) : formatUpstreams(found.upstreams))
  return 0
}

/** What one endpoint has been. @returns the exit code. */
export async function history(
  endpoint: NamedEndpoint,
  file: string,
  options: AdminOptions,
): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const found = await askAdmin<EndpointStory>(place, 'GET', pathOf(endpoint))
  if (found === undefined) return 1
  console.info(options.json === true ? JSON.stringify(found) : formatStory(found))
  return 0
}

/** Where the admin port has an endpoint. @param more parameters behind its URL. */
export function pathOf(
  { upstream, url }: NamedEndpoint,
  more: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams({ url, ...more })
  return `/upstreams/${encodeURIComponent(upstream)}/endpoints?${query.toString()}`
}

/** The upstream of an endpoint as it is now. @returns undefined when there is none, and why has been said. */
export function lookAt(
  { upstream }: NamedEndpoint,
  place: AdminPlace,
): Promise<UpstreamInfo | undefined> {
  return askAdmin<UpstreamInfo>(place, 'GET', `/upstreams/${encodeURIComponent(upstream)}`)
}

function formatUpstreams(all: readonly UpstreamInfo[]): string {
  const rows = all.flatMap(({ name, endpoints, leaving, moving, sessionsBetween }) => [
    ...endpoints.map((each) => rowOf(name, each)),
    ...Object.entries(leaving).map(([url, sessions]) =>
      leavingRow(name, url, sessions, moving[url]),
    ),
    ...(sessionsBetween > 0 ? [betweenRow(name, sessionsBetween)] : []),
  ])
  if (rows.length === 0) return 'No endpoints.'
  return formatTable(
    ['UPSTREAM', 'ENDPOINT', 'STATE', 'SINCE', 'SESSIONS', 'WEIGHT', 'LATENCY', 'WHY'],
    rows,
  )
}

function rowOf(upstream: string, endpoint: EndpointInfo): (string | number)[] {
  const { url, state, stateMs, sessions, limit, latencyMs, reason, leaving } = endpoint
  return [
    upstream,
    url,
    state,
    formatDuration(stateMs),
    limit === undefined ? sessions : `${formatNumber(sessions)} of ${formatNumber(limit)}`,
    weightText(endpoint),
    latencyMs === undefined ? '' : roundTripText(latencyMs),
    oneLine(leaving === undefined ? reason : `${reason}, ${progressText(leaving)}`),
  ]
}

/** Of an endpoint that is not there any more, but for its sessions. */
function leavingRow(
  upstream: string,
  url: string,
  sessions: number,
  progress: Departure | undefined,
): (string | number)[] {
  const why = progress === undefined ? 'its sessions go on' : progressText(progress)
  return [upstream, url, 'removed', '', sessions, '', '', why]
}

/** Of sessions that are at no endpoint. */
function betweenRow(upstream: string, sessions: number): (string | number)[] {
  return [upstream, 'none', '', '', sessions, '', '', 'without a server, until one takes them over']
}

function weightText({ weight, currentWeight, isBackup }: EndpointInfo): string | number {
  const text = currentWeight < weight ? `${currentWeight} of ${weight}` : `${weight}`
  return isBackup ? `${text} backup` : text
}

function formatStory({ since, state, reason, history: turns }: EndpointStory): string {
  // Before its first change it has always been so.
  const told = turns.length > 0 ? turns : [{ at: since, state, reason }]
  return formatTable(
    ['TIME', 'STATE', 'WHY'],
    told.map((turn) => [turn.at, turn.state, oneLine(turn.reason)]),
  )
}

/** Reasons tell what servers have said. */
function oneLine(text: string): string {
  return readable(text.replace(/\s+/g, ' '))
}
