// How something that should be spread over a while was spread.

export interface Histogram {
  /** Tenths of the while. */
  bins: readonly number[]
  early: number
  late: number
}

export const binCount = 10
/** Of a bin's fair share, how much more or less it may have. */
const tolerance = 0.5
/** For a word to come through on a busy machine, at either end. */
const graceMs = 500

/** @param timesMs since it began. */
export function histogramOf(timesMs: readonly number[], windowMs: number): Histogram {
  const bins = Array.from({ length: binCount }, () => 0)
  let [early, late] = [0, 0]
  for (const ms of timesMs) {
    if (ms < -graceMs) early++
    else if (ms > windowMs + graceMs) late++
    else {
      const bin = Math.min(binCount - 1, Math.max(0, Math.floor((ms / windowMs) * binCount)))
      bins[bin] = (bins[bin] ?? 0) + 1
    }
  }
  return { bins, early, late }
}

export function addUp(all: readonly Histogram[]): Histogram {
  const sum = (of: (histogram: Histogram) => number) =>
    all.reduce((total, histogram) => total + of(histogram), 0)
  return {
    bins: Array.from({ length: binCount }, (_, bin) => sum(({ bins }) => bins[bin] ?? 0)),
    early: sum(({ early }) => early),
    late: sum(({ late }) => late),
  }
}

/** Nothing outside, and in each tenth about as much as in the others. */
export function isEven({ bins, early, late }: Histogram): boolean {
  const fair = bins.reduce((total, bin) => total + bin, 0) / binCount
  const isFair = bins.every((bin) => Math.abs(bin - fair) <= fair * tolerance)
  return early === 0 && late === 0 && fair > 0 && isFair
}
