/**
 * `sluice status`: how the running gateway is.
 */
import type { Status, WorkerStatus } from '../admin/status.ts'
import { formatPlace } from '../core/place.ts'
import { printable } from '../telemetry/printable.ts'
import { findAdmin, type AdminOptions } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'
import { formatDuration, formatNumber, formatTable } from './table.ts'

/** @returns the exit code. */
export async function status(file: string, options: AdminOptions): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const found = await askAdmin<Status>(place, 'GET', '/status')
  if (found === undefined) return 1
  console.info(options.json === true ? JSON.stringify(found) : formatStatus(found))
  return 0
}

function formatStatus({ version, bun, pid, state, uptimeMs, ...rest }: Status): string {
  const { sessions, sessionsBetween, sockets, listeners, routes, upstreams, workers } = rest
  const rows = listeners.map((listener) => [
    printable(listener.name),
    formatPlace(listener),
    listener.connections,
  ])
  const between =
    sessionsBetween === 0 ? '' : ` (${formatNumber(sessionsBetween)} without a server)`
  return `sluice ${version} (Bun ${bun}), process ${pid}: ${state}, up ${formatDuration(uptimeMs)}
${formatNumber(sessions)} ${sessions === 1 ? 'session' : 'sessions'}${between}, ${formatNumber(sockets.open)} of ${formatNumber(sockets.most)} sockets

${formatTable(['LISTENER', 'LISTENS ON', 'CONNECTIONS'], rows)}

${formatTable(
  ['ROUTE', 'SESSIONS', 'HANDSHAKES'],
  routes.map((route) => [printable(route.route), route.sessions, route.handshakes]),
)}

${formatTable(
  ['UPSTREAM', 'HEALTHY', 'ENDPOINTS'],
  upstreams.map(({ upstream, healthy, endpoints }) => [upstream, healthy, endpoints]),
)}${workers === undefined ? '' : `\n\n${formatWorkers(workers)}`}`
}

/** Where there are several processes. */
function formatWorkers(workers: readonly WorkerStatus[]): string {
  return formatTable(
    ['WORKER', 'PROCESS', 'STATE', 'SESSIONS', 'RESTARTS'],
    workers.map(({ worker, pid, state, sessions, restarts }) => [
      worker,
      pid ?? 'none',
      state,
      sessions,
      restarts,
    ]),
  )
}
