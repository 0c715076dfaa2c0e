/**
 * Wrong configurations, each with the whole of what a person is told: read the files in `wrong/` from
 * top to bottom. A case starts with `== what is wrong`; behind `=>` stands the report.
 */
import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblems } from '../../src/config/report.ts'

const folder = join(import.meta.dir, 'wrong')
const files: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    readdirSync(join(import.meta.dir, 'files')).map((file) => [
      `/etc/sluice/${file}`,
      readFileSync(join(import.meta.dir, 'files', file), 'utf8'),
    ]),
  ),
  '/etc/sluice/notes.txt': 'Call the people of the office network.\n',
}

const cases = readdirSync(folder).flatMap((file) =>
  readFileSync(join(folder, file), 'utf8')
    .split(/^== /m)
    .slice(1)
    .map((text) => {
      const [, title = '', yaml = '', report = ''] = /^(.*)\n\n(.*)\n=>\n(.*)$/s.exec(text) ?? []
      return [basename(file, '.txt'), title.trim(), yaml, report.trim()] as const
    }),
)

function told(yaml: string): string {
  const readFile = (path: string) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return text
  }
  const loaded = loadConfig(yaml, { file: '/etc/sluice/sluice.yaml', env: {}, readFile })
  return loaded.ok ? 'nothing is wrong' : formatProblems(loaded.problems, { colours: false }).trim()
}

describe('a wrong configuration is explained:', () => {
  test.each(cases)('%s, %s', (_, __, yaml, report) => {
    expect(told(yaml)).toBe(report)
  })

  test('there are at least sixty of them, and all have names of their own', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60)
    expect(new Set(cases.map(([, title]) => title)).size).toBe(cases.length)
  })
})
