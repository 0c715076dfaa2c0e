// A run of the table: clients that talk, and a gateway that is reloaded again and again under them, with wrong
// files in between.
import { freePort } from '../../gateways.ts'
import { cpuNs } from '../../usage.ts'
import type { Totals } from '../failover/tally.ts'
import { Stage, type Size } from '../failover/stage.ts'
import { nginxProgram, sluiceProgram, type Place } from '../gateways.ts'
import { Latencies, type LatencyCounts } from '../latencies.ts'
import { badFileAt, isExplained, type BadFile, type BadPlace } from './bad-files.ts'
import { hasIdle, stepAt, textOf, writtenAt } from './files.ts'
import { nginxFile, ReloadedNginx } from './nginx.ts'
import { isSameState, ReloadedSluice, type Told, type Way } from './sluice.ts'

/** What a reload took, from the word to the answer. */
export interface Cost {
  ms: number
  /** Of the gateway and its children, above what the load takes meanwhile. */
  cpuMs: number
}

export interface Reload extends Cost {
  round: number
  words: string
  isOwn: boolean
  told: Told
  /** Whether it has become what the file says, so far as that can be seen. */
  isDone: boolean
}

export interface BadReload extends Cost {
  file: BadFile
  told: Told
  isExplained: boolean
  /** By what the admin port shows before and after, and by what a dry run of the right file would change. */
  isUnchanged: boolean
}

export interface ReloadRun {
  name: string
  reloads: readonly Reload[]
  bad: readonly BadReload[]
  totals: Totals
  /** Sessions of the servers that are still those they had before; of how many. */
  kept: number
  sessions: number
  /** Echoes before the first reload, and from it on. */
  calm: Latencies
  busy: Latencies
  seconds: number
}

export interface ReloadSize extends Size {
  bad: number
}

/** Before the first reload, to compare with. */
const calmMs = 3000
/** From one answer to the next reload. */
const pauseMs = 150
/** Of nginx, so that each worker takes some sessions. */
const nginxPauseMs = 900
/** No further reload begins later. */
const budgetMs = 6 * 60_000
const progressEvery = 20

const placeOf = (stage: Stage): Place => ({
  port: stage.gateway.port,
  servers: stage.servers.map(({ port }) => port),
  folder: stage.gateway.folder,
})

export async function reloadSluice(size: ReloadSize): Promise<ReloadRun> {
  const somebodyElse = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const ports = { extraPort: freePort(), takenPort: somebodyElse.port }
  const configuration = (place: Place) => textOf(writtenAt(0, { ...place, ...ports }))
  const stage = await Stage.open({ ...sluiceProgram, configuration }, size, everyServer)
  const sluice = new ReloadedSluice(stage.gateway)
  try {
    const watch = await Watch.begin(stage)
    const place = { ...placeOf(stage), ...ports }
    const reloads: Reload[] = []
    const bad: BadReload[] = []
    for (let round = 1; round <= size.rounds && watch.hasTime; round++) {
      reloads.push(await reloadOnce(sluice, stage, place, round))
      if (round % progressEvery === 0) console.error(`  sluice: ${round} of ${size.rounds} …`)
      await Bun.sleep(pauseMs)
      const due = Math.floor((round * size.bad) / size.rounds)
      while (bad.length < due) bad.push(await spoilOnce(sluice, stage, place, round, bad.length))
    }
    return { name: 'sluice', reloads, bad, ...(await watch.end()) }
  } finally {
    sluice.close()
    await stage.close()
    somebodyElse.stop(true)
  }
}

const everyServer = { running: 4, known: 4 }

async function reloadOnce(
  sluice: ReloadedSluice,
  stage: Stage,
  place: BadPlace,
  round: number,
): Promise<Reload> {
  sluice.write(textOf(writtenAt(round, place)))
  const [told, cost] = await costOf(stage, () => sluice.reload(wayAt(round)))
  const { words, isOwn } = stepAt(round)
  const isThere = await sluice.hasEndpoint(place.servers.at(-1) ?? 0)
  const isDone = told.outcome === 'reloaded' && told.words !== '' && isThere === hasIdle(round)
  return { round, words, isOwn, told, isDone, ...cost }
}

