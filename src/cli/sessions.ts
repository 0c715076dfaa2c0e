/**
 * `sluice sessions`: who is connected to the running gateway, the oldest first.
 */
import type { SessionInfo } from '../proxy/session-info.ts'
import type { SessionPage } from '../proxy/session-list.ts'
import { printable } from '../telemetry/printable.ts'
import { findAdmin, type AdminOptions } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'
import { formatBytes, formatDuration, formatTable } from './table.ts'

export interface SessionsOptions extends AdminOptions {
  readonly route?: string
  readonly address?: string
  readonly limit?: string
  readonly after?: string
}

/** @returns the exit code. */
export async function sessions(file: string, options: SessionsOptions): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const query = new URLSearchParams()
  for (const name of ['route', 'address', 'limit', 'after'] as const) {
    const value = options[name]
    if (value !== undefined) query.set(name, value)
  }
  const page = await askAdmin<SessionPage>(place, 'GET', `/sessions?${query.toString()}`)
  if (page === undefined) return 1
  console.info(options.json === true ? JSON.stringify(page) : formatPage(page))
  return 0
}

function formatPage({ sessions: found, next }: SessionPage): string {
  if (found.length === 0) return 'No sessions.'
  const table = formatTable(
    ['SESSION', 'ROUTE', 'ADDRESS', 'ENDPOINT', 'MOVES', 'AGE', 'IN', '', 'OUT', '', 'PATH'],
    found.map(rowOf),
  )
  return next === undefined ? table : `${table}\n\nThere are more: add --after ${next}`
}

function rowOf(session: SessionInfo): (string | number)[] {
  const { id, route, address, moves, ageMs, inbound, outbound, host, path } = session
  return [
    id,
    printable(route),
    address,
    endpointText(session),
    moves,
    formatDuration(ageMs),
    inbound.messages,
    formatBytes(inbound.bytes),
    outbound.messages,
    formatBytes(outbound.bytes),
    printable(host + path),
  ]
}

/** Where it is, or was. */
function endpointText({ endpoint, isBetween }: SessionInfo): string {
  return isBetween ? `none, was ${endpoint}` : endpoint
}
