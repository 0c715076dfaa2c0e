// A small chart of text: one line of blocks for each row of numbers.

const blocks = ' ▁▂▃▄▅▆▇█'

export interface Curve {
  name: string
  values: readonly number[]
  /** Of a full block; the highest value if not given. */
  most?: number
  readonly format: (value: number) => string
}

/** All curves over the same time. @param width of the time, in characters. */
export function chart(curves: readonly Curve[], seconds: number, width = 60): string {
  const nameWidth = Math.max(...curves.map(({ name }) => name.length))
  const lines = curves.map(({ name, values, most = Math.max(...values, 0), format }) => {
    const columns = squeeze(values, width)
    const drawn = columns.map((value) => blockOf(most > 0 ? value / most : 0)).join('')
    return `  ${name.padEnd(nameWidth)} ${drawn.padEnd(width)} ${format(Math.max(...values, 0))} at most`
  })
  const axis = `0${`${seconds} s`.padStart(Math.min(width, Math.max(...curves.map(({ values }) => values.length))) - 1)}`
  return [...lines, `  ${' '.repeat(nameWidth)} ${axis}`].join('\n')
}

/** The highest of those that share a column: a peak is what one looks for. */
export function squeeze(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values]
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width)
    const to = Math.floor(((column + 1) * values.length) / width)
    return Math.max(...values.slice(from, to))
  })
}

/** Something is never drawn as nothing. */
function blockOf(share: number): string {
  if (share <= 0) return blocks.charAt(0)
  const top = blocks.length - 1
  return blocks.charAt(Math.max(1, Math.min(top, Math.round(share * top))))
}
