// What is promised of several workers, held against three runs: how they share sessions, whether their sums are
// right, and what happens when one of them is killed.
import { join } from 'node:path'
import { FailingServer } from '../chaos/failover/failing-server.ts'
import { holdBytes } from '../chaos/failover/gateways.ts'
import type { Totals } from '../chaos/failover/tally.ts'
import { startProgram } from '../chaos/failover/talk.ts'
import { sum } from '../chaos/failover/verdicts.ts'
import type { Bench } from '../measure.ts'
import { runLoad, type LoadRun } from '../native.ts'
import { sessionsOf, WorkersGateway } from './gateway.ts'
import {
  judgeLoss,
  judgeShares,
  judgeSums,
  type Loss,
  type Sums,
  type Verdict,
} from './verdicts.ts'

export { formatWorkers } from './verdicts.ts'

const sharedSessions = 2000
const backMs = 15_000
/** Of the run in which a worker is killed. */
const [clients, perSecond] = [400, 2000]
/** For clients to be in full swing, and to be there again. */
const settleMs = 1500

/** A run that cannot be had is a verdict, too. */
export async function measureWorkers(bench: Bench): Promise<Verdict[]> {
  const runs = [
    ['shares', async () => judgeShares(await measureShares(bench))],
    ['sums', async () => judgeSums(await measureSums(bench))],
    ['a worker killed', async () => judgeLoss(await measureLoss())],
  ] as const
  const verdicts: Verdict[] = []
  for (const [what, run] of runs) {
    console.error(`workers: ${what} …`)
    try {
      verdicts.push(...(await run()))
    } catch (error) {
      const text = `${what}: ${error instanceof Error ? error.message : String(error)}`
      verdicts.push({ isMet: false, isRight: false, text })
    }
  }
  return verdicts
}

function loadOf(bench: Bench, mode: LoadRun['mode'], count: number): LoadRun {
  const { seconds, warmSeconds } = bench.options
  const load = { mode, clients: count, inFlight: mode === 'idle' ? 1 : 4, payload: 64 } as const
  return { ...load, tls: 'off', deflate: 'off', seconds, warmSeconds }
}

/** Sessions of each worker while all of them are there. */
async function measureShares(bench: Bench): Promise<number[]> {
  const gateway = await WorkersGateway.start(bench.upstreamPort)
  try {
    const workers = gateway.workers()
    let shares: number[] = []
    const load = loadOf(bench, 'idle', sharedSessions)
    const { errors, firstError } = await runLoad(bench.placement.load, gateway.port, load, () => {
      shares = workers.map(sessionsOf)
    })
    if (errors > 0) throw new Error(firstError)
    return shares
  } finally {
    await gateway.stop()
  }
}

/** Twice: in between one of the workers is killed, which takes nothing out of the sums. */
async function measureSums(bench: Bench): Promise<Sums> {
  const gateway = await WorkersGateway.start(bench.upstreamPort)
  const load = loadOf(bench, 'messages', 100)
  async function exchange(): Promise<number> {
    const result = await runLoad(bench.placement.load, gateway.port, load, () => {})
    if (result.errors > 0) throw new Error(result.firstError)
    return result.roundTrips
  }
  try {
    const first = await exchange()
    const before = await gateway.messagesOnce(first)
    const [worker] = gateway.workers()
    if (worker === undefined) throw new Error('There is no worker.')
    process.kill(worker.pid, 'SIGKILL')
    await gateway.readyAgain(backMs)
    const both = first + (await exchange())
    return { first, before, both, after: await gateway.messagesOnce(both) }
  } finally {
    await gateway.stop()
  }
}

async function measureLoss(): Promise<Loss> {
  const server = new FailingServer()
  await server.start()
  const gateway = await WorkersGateway.start(server.port)
  const load = startProgram(join(import.meta.dir, '../chaos/failover/load.ts'))
  try {
    const workers = gateway.workers()
    const { port } = gateway
    await load.ask<null>({ ask: 'open', port, clients, perSecond, holdBytes })
    await Bun.sleep(settleMs)
    const [killed] = workers
    if (killed === undefined) throw new Error('There is no worker.')
    const had = sessionsOf(killed)
    const killedAtMs = performance.now()
    process.kill(killed.pid, 'SIGKILL')
    await gateway.readyAgain(backMs)
    const backAfterMs = performance.now() - killedAtMs
    await Bun.sleep(settleMs)
    const { closings, lostOpen, lostOutside, faults } = await load.ask<Totals>({ ask: 'finish' })
    const counts = { closed: sum(closings), lostOpen, lost: lostOutside, faults: faultsIn(faults) }
    return { had, sessions: clients, backAfterMs, ...counts }
  } finally {
    await load.stop()
    await gateway.stop()
    await server.stop()
  }
}

/** Whoever is cut off may have received a part of an echo. */
function faultsIn(faults: Record<string, number>): number {
  const { 'no Close in the middle of an echo': cut = 0 } = faults
  return sum(faults) - cut
}
