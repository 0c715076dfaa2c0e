/**
 * Wrong configurations, each with the whole of what a person is told: read the files in `wrong/` from
 * top to bottom. A case starts with `== what is wrong`; behind `=>` stands the report.
 */
import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { formatProblems } from '../../src/config/report.ts'
import { certificates, problemsOf } from './checking.ts'

const folder = join(import.meta.dir, 'wrong')
const notes = 'Call the people of the office network.\n'
const world = {
  ...certificates,
  files: { ...certificates.files, '/etc/sluice/notes.txt': notes },
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
  const problems = problemsOf(yaml, world)
  if (problems.length === 0) return 'nothing is wrong'
  return formatProblems(problems, { colours: false }).trim()
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
