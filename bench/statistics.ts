// What samples come to. Gateways that were measured within the same seconds met the same machine, so a
// ratio is the median of the ratios of each round; it need not be the quotient of two medians.
import type { IdleSample } from './memory.ts'
import type { Group } from './row.ts'
import type { Sample } from './scenarios.ts'

/** NaN of nothing. */
export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** A round with errors says nothing about cost: it is reported as an error instead. */
export function valid<T extends { errors: number }>(samples: T[]): T[] {
  return samples.filter(({ errors }) => errors === 0)
}

/** Of one row to another in a scenario, one for each round that has both. */
export function ratiosOf(
  all: Sample[],
  scenario: string,
  names: { subject: string; control: string },
  field: 'cpuUs' | 'p99Us',
): number[] {
  const samples = valid(all).filter((sample) => sample.scenario === scenario)
  return samples
    .filter(({ gateway }) => gateway === names.subject)
    .flatMap((own) => {
      const isPair = (one: Sample) => one.gateway === names.control && one.round === own.round
      const other = samples.find(isPair)
      return other ? [own[field] / other[field]] : []
    })
}

/** What a row was measured with, in a group. */
export function idleOf(all: IdleSample[], name: string, group: Group): IdleSample[] {
  return valid(all).filter((sample) => sample.gateway === name && sample.group === group)
}

/** NaN if it was not measured. */
export function idleBytes(all: IdleSample[], name: string, group: Group): number {
  return median(idleOf(all, name, group).map(({ bytesPerClient }) => bytesPerClient))
}
