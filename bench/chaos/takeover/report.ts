// The tables of taking over as text, and what is to be said of Sluice in them.
import { digits, table, whole } from '../../table.ts'
import { sum } from '../failover/verdicts.ts'
import { Latencies } from '../latencies.ts'
import { addUp, binCount, isEven, type Histogram } from './histogram.ts'
import type { TakeoverRun, TakeoverSize, Upgrade } from './run.ts'

export interface Verdict {
  isMet: boolean
  text: string
}

const headings = [
  '',
  'handshakes',
  'no 101',
  'broken off',
  'left',
  'p99',
  'upgrades',
  'longest',
  'sessions closed',
  'not with 1012',
  'came back, no 101',
]

export function formatRuns(runs: readonly TakeoverRun[]): string {
  const lines = runs.map((run) => {
    const { storms, failed, lost, otherwise } = totalsOf(run)
    const handshakes = new Latencies()
    for (const storm of storms) handshakes.merge(storm.handshakes)
    const took = run.upgrades.flatMap(({ tookMs }) => tookMs ?? [])
    return [
      run.row.name,
      whole(storms.reduce((total, { connects }) => total + connects, 0)),
      String(sum(failed)),
      String(sum(lost)),
      String(storms.reduce((total, { leaving }) => total + leaving, 0)),
      `${digits(handshakes.percentile(0.99) ?? NaN)} ms`,
      String(took.length),
      took.length === 0 ? '–' : `${digits(Math.max(...took))} ms`,
      `${whole(closedIn(spreadOf(run)))} of ${whole(run.sessions * run.upgrades.length)}`,
      String(sum(otherwise)),
      String(sum(run.refusals)),
    ]
  })
  return table(headings, lines)
}

/** When sessions of old processes were closed, in all upgrades. */
export function formatSpreads(
  runs: readonly TakeoverRun[],
  { windowSeconds }: TakeoverSize,
): string {
  const tenths = Array.from({ length: binCount }, (_, index) =>
    digits(((index + 1) * windowSeconds) / binCount),
  )
  const lines = runs.map((run) => {
    const { bins, late, early } = spreadOf(run)
    return [run.row.name, ...[early, ...bins, late].map(String)]
  })
  return table(['closed, s after', 'before', ...tenths, 'later'], lines)
}

export function formatFindings(run: TakeoverRun): string {
  const { failed, lost, otherwise } = totalsOf(run)
  const list = (what: string, counts: Record<string, number>) =>
    Object.entries(counts).map(([words, count]) => `${what}: ${words} × ${count}`)
  const ends = run.upgrades.map(({ ended = 'not at all' }) => ended).join(', ')
  const { second } = run
  return [
    run.row.name,
    ...list('no 101', failed),
    ...list('broken off', lost),
    ...list('closed', otherwise),
    ...list('came back, no 101', run.refusals),
    ...run.upgrades.flatMap(({ problem }) => problem ?? []),
    `old processes ended: ${ends}`,
    ...(second === undefined ? [] : [`a second start: exit code ${second.exitCode}`, second.words]),
  ].join('\n    ')
}

/** Of a row of which something is promised. */
export function judge(run: TakeoverRun, size: TakeoverSize): Verdict[] {
  const { upgrades, second, sessions, row } = run
  const { failed, lost, otherwise } = totalsOf(run)
  const spread = spreadOf(run)
  const done = upgrades.filter(({ tookMs }) => tookMs !== undefined)
  const inStorm = upgrades.filter(({ isInStorm }) => isInStorm)
  const ended = upgrades.filter(({ ended }) => ended === 'with 0' || ended === 'somehow')
  const all = sessions * size.upgrades
  const verdicts = [
    {
      isMet: [done, inStorm, ended].every(({ length }) => length === size.upgrades),
      text: `of ${size.upgrades} upgrades ${done.length} done, ${inStorm.length} while clients came, ${ended.length} old processes ended well`,
    },
    {
      isMet: sum(failed) + sum(run.refusals) === 0,
      text: `${sum(failed)} of ${whole(connectsOf(upgrades))} handshakes without a 101, ${sum(run.refusals)} of sessions that came back`,
    },
    { isMet: sum(lost) === 0, text: `${sum(lost)} sessions broken off before their echo or end` },
    {
      isMet: closedIn(spread) === all && sum(otherwise) === 0,
      text: `${whole(closedIn(spread))} of ${whole(all)} sessions closed within ${size.windowSeconds} s, ${sum(otherwise)} not with 1012`,
    },
    {
      isMet: isEven(spread),
      text: `by tenths of that: ${spread.bins.join(', ')}; earlier ${spread.early}, later ${spread.late}`,
    },
    {
      isMet: second !== undefined && second.exitCode === 1 && second.words.includes('listens'),
      text: `a second start: ${second === undefined ? 'not tried' : `exit code ${second.exitCode}, ${second.words}`}`,
    },
  ]
  return verdicts.map(({ isMet, text }) => ({ isMet, text: `${row.name}: ${text}` }))
}

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ isMet, text }) => `  ${isMet ? 'PASS' : 'FAIL'}  ${text}`)
  return ['Expected of Sluice', ...lines].join('\n')
}

function totalsOf({ upgrades }: TakeoverRun) {
  const storms = upgrades.map(({ storm }) => storm)
  return {
    storms,
    failed: addCounts(storms.map(({ failed }) => failed)),
    lost: addCounts(storms.map(({ lost }) => lost)),
    otherwise: addCounts(upgrades.map((upgrade) => upgrade.otherwise)),
  }
}

function connectsOf(upgrades: readonly Upgrade[]): number {
  return upgrades.reduce((total, { storm }) => total + storm.connects, 0)
}

function spreadOf({ upgrades }: TakeoverRun): Histogram {
  return addUp(upgrades.map(({ spread }) => spread))
}

/** Within the window. */
function closedIn({ bins }: Histogram): number {
  return bins.reduce((total, bin) => total + bin, 0)
}

function addCounts(all: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const counts of all)
    for (const [words, count] of Object.entries(counts)) total[words] = (total[words] ?? 0) + count
  return total
}
