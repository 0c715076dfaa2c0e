/**
 * Columns for people: aligned, numbers to the right, quantities in the largest unit that fits.
 */

type Cell = string | number

/** The first row is the head. A column whose cells are numbers is aligned to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [head, ...rows].map((row) => row.map((cell) => formatCell(cell)))
  const widths = head.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)))
  const isNumeric = head.map((_, column) => rows.some((row) => typeof row[column] === 'number'))
  const lines = texts.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0
        return isNumeric[column] === true ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
  return lines.join('\n')
}

function formatCell(cell: Cell): string {
  return typeof cell === 'number' ? formatNumber(cell) : cell
}

/** Thousands apart: `12,345`. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US')
}

/** `450ms`, `12s`, `3m 20s`, `5h 3m`, `12d 4h`. */
export function formatDuration(valueMs: number): string {
  if (valueMs < 1000) return `${Math.round(valueMs)}ms`
  const seconds = Math.floor(valueMs / 1000)
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['m', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const
  const first = units.findIndex(([, count]) => count > 0)
  return units
    .slice(first, first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count}${unit}`)
    .join(' ')
}

/** `512 B`, `1.5 KB`, `20 MB`: powers of 1024, as in the configuration. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
