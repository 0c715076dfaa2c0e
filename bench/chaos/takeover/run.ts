// A run of the table: sessions that stay, clients that come, and a gateway that is started anew under them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { adopt, startTalking, stop, type Adopted } from '../../processes.ts'
import { FailingServer } from '../failover/failing-server.ts'
import { holdBytes } from '../failover/gateways.ts'
import { nowMs } from '../failover/outgoing.ts'
import type { Closing, Totals } from '../failover/tally.ts'
import { startProgram, type Program } from '../failover/talk.ts'
import { sluiceProgram } from '../gateways.ts'
import {
  sluice,
  startTakeoverGateway,
  until,
  type Successor,
  type TakeoverGateway,
  type TakeoverRow,
} from './gateways.ts'
import { histogramOf, type Histogram } from './histogram.ts'
import type { Storm, StormQuestion } from './storm.ts'

export interface TakeoverSize {
  /** Handshakes in all. */
  connects: number
  /** That stay. */
  sessions: number
  upgrades: number
  windowSeconds: number
}

export interface Upgrade {
  storm: Storm
  /** From the signal until the new process served; undefined: it never did. */
  tookMs: number | undefined
  /** Why not. */
  problem: string | undefined
  /** Whether clients were coming all the while. */
  isInStorm: boolean
  /** When the sessions of the old process were closed, since the new one served. */
  spread: Histogram
  /** Those that were not closed with 1012, by how. */
  otherwise: Record<string, number>
  /** The old process: how it ended, as far as that can be known here; undefined: it did not. */
  ended: 'with 0' | 'with an error' | 'somehow' | undefined
}

export interface SecondStart {
  exitCode: number | null
  words: string
}

export interface TakeoverRun {
  row: TakeoverRow
  upgrades: readonly Upgrade[]
  /** Sessions that came back and had no 101, by what there was instead. */
  refusals: Record<string, number>
  sessions: number
  /** A second one, started as if there were none; undefined for others. */
  second: SecondStart | undefined
}

/** The storm lasts at least so long, and the signal comes after a part of it. */
const stormMs = 5000
const signalAfterMs = 700
/** After the window: sessions are closed, and the process ends. */
const endMs = 8000
/** A second start that runs so long has not failed. */
const secondMs = 10_000
const serverCount = 3

export async function runTakeover(row: TakeoverRow, size: TakeoverSize): Promise<TakeoverRun> {
  const servers = Array.from({ length: serverCount }, () => new FailingServer())
  await Promise.all(servers.map((server) => server.start()))
  const ports = servers.map(({ port }) => port)
  const gateway = await startTakeoverGateway(row, ports, size.windowSeconds)
  const stayers = startProgram(join(import.meta.dir, '../failover/load.ts'))
  const comers = startProgram(join(import.meta.dir, 'storm.ts'))
  const { port } = gateway.place
  try {
    const { sessions: clients } = size
    await stayers.ask<null>({ ask: 'open', port, clients, perSecond: 0, holdBytes })
    const upgrades: Upgrade[] = []
    let { pid } = gateway
    for (let number = 1; number <= size.upgrades; number++) {
      console.error(`  ${row.name}: upgrade ${number} of ${size.upgrades} …`)
      const { successor, ...upgrade } = await upgradeOnce(
        { row, gateway, stayers, comers },
        pid,
        size,
      )
      upgrades.push(upgrade)
      if (successor === undefined) break
      pid = successor.pid
    }
    const second = row.program === sluiceProgram.program ? await startSecond(gateway) : undefined
    const { refusals } = await stayers.ask<Totals>({ ask: 'finish' })
    return { row, upgrades, refusals, sessions: clients, second }
  } finally {
    await Promise.all([stayers.stop(), comers.stop()])
    await Promise.all(processes.splice(0).map((process) => process.stop()))
    if (gateway.child !== undefined) await stop(gateway.child)
    gateway.end()
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/** Of the run under way, the ones that had taken over. */
const processes: Adopted[] = []

interface Parties {
  row: TakeoverRow
  gateway: TakeoverGateway
  stayers: Program
  comers: Program
}

async function upgradeOnce(
  { row, gateway, stayers, comers }: Parties,
  pid: number,
  { connects, upgrades, windowSeconds }: TakeoverSize,
): Promise<Upgrade & { successor: Successor | undefined }> {
  const old = adopt(pid)
  processes.push(old)
  const windowMs = windowSeconds * 1000
  const own = Math.ceil(connects / upgrades)
  const question = { port: gateway.place.port, connects: own, perSecond: own / (stormMs / 1000) }
  await stayers.ask<Closing[]>({ ask: 'closings' }) // those before are of no interest
  const storming = comers.ask<Storm>(question satisfies StormQuestion)
  await Bun.sleep(signalAfterMs)
  const signalledAtMs = nowMs()
  const taken = await row.takeOver(gateway, pid)
  const [successor, problem] = typeof taken === 'string' ? [undefined, taken] : [taken, undefined]
  if (successor !== undefined) processes.push(adopt(successor.pid))
  const storm = await storming
  const hasEnded = successor !== undefined && (await until(() => !old.isThere(), windowMs + endMs))
  const closings = await stayers.ask<Closing[]>({ ask: 'closings' })
  const isTold = ({ words }: Closing) => words.startsWith('1012')
  const atMs = successor?.atMs ?? signalledAtMs
  return {
    successor,
    storm,
    tookMs: successor && atMs - signalledAtMs,
    problem,
    isInStorm: successor !== undefined && storm.fromMs < signalledAtMs && storm.toMs > atMs,
    spread: histogramOf(
      closings.map((closing) => closing.atMs - atMs),
      windowMs,
    ),
    otherwise: countWords(closings.filter((closing) => !isTold(closing))),
    ended: hasEnded ? await howEnded(gateway.child, pid) : undefined,
  }
}

/** Only the first process was started here, so only of that one it is told how it ended. */
async function howEnded(
  child: Bun.Subprocess | undefined,
  pid: number,
): Promise<NonNullable<Upgrade['ended']>> {
  if (child?.pid !== pid) return 'somehow'
  // It is gone for the system a little before it is told here.
  return (await child.exited) === 0 ? 'with 0' : 'with an error'
}

function countWords(closings: readonly Closing[]): Record<string, number> {
  const groups = Map.groupBy(closings, ({ words }) => words)
  return Object.fromEntries(Array.from(groups, ([words, all]) => [words, all.length]))
}

/** Its listener is the same; all else is its own. */
async function startSecond({ place }: TakeoverGateway): Promise<SecondStart> {
  const file = join(place.folder, 'second')
  const own = sluice(place, []).replace('admin.sock', 'second.sock')
  writeFileSync(file, own)
  const command = [sluiceProgram.program, ...sluiceProgram.arguments(file, place.folder)]
  const child = startTalking(command, secondMs)
  const [exitCode, words] = await Promise.all([
    child.exited.then(() => child.exitCode),
    child.stderr.text(),
  ])
  return { exitCode, words: words.trim() }
}
