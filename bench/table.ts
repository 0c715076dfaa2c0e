// Figures as text, and tables of them.

/** The first column is left-aligned, the others right. */
export function table(headings: string[], lines: string[][]): string {
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

export function formatRatio(ratio: number): string {
  return Number.isNaN(ratio) ? '–' : `${ratio.toFixed(2)} ×`
}

/** The lowest and the highest. */
export function formatSpread(ratios: number[]): string {
  if (ratios.length < 2) return '–'
  return `${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)}`
}

export function formatKilobytes(bytes: number): string {
  return Number.isNaN(bytes) ? '–' : `${(bytes / 1024).toFixed(1)} KB`
}

export function digits(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0)
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}
