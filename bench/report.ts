// Turns samples into tables and verdicts: ratios to the control row first, absolute figures second.
//
// A ratio is the median of the ratios of each round, because gateways that were measured within the
// same seconds met the same machine; it need not be the quotient of the two medians beside it.
import { controlName, subjectName } from './gateways.ts'
import { scenarios, type IdleSample, type Sample, type Scenario } from './scenarios.ts'

export interface Results {
  samples: Sample[]
  idle: IdleSample[]
  /** Rows that could not be measured, and why. */
  failures: { gateway: string; reason: string }[]
}

// What the project promises, against nginx tuned for WebSocket and in memory of an idle client.
const ratioMax = 1.25
const idleBytesMax = 5 * 1024

export function formatReport(results: Results): string {
  return [
    ...scenarios.map((scenario) => formatScenario(scenario, results.samples)),
    formatIdle(results.idle),
    formatVerdicts(results),
    formatErrors(results),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

export function hasErrors({ samples, idle, failures }: Results): boolean {
  return failures.length > 0 || [...samples, ...idle].some(({ errors }) => errors > 0)
}

function formatScenario(scenario: Scenario, all: Sample[]): string {
  const samples = valid(all).filter((sample) => sample.scenario === scenario.name)
  const lines = names(samples).map((name) => {
    const own = samples.filter(({ gateway }) => gateway === name)
    const of = (field: 'cpuUs' | 'p99Us' | 'perSecond') => median(own.map((one) => one[field]))
    return [
      name,
      formatRatio(median(pairedRatios(samples, name, 'cpuUs'))),
      `${digits(of('cpuUs'))} µs`,
      formatRatio(median(pairedRatios(samples, name, 'p99Us'))),
      `${(of('p99Us') / 1000).toFixed(1)} ms`,
      whole(scenario.unit === 'handshake' ? 1e6 / of('cpuUs') : of('perSecond')),
      name === controlName ? '–' : formatSpread(pairedRatios(samples, name, 'cpuUs')),
    ]
  })
  if (lines.length === 0) return ''
  const rate = scenario.unit === 'handshake' ? 'a CPU second' : 'round trips/s'
  const headings = ['', `CPU a ${scenario.unit}`, '', 'p99', '', rate, 'CPU ratio by round']
  return `${scenario.name}\n${table(headings, lines)}`
}

function formatIdle(all: IdleSample[]): string {
  const samples = valid(all)
  const control = samples.find(({ gateway }) => gateway === controlName)
  const lines = samples.map((sample) => [
    sample.gateway,
    formatRatio(sample.bytesPerClient / (control?.bytesPerClient ?? NaN)),
    `${(sample.bytesPerClient / 1024).toFixed(1)} KB`,
    `${(sample.residentBytes / 2 ** 20).toFixed(0)} MB`,
  ])
  if (lines.length === 0) return ''
  const title = `${whole(samples[0]?.clients ?? 0)} idle clients`
  return `${title}\n${table(['', 'memory a client', '', 'in all'], lines)}`
}

function formatVerdicts({ samples, idle, failures }: Results): string {
  const isSubject = ({ gateway }: { gateway: string }) => gateway === subjectName
  if (![...samples, ...idle, ...failures].some(isSubject)) return ''
  const lines = scenarios.map(({ name }) => {
    const own = valid(samples).filter(({ scenario }) => scenario === name)
    const ratio = median(pairedRatios(own, subjectName, 'cpuUs'))
    return `${verdict(ratio, ratio <= ratioMax)}  ${name}: ${formatRatio(ratio)}`
  })
  const bytes = valid(idle).find(isSubject)?.bytesPerClient ?? NaN
  const kilobytes = Number.isNaN(bytes) ? '–' : `${(bytes / 1024).toFixed(2)} KB`
  lines.push(`${verdict(bytes, bytes < idleBytesMax)}  memory of an idle client: ${kilobytes}`)
  const expected = `at most ${ratioMax} × the CPU time of ${controlName}, under 5 KB an idle client`
  return [`Expected of ${subjectName}: ${expected}`, ...lines.map((line) => `  ${line}`)].join('\n')
}

function formatErrors({ samples, idle, failures }: Results): string {
  const lines = [
    ...failures.map(({ gateway, reason }) => `  ${gateway}: ${reason.trimEnd()}`),
    ...[...samples.map((sample) => ({ ...sample, where: sample.scenario })), ...idleErrors(idle)]
      .filter(({ errors }) => errors > 0)
      .map((one) => `  ${one.gateway}, ${one.where}: ${one.errors}, first: ${one.firstError}`),
  ]
  return lines.length === 0
    ? ''
    : ['Errors: echoes lost or wrong, connections refused or dropped', ...lines].join('\n')
}

function idleErrors(idle: IdleSample[]) {
  return idle.map((sample) => ({ ...sample, where: 'idle clients' }))
}

/** A round with errors says nothing about cost: it is reported as an error instead. */
function valid<T extends { errors: number }>(samples: T[]): T[] {
  return samples.filter(({ errors }) => errors === 0)
}

function names(samples: Sample[]): string[] {
  return [...new Set(samples.map(({ gateway }) => gateway))]
}

/** One for each round that has both the row and the control row. */
function pairedRatios(samples: Sample[], name: string, field: 'cpuUs' | 'p99Us'): number[] {
  return samples
    .filter(({ gateway }) => gateway === name)
    .flatMap((own) => {
      const isControl = (one: Sample) => one.gateway === controlName && one.round === own.round
      const control = samples.find(isControl)
      return control ? [own[field] / control[field]] : []
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
