/**
 * Numbers by labels, in plain cells: what counters, gauges and histograms consist of.
 *
 * Invariant: there are at most `maxSeries` cells, and one more. Labels come from the configuration and from
 * closed lists, so this is far away; past it everything is counted in that one, which says so.
 */

export type Labels = Readonly<Record<string, string>>

/** What Prometheus is told to keep of one metric: a thousand routes with ten values each. */
const maxSeries = 10_000
const overflow: Labels = { overflow: 'true' }

/** The bounds of a wait: from a dial within a machine to the longest that is configured. */
export const waitSeconds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

interface Cell {
  readonly labels: Labels
  value: number
}

/** Label text → its number. */
export class Series {
  readonly #cells = new Map<string, Cell>()

  /** @param start numbers to go on from. */
  constructor(start?: Series) {
    if (start === undefined) return
    for (const [key, cell] of start.#cells) this.#cells.set(key, { ...cell })
  }

  add(labels: Labels, amount = 1): void {
    cellAt(labels, this.#cells, emptyCell).value += amount
  }

  set(labels: Labels, value: number): void {
    cellAt(labels, this.#cells, emptyCell).value = value
  }

  /** Drops the cells of which this is not so. */
  keep(isKept: (labels: Labels) => boolean): void {
    for (const [key, { labels }] of this.#cells) if (!isKept(labels)) this.#cells.delete(key)
  }

  *cells(): Generator<[labels: string, value: number]> {
    for (const [key, { value }] of this.#cells) yield [key, value]
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
  readonly #emptyCell = (): Distribution => {
    return { counts: Array.from({ length: this.bounds.length + 1 }, () => 0), sum: 0 }
  }

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
  }

  observe(labels: Labels, value: number): void {
    const cell = cellAt(labels, this.#cells, this.#emptyCell)
    const place = this.bounds.findIndex((bound) => value <= bound)
    const index = place < 0 ? this.bounds.length : place
    cell.counts[index] = (cell.counts[index] ?? 0) + 1
    cell.sum += value
  }

  cells(): IterableIterator<[labels: string, distribution: Distribution]> {
    return this.#cells.entries()
  }
}

function emptyCell(labels: Labels): Cell {
  return { labels, value: 0 }
}

/** The cell of these labels, made where there is none yet and room for one. */
function cellAt<Each>(
  labels: Labels,
  cells: Map<string, Each>,
  create: (labels: Labels) => Each,
): Each {
  const key = labelText(labels)
  const known = cells.get(key)
  if (known !== undefined) return known
  if (cells.size >= maxSeries && labels !== overflow) return cellAt(overflow, cells, create)
  const cell = create(labels)
  cells.set(key, cell)
  return cell
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
