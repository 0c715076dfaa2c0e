// Turns samples into tables and verdicts: ratios to the control row first, absolute figures second.
//
// A ratio is the median of the ratios of each round, because gateways that were measured within the
// same seconds met the same machine; it need not be the quotient of the two medians beside it.
import { beforeName, controlName, subjectName } from './rows.ts'
import { scenarios, type IdleSample, type Sample, type Scenario } from './scenarios.ts'

export interface Results {
  samples: Sample[]
  idle: IdleSample[]
  /** Rows that could not be measured, and why. */
  failures: { gateway: string; isTls: boolean; reason: string }[]
}

// What the project promises without TLS: against nginx tuned for WebSocket and in memory of an idle
// client.
const ratioMax = 1.25
const idleBytesMax = 5 * 1024

export function formatReport(results: Results): string {
  return [
    ...formatAll(results, false),
    ...formatAll(results, true),
    formatVerdicts(results),
    formatComparison(results),
    formatErrors(results),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

export function hasErrors({ samples, idle, failures }: Results): boolean {
  return failures.length > 0 || [...samples, ...idle].some(({ errors }) => errors > 0)
}

function formatAll({ samples, idle }: Results, isTls: boolean): string[] {
  const own = scenariosOf(isTls).map((scenario) => formatScenario(scenario, samples))
  return [...own, formatIdle(idle, isTls)]
}

function scenariosOf(isTls: boolean): Scenario[] {
  return scenarios.filter(({ tls }) => (tls !== 'off') === isTls)
}

function formatScenario(scenario: Scenario, all: Sample[]): string {
  const samples = valid(all).filter((sample) => sample.scenario === scenario.name)
  const lines = names(samples).map((name) => {
    const own = samples.filter(({ gateway }) => gateway === name)
    const of = (field: 'cpuUs' | 'p99Us' | 'perSecond') => median(own.map((one) => one[field]))
    const cpuRatios = pairedRatios(samples, name, controlName, 'cpuUs')
    return [
      name,
      formatRatio(median(cpuRatios)),
      `${digits(of('cpuUs'))} µs`,
      formatRatio(median(pairedRatios(samples, name, controlName, 'p99Us'))),
      `${(of('p99Us') / 1000).toFixed(1)} ms`,
      whole(scenario.unit === 'handshake' ? 1e6 / of('cpuUs') : of('perSecond')),
      name === controlName ? '–' : formatSpread(cpuRatios),
    ]
  })
  if (lines.length === 0) return ''
  const rate = scenario.unit === 'handshake' ? 'a CPU second' : 'round trips/s'
  const headings = ['', `CPU a ${scenario.unit}`, '', 'p99', '', rate, 'CPU ratio by round']
  return `${scenario.name}\n${table(headings, lines)}`
}

function formatIdle(all: IdleSample[], isTls: boolean): string {
  const samples = valid(all).filter((sample) => sample.isTls === isTls)
  const control = samples.find(({ gateway }) => gateway === controlName)
  const lines = samples.map((sample) => [
    sample.gateway,
    formatRatio(sample.bytesPerClient / (control?.bytesPerClient ?? NaN)),
    `${(sample.bytesPerClient / 1024).toFixed(1)} KB`,
    `${(sample.residentBytes / 2 ** 20).toFixed(0)} MB`,
  ])
  if (lines.length === 0) return ''
  const title = `${whole(samples[0]?.clients ?? 0)} idle clients${isTls ? ', TLS' : ''}`
  return `${title}\n${table(['', 'memory a client', '', 'in all'], lines)}`
}

function formatVerdicts({ samples, idle, failures }: Results): string {
  const isSubject = (one: { gateway: string; isTls: boolean }) =>
    one.gateway === subjectName && !one.isTls
  const plain = scenariosOf(false)
  const isMeasured = samples.some(
    ({ gateway, scenario }) =>
      gateway === subjectName && plain.some(({ name }) => name === scenario),
  )
  if (!isMeasured && ![...idle, ...failures].some(isSubject)) return ''
  const lines = plain.map(({ name }) => {
    const ratio = median(cpuRatiosIn(name, samples, controlName))
    return `${verdict(ratio, ratio <= ratioMax)}  ${name}: ${formatRatio(ratio)}`
  })
  const bytes = valid(idle).find(isSubject)?.bytesPerClient ?? NaN
  const kilobytes = Number.isNaN(bytes) ? '–' : `${(bytes / 1024).toFixed(2)} KB`
  lines.push(`${verdict(bytes, bytes < idleBytesMax)}  memory of an idle client: ${kilobytes}`)
  const expected = `at most ${ratioMax} × the CPU time of ${controlName}, under 5 KB an idle client`
  const title = `Expected of ${subjectName} without TLS: ${expected}`
  return [title, ...lines.map((line) => `  ${line}`)].join('\n')
}

/** With --against: what this checkout costs by what the other one does. */
function formatComparison({ samples, idle }: Results): string {
  const cpu = scenarios.map(({ name }) => {
    const ratios = cpuRatiosIn(name, samples, beforeName)
    return [name, formatRatio(median(ratios)), formatSpread(ratios)]
  })
  const memory = [false, true].map((isTls) => {
    const of = (name: string) =>
      valid(idle).find((one) => one.gateway === name && one.isTls === isTls)?.bytesPerClient ?? NaN
    const title = isTls ? 'memory of an idle client, TLS' : 'memory of an idle client'
    return [title, formatRatio(of(subjectName) / of(beforeName)), '–']
  })
  const lines = [...cpu, ...memory].filter(([, ratio]) => ratio !== '–')
  if (lines.length === 0) return ''
  return `${subjectName} by ${beforeName}\n${table(['', 'ratio', 'by round'], lines)}`
}

function cpuRatiosIn(scenario: string, all: Sample[], to: string): number[] {
  const samples = valid(all).filter((sample) => sample.scenario === scenario)
  return pairedRatios(samples, subjectName, to, 'cpuUs')
}

function formatErrors({ samples, idle, failures }: Results): string {
  const lines = [
    ...failures.map(
      ({ gateway, isTls, reason }) => `  ${gateway}${isTls ? ', TLS' : ''}: ${reason.trimEnd()}`,
    ),
    ...[...samples.map((sample) => ({ ...sample, where: sample.scenario })), ...idleErrors(idle)]
      .filter(({ errors }) => errors > 0)
      .map((one) => `  ${one.gateway}, ${one.where}: ${one.errors}, first: ${one.firstError}`),
  ]
  return lines.length === 0
    ? ''
    : ['Errors: echoes lost or wrong, connections refused or dropped', ...lines].join('\n')
}

function idleErrors(idle: IdleSample[]) {
  const where = (isTls: boolean) => (isTls ? 'idle clients, TLS' : 'idle clients')
  return idle.map((sample) => ({ ...sample, where: where(sample.isTls) }))
}

/** A round with errors says nothing about cost: it is reported as an error instead. */
function valid<T extends { errors: number }>(samples: T[]): T[] {
  return samples.filter(({ errors }) => errors === 0)
}

function names(samples: Sample[]): string[] {
  return [...new Set(samples.map(({ gateway }) => gateway))]
}

/** One for each round that has both the row and the one it is compared to. */
function pairedRatios(
  samples: Sample[],
  name: string,
  to: string,
  field: 'cpuUs' | 'p99Us',
): number[] {
  return samples
    .filter(({ gateway }) => gateway === name)
    .flatMap((own) => {
      const other = samples.find((one) => one.gateway === to && one.round === own.round)
      return other ? [own[field] / other[field]] : []
    })
}

/** NaN of nothing. */
function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** Not judged without a figure: one of the two rows is missing, or had errors in every round. */
function verdict(figure: number, isMet: boolean): string {
  if (Number.isNaN(figure)) return 'not judged'
  return isMet ? 'met       ' : 'NOT met   '
}

function formatRatio(ratio: number): string {
  return Number.isNaN(ratio) ? '–' : `${ratio.toFixed(2)} ×`
}

function formatSpread(ratios: number[]): string {
  if (ratios.length < 2) return '–'
  return `${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)}`
}

function digits(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0)
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** The first column is left-aligned, the others right. */
function table(headings: string[], lines: string[][]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  const format = (cells: string[]) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ')
      .trimEnd()
  return [headings, ...lines].map((line) => `  ${format(line)}`).join('\n')
}
