// The clients that come while one process takes over from another, in a process of their own: run as a program
// it makes handshakes when it is asked to, each on a connection of its own, and tells what became of them.
import { nowMs } from '../failover/outgoing.ts'
import { talk } from '../failover/talk.ts'
import { Latencies, type LatencyCounts } from '../latencies.ts'
import { visit, type Visit } from '../visit.ts'

export interface StormQuestion {
  port: number
  connects: number
  /** At most. */
  perSecond: number
}

/** What became of those that came. */
export interface Storm {
  connects: number
  /** No 101, by what there was instead. */
  failed: Record<string, number>
  /** With a 101, but closed with 1012 before their echo, as sessions of a process that leaves are. */
  leaving: number
  /** With a 101, and without an echo or an end though nobody told them to leave. */
  lost: Record<string, number>
  handshakes: LatencyCounts
  /** By the clock of the machine. */
  fromMs: number
  toMs: number
}

/** At once: less than any queue of a listener has room for. */
const places = 64
const leavingWords = '1012 before the echo'

async function storm({ port, connects, perSecond }: StormQuestion): Promise<Storm> {
  const fromMs = nowMs()
  const visits: Visit[] = []
  let begun = 0
  const come = async () => {
    while (begun < connects) {
      const number = begun++
      const earlyMs = fromMs + (number / perSecond) * 1000 - nowMs()
      if (earlyMs > 0) await Bun.sleep(earlyMs)
      visits.push(await visit(port, number))
    }
  }
  await Promise.all(Array.from({ length: places }, come))
  return { ...summarize(visits), fromMs, toMs: nowMs() }
}

export function summarize(visits: readonly Visit[]): Omit<Storm, 'fromMs' | 'toMs'> {
  const handshakes = new Latencies()
  for (const { outcome, handshakeMs } of visits)
    if (outcome !== 'failed') handshakes.add(handshakeMs)
  const { [leavingWords]: leaving = 0, ...lost } = countBy(visits, 'lost')
  return {
    connects: visits.length,
    failed: countBy(visits, 'failed'),
    leaving,
    lost,
    handshakes: handshakes.counts,
  }
}

function countBy(visits: readonly Visit[], outcome: Visit['outcome']): Record<string, number> {
  const own = visits.filter((one) => one.outcome === outcome)
  const found = Map.groupBy(own, (one) => one.found)
  return Object.fromEntries(Array.from(found, ([what, all]) => [what, all.length]))
}

if (import.meta.main) await talk((line) => storm(JSON.parse(line) as StormQuestion))
