/**
 * The process as every Prometheus client tells of it, under the standard names.
 */
import { readdirSync, statSync } from 'node:fs'
import { descriptors } from '../net/descriptors.ts'
import type { Exposition } from './exposition.ts'

const openFiles = '/proc/self/fd'

export function exposeProcess(exposition: Exposition): void {
  const { user, system } = process.cpuUsage()
  exposition.counter(
    'process_cpu_seconds_total',
    'Total user and system CPU time spent in seconds.',
    (user + system) / 1e6,
  )
  exposition.gauge(
    'process_resident_memory_bytes',
    'Resident memory size in bytes.',
    process.memoryUsage.rss(),
  )
  exposition.gauge(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    performance.timeOrigin / 1000,
  )
  const files = countFiles()
  if (files !== undefined)
    exposition.gauge('process_open_fds', 'Number of open file descriptors.', files)
  exposition.gauge('process_max_fds', 'Maximum number of open file descriptors.', descriptors.limit)
}

/** @returns undefined where the system does not tell. */
function countFiles(): number | undefined {
  try {
    // Linux 6.2 and later tell the number at once; before, twenty thousand take ten milliseconds to list.
    const { size } = statSync(openFiles)
    return size > 0 ? size : readdirSync(openFiles).length
  } catch {
    return undefined
  }
}
