/**
 * Numbers by labels, in plain cells: what counters, gauges and histograms consist of.
 *
 * Invariant: there are at most `maxSeries` cells. Labels come from the configuration and from closed
 * lists, so this is far away; past it everything is counted in one cell that says so.
 */

export type Labels = Readonly<Record<string, string>>

/** What Prometheus is told to keep of one metric: a thousand routes with ten values each. */
const maxSeries = 10_000
const overflow = 'overflow="true"'

/** Label text → its number. */
export class Series {
  readonly #cells: Map<string, number>

  /** @param start numbers to go on from. */
  constructor(start?: Series) {
    this.#cells = new Map(start?.cells())
  }

  add(labels: Labels, amount = 1): void {
    const key = keyFor(labels, this.#cells)
    this.#cells.set(key, (this.#cells.get(key) ?? 0) + amount)
  }

  set(labels: Labels, value: number): void {
    this.#cells.set(keyFor(labels, this.#cells), value)
  }

  cells(): IterableIterator<[labels: string, value: number]> {
    return this.#cells.entries()
  }
}

interface Distribution {
  /** How many values were at most as large as the bound at the same place, and larger than the one before; the last has no bound. */
  readonly counts: number[]
  sum: number
}

export class Histogram {
  /** Inclusive, ascending. */
  readonly bounds: readonly number[]
  readonly #cells = new Map<string, Distribution>()

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
  }

  observe(labels: Labels, value: number): void {
    const key = keyFor(labels, this.#cells)
    const cell = this.#cells.get(key) ?? {
      counts: Array.from({ length: this.bounds.length + 1 }, () => 0),
      sum: 0,
    }
    this.#cells.set(key, cell)
    const place = this.bounds.findIndex((bound) => value <= bound)
    const index = place < 0 ? this.bounds.length : place
    cell.counts[index] = (cell.counts[index] ?? 0) + 1
    cell.sum += value
  }

  cells(): IterableIterator<[labels: string, distribution: Distribution]> {
    return this.#cells.entries()
  }
}

function keyFor(labels: Labels, cells: ReadonlyMap<string, unknown>): string {
  const key = labelText(labels)
  return cells.size < maxSeries || cells.has(key) ? key : overflow
}

/** As it is exposed: `route="chat",code="1001"`. An empty value is no label. */
function labelText(labels: Labels): string {
  let text = ''
  for (const name in labels) {
    const value = labels[name] ?? ''
    if (value !== '') text += `${text === '' ? '' : ','}${name}="${escaped(value)}"`
  }
  return text
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value
}
