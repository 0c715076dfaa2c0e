// At the end of a report: whether Sluice does what it promises, and how it compares with itself and
// with Node's `ws`. None of it decides about the exit code.
import { comparedRows } from './compression-rows.ts'
import type { Results } from './report.ts'
import type { Group } from './row.ts'
import {
  beforeName,
  controlNames,
  failoverName,
  framedName,
  subjectName,
  workersName,
} from './rows.ts'
import type { Scenario } from './scenarios.ts'
import { idleBytes, median, ratiosOf } from './statistics.ts'
import { formatKilobytes, formatRatio, formatSpread, table, whole } from './table.ts'

// What the project promises without TLS: CPU time against nginx tuned for WebSocket, of a tunnel, and
// of a framed route where messages are short; and memory of an idle client, in a tunnel, and what more
// it takes where compression is agreed on but no window is kept. And what transparent failover may add
// while no server fails: it is there for a bad day, and every other day pays for it.
const ratioMax = 1.25
const framedRatioMax = 1.6
const framedBytes = 64
const idleBytesMax = 5 * 1024
const deflateBytesMax = 2.5 * 1024
const failoverRatioMax = 1.05
const failoverBytesMax = 300
/** Two processes have twice as many wake-ups for the same messages. */
const workersRatioMax = 1.1

/** Only of what was measured, or should have been. */
export function formatVerdicts(results: Results, scenarios: Scenario[]): string {
  const of = (group: Group) => scenarios.filter((scenario) => scenario.group === group)
  const lines = [
    ...ratioVerdicts(results, of('plain'), subjectName, ratioMax),
    ...ratioVerdicts(
      results,
      of('plain').filter(({ unit, bytes }) => unit === 'message' && bytes === framedBytes),
      framedName,
      framedRatioMax,
    ),
    ...idleVerdicts(results),
    ...ratioVerdicts(results, of('failover'), failoverName, failoverRatioMax),
    ...failoverIdleVerdicts(results),
    ...ratioVerdicts(results, of('workers'), workersName, workersRatioMax),
  ]
  if (lines.length === 0) return ''
  return ['Expected of Sluice without TLS', ...lines.map((line) => `  ${line}`)].join('\n')
}

/** By the control row of the scenarios' group. */
function ratioVerdicts(
  results: Results,
  scenarios: Scenario[],
  subject: string,
  max: number,
): string[] {
  return scenarios
    .filter(({ group }) => isConcerned(results, subject, group))
    .map(({ name, group }) => {
      const names = { subject, control: controlNames[group] }
      const ratio = median(ratiosOf(results.samples, name, names, 'cpuUs'))
      const bound = `at most ${max} × the CPU time of ${names.control}`
      return `${verdict(ratio, max)}  ${subject}, ${name}: ${formatRatio(ratio)}, ${bound}`
    })
}

function idleVerdicts(results: Results): string[] {
  const lines: string[] = []
  if (isConcerned(results, subjectName, 'plain')) {
    const bytes = idleBytes(results.idle, subjectName, 'plain')
    const title = `${subjectName}, memory of an idle client`
    lines.push(`${verdict(bytes, idleBytesMax)}  ${title}: ${formatKilobytes(bytes)}, at most 5 KB`)
  }
  const deflate = comparedRows[0]?.subject ?? ''
  if (isConcerned(results, deflate, 'compression')) {
    const with_ = idleBytes(results.idle, deflate, 'compression')
    const bytes = with_ - idleBytes(results.idle, framedName, 'compression')
    const title = `${deflate}, memory of an idle client above that of ${framedName}`
    const figure = formatKilobytes(bytes)
    lines.push(`${verdict(bytes, deflateBytesMax)}  ${title}: ${figure}, at most 2.5 KB`)
  }
  return lines
}

function failoverIdleVerdicts(results: Results): string[] {
  if (!isConcerned(results, failoverName, 'failover')) return []
  const of = (name: string) => idleBytes(results.idle, name, 'failover')
  const added = of(failoverName) - of(subjectName)
  const title = `${failoverName}, memory of an idle client above that of ${subjectName}`
  const figure = Number.isNaN(added) ? '–' : `${whole(added)} B`
  return [`${verdict(added, failoverBytesMax)}  ${title}: ${figure}, at most ${failoverBytesMax} B`]
}

/** Whether a row was to be measured in a group. */
function isConcerned({ samples, idle, failures }: Results, name: string, group: Group): boolean {
  return [...samples, ...idle, ...failures].some(
    (one) => one.gateway === name && one.group === group,
  )
}

/** Not judged without a figure: one of the two rows is missing, or had errors in every round. */
function verdict(figure: number, max: number): string {
  if (Number.isNaN(figure)) return 'not judged'
  return figure <= max ? 'met       ' : 'NOT met   '
}

/** Sluice by Node's `ws`, each with the same windows. */
export function formatCompressionSummary(
  { samples, idle }: Results,
  scenarios: Scenario[],
): string {
  const own = scenarios.filter(({ group }) => group === 'compression')
  const cpu = own.map(({ name }) => [
    name,
    ...comparedRows.flatMap((names) => {
      const ratios = ratiosOf(samples, name, names, 'cpuUs')
      return [formatRatio(median(ratios)), formatSpread(ratios)]
    }),
  ])
  const memory = comparedRows.flatMap(({ subject, control }) => {
    const of = (name: string) => idleBytes(idle, name, 'compression')
    return [formatRatio(of(subject) / of(control)), '–']
  })
  const all = [...cpu, ['memory of an idle client', ...memory]]
  const lines = all.filter((line) => line.slice(1).some((cell) => cell !== '–'))
  if (lines.length === 0) return ''
  const headings = ['', ...comparedRows.flatMap(({ title }) => [title, 'by round'])]
  return `Sluice by Node's ws on the same work: CPU time\n${table(headings, lines)}`
}

/** With --against: what this checkout costs by what the other one does. */
export function formatComparison({ samples, idle }: Results, scenarios: Scenario[]): string {
  const names = { subject: subjectName, control: beforeName }
  const cpu = scenarios.map(({ name }) => {
    const ratios = ratiosOf(samples, name, names, 'cpuUs')
    return [name, formatRatio(median(ratios)), formatSpread(ratios)]
  })
  const memory = (['plain', 'tls'] as const).map((group) => {
    const title = group === 'tls' ? 'memory of an idle client, TLS' : 'memory of an idle client'
    const ratio = idleBytes(idle, subjectName, group) / idleBytes(idle, beforeName, group)
    return [title, formatRatio(ratio), '–']
  })
  const lines = [...cpu, ...memory].filter(([, ratio]) => ratio !== '–')
  if (lines.length === 0) return ''
  return `${subjectName} by ${beforeName}\n${table(['', 'ratio', 'by round'], lines)}`
}
