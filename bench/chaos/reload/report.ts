// The table of reloads as text, and what is to be said of Sluice in it.
import { digits, table, whole } from '../../table.ts'
import { percentile, sum } from '../failover/verdicts.ts'
import type { BadReload, Cost, ReloadRun } from './run.ts'

export interface Verdict {
  isMet: boolean
  text: string
}

const headings = [
  '',
  'reloads',
  'of its own upstream',
  'took p50',
  'p99',
  'CPU p50',
  'closed',
  'lost',
  'errors',
  'echo p99, calm',
  'reloading',
]

export function formatRuns(runs: readonly ReloadRun[]): string {
  const lines = runs.flatMap((run) => [
    [
      run.name,
      String(run.reloads.length),
      String(run.reloads.filter(({ isOwn }) => isOwn).length),
      ...costs(run.reloads),
      String(sum(run.totals.closings)),
      String(run.totals.lostOutside),
      String(errorsOf(run)),
      ...[run.calm, run.busy].map((latencies) => milliseconds(latencies.percentile(0.99))),
    ],
    ...(run.bad.length === 0
      ? []
      : [[`${run.name}, wrong files`, String(run.bad.length), '–', ...costs(run.bad)]]),
  ])
  return table(headings, lines)
}

function costs(all: readonly Cost[]): string[] {
  const took = all.map(({ ms }) => ms)
  const cpu = all.map(({ cpuMs }) => cpuMs)
  return [percentile(took, 0.5), percentile(took, 0.99), percentile(cpu, 0.5)].map(milliseconds)
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : `${digits(ms)} ms`
}

/** What was said of a wrong file of each kind: the first of each. */
export function formatExplanations(bad: readonly BadReload[]): string {
  const kinds = Map.groupBy(bad, ({ file }) => file.kind)
  const parts = Array.from(kinds, ([kind, [first]]) => {
    const lines = (first?.told.words ?? '').trim().split('\n')
    return [`  ${kind}`, ...lines.slice(0, mostLines).map((line) => `      ${line}`)].join('\n')
  })
  return ['What is said of wrong files, one of each kind', ...parts].join('\n')
}

const mostLines = 4

/** What was done and found, in words. */
export function formatFindings({ name, totals, seconds, kept, sessions }: ReloadRun): string {
  const counts = Object.entries({ ...totals.closings, ...totals.faults })
  const refused = Object.entries(totals.refusals).map(
    ([what, count]) => [`no 101: ${what}`, count] as const,
  )
  const lines = [...counts, ...refused].map(([what, count]) => `${what} × ${count}`)
  const first = `${name}: ${whole(totals.sent)} messages in ${Math.round(seconds)} s; of ${sessions} sessions ${kept} are where they were`
  return [first, ...lines, ...totals.examples].join('\n    ')
}

/** Everything that clients may not see: faults of the protocol, echoes twice or late, no 101. */
function errorsOf({ totals }: ReloadRun): number {
  return sum(totals.faults) + sum(totals.refusals) + totals.twice + totals.late
}

/** @param run of Sluice. */
export function judge(run: ReloadRun): Verdict[] {
  const { reloads, bad, totals, kept, sessions } = run
  const notDone = reloads.filter(({ isDone }) => !isDone)
  const [first] = notDone
  const example = first && `${first.words}: ${first.told.outcome} ${first.told.words}`.trimEnd()
  const unexplained = bad.filter((each) => !each.isExplained)
  const changed = bad.filter(({ isUnchanged }) => !isUnchanged)
  return [
    {
      isMet: reloads.length > 0 && first === undefined,
      text: `${reloads.length} reloads, ${notDone.length} not done${example === undefined ? '' : `, the first: ${example}`}`,
    },
    {
      isMet: sum(totals.closings) === 0 && kept === sessions,
      text: `${sum(totals.closings)} sessions closed, ${sessions - kept} of ${sessions} not where they were`,
    },
    {
      isMet: totals.sent > 0 && totals.lostOutside === 0,
      text: `${totals.lostOutside} of ${whole(totals.sent)} messages lost`,
    },
    { isMet: errorsOf(run) === 0, text: `${errorsOf(run)} errors` },
    {
      isMet: unexplained.length === 0,
      text: `${bad.length} wrong files, ${unexplained.length} not explained${kindsOf(unexplained)}`,
    },
    {
      isMet: changed.length === 0,
      text: `${bad.length} wrong files, ${changed.length} have changed something${kindsOf(changed)}`,
    },
  ]
}

function kindsOf(bad: readonly BadReload[]): string {
  const kinds = new Set(bad.map(({ file }) => file.kind))
  return kinds.size === 0 ? '' : `: ${[...kinds].join(', ')}`
}

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ isMet, text }) => `  ${isMet ? 'PASS' : 'FAIL'}  ${text}`)
  return ['Expected of Sluice', ...lines].join('\n')
}
