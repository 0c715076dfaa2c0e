/**
 * The documentation: what is printed from the code is up to date, and every example loads.
 */
import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { printedDocs } from '../scripts/print-docs.ts'
import { loadConfig } from '../src/config/load.ts'
import { formatProblems } from '../src/config/report.ts'

const root = join(import.meta.dir, '..')
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true }).map((file) => join('docs', String(file))),
]
const examples = pages
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8')
    return [...text.matchAll(/```yaml\n(.*?)```/gs)].map(
      (match, index) => [`${page} #${index + 1}`, match[1] ?? ''] as const,
    )
  })

describe('documentation', () => {
  test.each([...printedDocs()])('%s is what the code prints', (path, text) => {
    const written = readFileSync(path, 'utf8')
    // The formatter pads the columns of tables.
    const plain = (markdown: string) => markdown.replace(/ *\| */g, '|').replace(/-{2,}:?/g, '--')
    expect(plain(written)).toBe(plain(text))
  })

  test.each(examples)('the example %s is a valid configuration', (page, yaml) => {
    const loaded = loadConfig(yaml, { file: page, env: {}, readFile: () => '' })
    expect(loaded.ok ? '' : formatProblems(loaded.problems, { colours: false })).toBe('')
  })

  test('there are examples to load', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3)
  })
})
