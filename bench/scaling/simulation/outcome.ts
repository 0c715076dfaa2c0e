// What came of a simulated run, in figures.
import type { Failure } from './attempt.ts'
import type { Sample, World } from './world.ts'

export interface Outcome {
  /** Returns: how many, how long they took, and when the last was back; NaN: somebody was not. */
  returned: number
  medianMs: number
  p99Ms: number
  allBackMs: number
  /** The busiest second of the machines that stay, and of all together. */
  peakBusy: number
  byDayBusy: number
  failures: ReadonlyMap<Failure, number>
  droppedSyns: number
  samples: readonly Sample[]
}

/** @param spared a machine that is not counted among the busy ones: it is leaving. */
export function outcomeOf(world: World, spared?: number): Outcome {
  const { population, samples, failures, droppedSyns } = world
  const sorted = population.returnsMs.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  const { sessions, machines, workers, costs } = world.settings
  const busiest = ({ busy }: Sample) => Math.max(...busy.filter((_, machine) => machine !== spared))
  return {
    returned: sorted.length,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    allBackMs: population.waiting + world.between === 0 ? population.lastBackAtMs : NaN,
    peakBusy: Math.max(0, ...samples.map(busiest)),
    byDayBusy: (sessions * costs.sessionUsPerSecond) / (machines * workers * 1e6),
    failures,
    droppedSyns,
    samples,
  }
}
