// Turns samples into tables: ratios to the control row first, absolute figures second.
import { idleMessages, type IdleSample } from './memory.ts'
import { groups, type Group } from './row.ts'
import { controlNames } from './rows.ts'
import type { Sample, Scenario } from './scenarios.ts'
import { idleBytes, idleOf, median, ratiosOf, valid } from './statistics.ts'
import { digits, formatKilobytes, formatRatio, formatSpread, table, whole } from './table.ts'
import { formatComparison, formatCompressionSummary, formatVerdicts } from './verdicts.ts'

export interface Results {
  samples: Sample[]
  idle: IdleSample[]
  /** Rows that could not be measured, and why. */
  failures: { gateway: string; group: Group; reason: string }[]
}

export function formatReport(results: Results, scenarios: Scenario[]): string {
  return [
    ...groups.flatMap((group) => formatGroup(results, scenarios, group)),
    formatCompressionSummary(results, scenarios),
    formatVerdicts(results, scenarios),
    formatComparison(results, scenarios),
    formatErrors(results),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

export function hasErrors({ samples, idle, failures }: Results): boolean {
  return failures.length > 0 || [...samples, ...idle].some(({ errors }) => errors > 0)
}

function formatGroup({ samples, idle }: Results, scenarios: Scenario[], group: Group): string[] {
  const own = scenarios.filter((scenario) => scenario.group === group)
  return [...own.map((scenario) => formatScenario(scenario, samples)), formatIdle(idle, group)]
}

function formatScenario(scenario: Scenario, all: Sample[]): string {
  const samples = valid(all).filter((sample) => sample.scenario === scenario.name)
  const names = [...new Set(samples.map(({ gateway }) => gateway))]
  if (names.length === 0) return ''
  const isHandshake = scenario.unit === 'handshake'
  const isCompressed = scenario.group === 'compression'
  const rate = isHandshake
    ? 'a CPU second'
    : scenario.unit === 'delivery'
      ? 'a second'
      : 'round trips/s'
  const sent = isCompressed ? ['to the client', ''] : []
  const cpu = `CPU a ${scenario.unit}`
  const headings = ['', cpu, '', 'p99', '', ...sent, rate, 'CPU ratio by round']
  const lines = names.map((name) => {
    const own = samples.filter(({ gateway }) => gateway === name)
    const of = (field: 'cpuUs' | 'p99Us' | 'perSecond' | 'bytesToClient') =>
      median(own.map((one) => one[field]))
    const control = controlNames[scenario.group]
    const ratios = (field: 'cpuUs' | 'p99Us') =>
      ratiosOf(samples, scenario.name, { subject: name, control }, field)
    const bytes = of('bytesToClient')
    return [
      name,
      formatRatio(median(ratios('cpuUs'))),
      `${digits(of('cpuUs'))} µs`,
      formatRatio(median(ratios('p99Us'))),
      `${(of('p99Us') / 1000).toFixed(1)} ms`,
      ...(isCompressed ? [formatRatio(bytes / scenario.bytes), `${whole(bytes)} B`] : []),
      whole(isHandshake ? 1e6 / of('cpuUs') : of('perSecond')),
      name === control ? '–' : formatSpread(ratios('cpuUs')),
    ]
  })
  const plain = isCompressed ? `; ${whole(scenario.bytes)} B on average` : ''
  return `${scenario.name}${plain}\n${table(headings, lines)}`
}

function formatIdle(all: IdleSample[], group: Group): string {
  const samples = valid(all).filter((sample) => sample.group === group)
  const names = [...new Set(samples.map(({ gateway }) => gateway))]
  const control = idleBytes(all, controlNames[group], group)
  const lines = names.map((name) => {
    const own = idleOf(all, name, group)
    const kilobytes = own.map(({ bytesPerClient }) => bytesPerClient / 1024)
    const bytes = idleBytes(all, name, group)
    return [
      name,
      formatRatio(bytes / control),
      formatKilobytes(bytes),
      formatSpread(kilobytes),
      whole(own[0]?.clients ?? 0),
      `${(median(own.map(({ residentBytes }) => residentBytes)) / 2 ** 20).toFixed(0)} MB`,
    ]
  })
  if (lines.length === 0) return ''
  const headings = ['', 'memory a client', '', 'KB by start', 'clients', 'in all']
  return `${idleTitles[group]}\n${table(headings, lines)}`
}

const idleTitles: Record<Group, string> = {
  plain: 'idle clients',
  tls: 'idle clients, TLS',
  compression: `idle clients that have exchanged ${idleMessages} messages or, with a window, as many as fill it`,
  failover: 'what the collector keeps of idle clients, failover',
  workers: 'idle clients, workers',
}

function formatErrors({ samples, idle, failures }: Results): string {
  const named = samples.map((sample) => ({ ...sample, where: sample.scenario }))
  const silent = idle.map((sample) => ({ ...sample, where: idleTitles[sample.group] }))
  const lines = [
    ...failures.map(({ gateway, group, reason }) => {
      const where = group === 'plain' ? '' : `, ${group}`
      return `  ${gateway}${where}: ${reason.trimEnd()}`
    }),
    ...[...named, ...silent]
      .filter(({ errors }) => errors > 0)
      .map((one) => `  ${one.gateway}, ${one.where}: ${one.errors}, first: ${one.firstError}`),
  ]
  return lines.length === 0
    ? ''
    : ['Errors: echoes lost or wrong, connections refused or dropped', ...lines].join('\n')
}