async function spoilOnce(
  sluice: ReloadedSluice,
  stage: Stage,
  place: BadPlace,
  round: number,
  number: number,
): Promise<BadReload> {
  const file = badFileAt(number, round, place)
  const before = await sluice.state()
  sluice.write(file.text)
  const [told, cost] = await costOf(stage, () => sluice.reload(wayAt(number)))
  const after = await sluice.state()
  sluice.write(textOf(writtenAt(round, place)))
  const changes = await sluice.foresee()
  await Bun.sleep(pauseMs)
  return {
    file,
    told,
    isExplained: told.outcome === 'refused' && isExplained(file, told.words),
    isUnchanged: isSameState(before, after) && changes?.length === 0,
    ...cost,
  }
}

function wayAt(number: number): Way {
  return number % 2 === 1 ? 'SIGHUP' : 'POST /reload'
}

export async function reloadNginx(size: Size): Promise<ReloadRun> {
  const configuration = (place: Place) => nginxFile(place, 0)
  const stage = await Stage.open({ ...nginxProgram, configuration }, size, everyServer)
  const nginx = new ReloadedNginx(stage.gateway)
  try {
    const watch = await Watch.begin(stage)
    const reloads: Reload[] = []
    for (let round = 1; round <= size.rounds && watch.hasTime; round++) {
      nginx.write(nginxFile(placeOf(stage), round))
      const [isDone, cost] = await costOf(stage, () => nginx.reload())
      const told: Told = { outcome: isDone ? 'reloaded' : 'nothing told', words: '' }
      reloads.push({ round, words: 'a location', isOwn: false, told, isDone, ...cost })
      await Bun.sleep(nginxPauseMs)
    }
    console.error('  nginx: until its old workers have gone …')
    await nginx.settle()
    return { name: 'nginx', reloads, bad: [], ...(await watch.end()) }
  } finally {
    await stage.close()
  }
}

/** What the clients meet from here on. */
class Watch {
  readonly #stage: Stage
  readonly #calm: LatencyCounts
  readonly #before: ReadonlySet<number>
  readonly #startedAtMs = performance.now()

  private constructor(stage: Stage, calm: LatencyCounts, before: ReadonlySet<number>) {
    this.#stage = stage
    this.#calm = calm
    this.#before = before
  }

  static async begin(stage: Stage): Promise<Watch> {
    await stage.ask<LatencyCounts>({ ask: 'latencies' }) // those of the warm-up
    await Bun.sleep(calmMs)
    const calm = await stage.ask<LatencyCounts>({ ask: 'latencies' })
    return new Watch(stage, calm, new Set((await stage.sessions()).flat()))
  }

  get hasTime(): boolean {
    return performance.now() - this.#startedAtMs < budgetMs
  }

  async end() {
    const seconds = (performance.now() - this.#startedAtMs) / 1000
    const busy = await this.#stage.ask<LatencyCounts>({ ask: 'latencies' })
    const after = new Set((await this.#stage.sessions()).flat())
    const totals = await this.#stage.ask<Totals>({ ask: 'finish' })
    return {
      totals,
      kept: this.#before.intersection(after).size,
      sessions: this.#before.size,
      calm: Latencies.from(this.#calm),
      busy: Latencies.from(busy),
      seconds,
    }
  }
}

async function costOf<Result>(
  { gateway, calm }: Stage,
  reload: () => Promise<Result>,
): Promise<[Result, Cost]> {
  const beforeNs = cpuNs(gateway.pid)
  const startedAtMs = performance.now()
  const result = await reload()
  const ms = performance.now() - startedAtMs
  const spentMs = (cpuNs(gateway.pid) - beforeNs) / 1e6
  return [result, { ms, cpuMs: Math.max(0, spentMs - calm.gateway * ms) }]
}
