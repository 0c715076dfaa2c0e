// Where the benchmark runs: notes for the top of the report, and which core does what.
import { readFileSync } from 'node:fs'
import { arch, cpus, loadavg, release, totalmem } from 'node:os'
import type { Row } from './row.ts'

/** Put before a command to run it on its core; empty where nothing can be pinned. */
export interface Placement {
  gateway: string[]
  load: string[]
  note: string
}

/**
 * The gateway has a core of its own; load generator and echo server share another one, whatever the
 * machine has, so that figures of different machines are of the same arrangement.
 */
export function placeOnCores(): Placement {
  const allowed = allowedCores()
  const [load, gateway] = [allowed[0], allowed[1]]
  if (load === undefined || gateway === undefined) {
    return { gateway: [], load: [], note: 'one core for everything: figures are of little use' }
  }
  if (Bun.which('taskset') === null) {
    return { gateway: [], load: [], note: 'taskset is missing: nothing is pinned to a core' }
  }
  const pin = (core: number) => ['taskset', '-c', String(core)]
  const note = `gateway on core ${gateway}, load generator and echo server on core ${load}`
  return { gateway: pin(gateway), load: pin(load), note }
}

/** Lines about the machine, the programs and what else is going on. */
export function describeMachine(versions: string[]): string[] {
  const all = cpus()
  const loads = loadavg().map((load) => load.toFixed(2))
  return [
    `${all[0]?.model.trim() ?? 'unknown processor'}, ${all.length} cores, ${arch()}, ` +
      `${(totalmem() / 2 ** 30).toFixed(1)} GB; Linux ${release()}; load average ${loads.join(' ')}`,
    versions.join(', '),
  ]
}

/** Of the programs behind some rows, each once: `nginx 1.22.1`. */
export function versionsOf(rows: readonly Pick<Row, 'program' | 'version'>[]): string[] {
  const versions = rows.map(({ program, version }) => {
    const { stdout, stderr } = Bun.spawnSync(version)
    const line = (stdout.toString() + stderr.toString()).split('\n')[0] ?? ''
    const number = /\d+(\.\d+)+/.exec(line)?.[0] ?? line
    return `${program.includes('/') ? 'bun' : program} ${number}`
  })
  return [...new Set(versions)]
}

/** The hard limit: each of the benchmark's processes raises its own to it. */
export function descriptorLimit(): number {
  const match = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
  return match ? Number(match[1]) : Infinity
}

function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8')
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '0'
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
