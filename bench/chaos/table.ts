// The table of failures as text, and what is to be said of Sluice's rows in it.
import { digits, table } from '../table.ts'
import type { Run } from './handshakes.ts'

export interface Verdict {
  failure: string
  gateway: string
  /** More clients had no 101, or lost it, than behind the better control row. */
  isWorse: boolean
  /** The p99 is another matter: it swings where it is short, so it decides nothing. */
  isSlower: boolean
  text: string
}

/** Chance decides who is connected to a server at the moment when it goes. */
const lostByChance = 0.01
/** Two p99 that differ by less tell of the machine; a failure that is waited for costs a second. */
const sameMs = 50

const headings = ['', 'failed', 'lost', 'p50', 'p99', 'max', 'run', 'left', 'found instead']

/** A block a failure. */
export function formatRuns(runs: readonly Run[]): string {
  return [...Map.groupBy(runs, ({ failure }) => failure)]
    .map(([failure, own]) => `${failure}\n${table(headings, own.map(cells))}`)
    .join('\n\n')
}

function cells(run: Run): string[] {
  return [
    run.gateway.name,
    String(run.failed),
    String(run.lost),
    ...[run.p50Ms, run.p99Ms, run.maxMs].map((ms) => `${digits(ms)} ms`),
    `${run.seconds.toFixed(1)} s`,
    String(run.left),
    run.found,
  ]
}

/** One for each row of Sluice that has something to be compared with. */
export function judge(runs: readonly Run[]): Verdict[] {
  return runs.flatMap((run) => {
    const best = betterControl(run, runs)
    return run.gateway.isControl || best === undefined ? [] : judgeOne(run, best)
  })
}

/** Of those that know as much: who asks its servers nothing is compared with its like. */
function betterControl({ failure, gateway }: Run, runs: readonly Run[]): Run | undefined {
  const controls = runs.filter(
    (one) =>
      one.failure === failure &&
      one.gateway.isControl &&
      (gateway.hasChecks || !one.gateway.hasChecks),
  )
  const order = (a: Run, b: Run) => a.failed - b.failed || a.lost - b.lost || a.p99Ms - b.p99Ms
  return controls.toSorted(order)[0]
}

function judgeOne(run: Run, best: Run): Verdict {
  const { failure, gateway, failed, lost, p99Ms, left } = run
  const isWorse = failed > best.failed || lost > best.lost + run.handshakes * lostByChance
  const isSlower = p99Ms > best.p99Ms + sameMs
  const faults = [
    ...(isWorse ? ['worse'] : []),
    ...(isSlower ? ['slower'] : []),
    ...(left > 0 ? [`${left} descriptors left`] : []),
  ]
  const figures = ({ failed, lost, p99Ms }: Run) =>
    `${failed} failed, ${lost} lost, p99 ${digits(p99Ms)} ms`
  const word = faults.length === 0 ? 'not worse' : faults.join(', ').toUpperCase()
  const text = `${word}  ${failure}, ${gateway.name}: ${figures(run)}; ${best.gateway.name}: ${figures(best)}`
  return { failure, gateway: gateway.name, isWorse, isSlower, text }
}

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ text }) => `  ${text}`)
  return ['Sluice by the better control row', ...lines].join('\n')
}
