// The rounds of the table: in each one server fails, the one with the most sessions, and comes back.
import type { Watched } from './client.ts'
import type { Failure } from './failing-server.ts'
import type { FailoverGateway } from './gateways.ts'
import { Stage, type Cpu, type Size } from './stage.ts'
import type { Totals } from './tally.ts'

export interface Round {
  round: number
  failure: Failure
  /** Clients whose server failed. */
  clients: number
  /** Of them those that were closed. */
  closed: number
  gapsMs: readonly number[]
}

export interface RoundsRun {
  gateway: FailoverGateway
  rounds: Round[]
  totals: Totals
  calm: Cpu
  /** As the gateway counts them, by cause. */
  moves: Record<string, number>
}

/** What was sent so long before a failure must have its echo. */
export const beforeMs = 100
/** What was sent so long after it, or after it could be known, must have its echo. */
export const afterMs = 250
/** How long a server is left failed; longer than it takes to find that out. */
const killedMs = 1500
const hungMs = 3500
/** Until it is used again, by whoever asks or tries it once in a while, and has its share of sessions again where there is such a thing. */
const restMs = 4000

/** SIGKILL in odd rounds, half of them in the middle of long messages; else stopped and cut off in turn. */
export function failureOf(round: number): Failure {
  const failures = ['killed', 'stopped', 'killed sending', 'cut off'] as const
  return failures[(round - 1) % failures.length] ?? 'killed'
}

export function hangs(failure: Failure): boolean {
  return failure === 'stopped' || failure === 'cut off'
}

export async function runRounds(gateway: FailoverGateway, size: Size): Promise<RoundsRun> {
  const stage = await Stage.open(gateway, size, { running: 3, known: 3 })
  try {
    const rounds: Round[] = []
    for (let round = 1; round <= size.rounds; round++)
      rounds.push(await runRound(stage, round, gateway.detectMs ?? Infinity))
    const moves = (await gateway.control?.(stage.gateway).moves?.()) ?? {}
    const totals = await stage.ask<Totals>({ ask: 'finish' })
    return { gateway, rounds, totals, calm: stage.calm, moves }
  } finally {
    await stage.close()
  }
}

async function runRound(stage: Stage, round: number, detectMs: number): Promise<Round> {
  const failure = failureOf(round)
  const all = await stage.sessions()
  const most = Math.max(...all.map(({ length }) => length))
  const index = all.findIndex(({ length }) => length === most)
  const [server, sessions] = [stage.servers[index], all[index]]
  if (server === undefined || sessions === undefined) throw new Error('There is no server.')
  const startedAtMs = performance.timeOrigin + performance.now()
  await stage.ask<null>({ ask: 'watch', round, sessions, fromMs: startedAtMs - beforeMs })
  const atMs = await server.fail(failure)
  const lastMs = hangs(failure) ? hungMs : killedMs
  const knownMs = hangs(failure) ? Math.min(detectMs, lastMs) : 0
  await stage.ask<null>({ ask: 'struck', atMs, toMs: atMs + knownMs + afterMs })
  await Bun.sleep(lastMs)
  const watched = await stage.ask<Watched[]>({ ask: 'unwatch' })
  await server.recover(failure)
  await Bun.sleep(restMs)
  // Those caught are not moved; they are counted for themselves.
  const others = watched.filter(({ isCaught }) => !isCaught)
  return {
    round,
    failure,
    clients: sessions.length,
    closed: others.filter(({ isClosed }) => isClosed).length,
    gapsMs: others.map(({ gapMs }) => gapMs),
  }
}
