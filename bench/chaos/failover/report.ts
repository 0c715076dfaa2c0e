// The tables of failover as text.
import { table, whole } from '../../table.ts'
import type { ChangeRun } from './changes.ts'
import { gapsOf, percentile, sum } from './verdicts.ts'
import type { Failure } from './failing-server.ts'
import type { Round, RoundsRun } from './rounds.ts'
import type { Totals } from './tally.ts'

const failures: readonly Failure[] = ['killed', 'killed sending', 'stopped', 'cut off']

export function formatRounds(runs: readonly RoundsRun[]): string {
  const headings = ['', 'hit', 'closed', 'caught', 'errors', 'lost without cause', 'gap, killed']
  const lines = runs.map(({ gateway, rounds, totals, calm }) => [
    gateway.name,
    String(rounds.reduce((total, { clients }) => total + clients, 0)),
    ...counts(totals),
    gaps(gapsOf(rounds, false)),
    gaps(gapsOf(rounds, true)),
    ...[calm.gateway, calm.servers, calm.clients, calm.others].map(
      (cores) => `${Math.round(cores * 100)} %`,
    ),
  ])
  const cpu = ['CPU gateway', 'servers', 'clients', 'others']
  return table([...headings, 'gap, hung', ...cpu], lines)
}

/** Which messages may be lost is for each failure to say: one line a gateway and failure, by round. */
export function formatLost(runs: readonly RoundsRun[]): string {
  const lines = runs.flatMap(({ gateway, rounds, totals }) =>
    failures.flatMap((failure) => {
      const own = rounds.filter((round) => round.failure === failure)
      if (own.length === 0) return []
      const lost = own.map(({ round }) => totals.lostByRound[round] ?? 0)
      const closed = own.map((round) => round.closed)
      return [
        [gateway.name, failure, hit(own), lost.join(' '), closed.join(' '), gapsOfRounds(own)],
      ]
    }),
  )
  return table(['', 'failure', 'hit', 'lost, by round', 'closed, by round', 'gap'], lines)
}

export function formatChanges(runs: readonly ChangeRun[]): string {
  const headings = ['', 'how', 'closed', 'caught', 'errors', 'lost', 'slowest echo', 'sessions']
  const lines = runs.map(({ gateway, change, how, totals, shares, seconds }) => [
    `${change}, ${gateway.name}`,
    how,
    ...counts(totals),
    `${Math.round(totals.slowestMs)} ms`,
    shares.join(' '),
    `${Math.round(seconds)} s`,
  ])
  return table([...headings, 'took'], lines)
}

/** What there was, in words: moves by cause, closings, errors, the first examples. */
export function formatFindings(
  name: string,
  { totals, moves }: Pick<RoundsRun, 'totals' | 'moves'>,
): string {
  const { closings, faults, examples, refusals, sent } = totals
  const moved = Object.entries(moves).map(([cause, count]) => [`moved, ${cause}`, count] as const)
  const refused = Object.entries(refusals).map(
    ([what, count]) => [`no 101: ${what}`, count] as const,
  )
  const counted = [...moved, ...Object.entries({ ...closings, ...faults }), ...refused]
  const lines = counted.map(([what, count]) => `${what} × ${count}`)
  return [`${name}: ${whole(sent)} messages`, ...lines, ...examples].join('\n    ')
}

function counts({ closings, caught, faults, lostOutside }: Totals): string[] {
  return [sum(closings), caught, sum(faults), lostOutside].map(String)
}

function hit(rounds: readonly Round[]): string {
  return rounds.map(({ clients }) => clients).join(' ')
}

function gapsOfRounds(rounds: readonly Round[]): string {
  return gaps(rounds.flatMap(({ gapsMs }) => gapsMs))
}

/** p50, p99 and the longest. */
function gaps(all: readonly number[]): string {
  const at = [0.5, 0.99, 1].map((share) => percentile(all, share))
  return at.every((ms) => ms === undefined)
    ? '–'
    : `${at.map((ms) => Math.round(ms ?? 0)).join(' / ')} ms`
}
