// CPU time and memory of a process with all its children, from /proc. Exact to the nanosecond where
// the kernel keeps /proc/PID/task/TID/schedstat, otherwise to its clock tick.
import { readdirSync, readFileSync } from 'node:fs'

// USER_HZ, the unit of /proc/PID/stat: 100 on every architecture Bun runs on.
const tickNs = 1e9 / 100

/** CPU time since they started of the process, its threads and its living and dead children. */
export function cpuNs(pid: number): number {
  return sum(processTree(pid).map(processCpuNs))
}

/** Resident memory; pages shared between parent and child count for each, before and after. */
export function residentBytes(pid: number): number {
  return sum(processTree(pid).map(processResidentBytes))
}

/** The process and its descendants that are alive. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? statFields(Number(name))?.[1] : undefined
    if (parent === undefined) continue
    const siblings = children.get(Number(parent))
    if (siblings) siblings.push(Number(name))
    else children.set(Number(parent), [Number(name)])
  }
  const tree = [pid]
  for (const member of tree) tree.push(...(children.get(member) ?? []))
  return tree
}

/** When the process was started, in ticks since boot: tells it from a later one of its number. */
export function startTicks(pid: number): string | undefined {
  return statFields(pid)?.[19]
}

/** Whether it still runs: not ended and waiting for whoever asks how. */
export function isThere(pid: number, startedAt: string): boolean {
  const fields = statFields(pid)
  return fields?.[19] === startedAt && fields[0] !== 'Z'
}

/** The processes that it has started itself and that have not ended. */
export function childrenOf(pid: number): number[] {
  return processTree(pid).filter((child) => Number(statFields(child)?.[1]) === pid)
}

function processCpuNs(pid: number): number {
  const fields = statFields(pid)
  if (!fields) return 0
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number)
  // The threads' figures are exact but lose a thread that ended; the process's are in ticks, rounded
  // down, and lose nothing. So the larger one is right.
  const own = Math.max(threadsCpuNs(pid), (user + system) * tickNs)
  return own + (childUser + childSystem) * tickNs
}

function threadsCpuNs(pid: number): number {
  const threads = readProc(() => readdirSync(`/proc/${pid}/task`)) ?? []
  return sum(
    threads.map((thread) => {
      const path = `/proc/${pid}/task/${thread}/schedstat`
      return Number(readProc(() => readFileSync(path, 'utf8'))?.split(' ')[0] ?? 0)
    }),
  )
}

function processResidentBytes(pid: number): number {
  const rollup = readProc(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? ''
  const kilobytes = /^Rss:\s+(\d+) kB/m.exec(rollup)?.[1]
  return Number(kilobytes ?? 0) * 1024
}

/** Fields of /proc/PID/stat from the third on, behind the name, which may hold spaces. */
function statFields(pid: number): string[] | undefined {
  const stat = readProc(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Undefined if the process, or that file of this kernel, is not there. */
function readProc<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
