/** docs/conformance.md and the clauses that are shown are the same, both ways. */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clause } from './conformance/clause.ts'
import { rfc6455, rfc7692 } from './conformance/clauses.ts'

const page = readFileSync(join(import.meta.dir, '../docs/conformance.md'), 'utf8')
const all = { 'RFC 6455': rfc6455, 'RFC 7692': rfc7692 }

/** The rows below a heading of the second level: section, sentence, and what it is shown as. */
function rowsOf(heading: string): string[] {
  const part = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? ''
  return part
    .split('\n')
    .filter((line) => line.startsWith('| §'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
        .join(' | '),
    )
}

function rowOf({ section, says, situations }: Clause): string {
  const modes = (role: string) => {
    const shown = situations.filter((each) => each.role === role).map(({ mode }) => mode)
    return shown.length === 3 ? 'all' : shown.join(', ')
  }
  const isConnect = situations.some(({ role }) => role === 'connect')
  return [section, says, modes('server'), modes('client'), isConnect ? 'yes' : ''].join(' | ')
}

test.each(Object.entries(all))(
  'every clause of %s that is shown is on the page, and no other',
  (rfc, clauses) => {
    expect(clauses.length).toBeGreaterThan(20)
    expect(rowsOf(rfc).toSorted()).toEqual(clauses.map(rowOf).toSorted())
  },
)

test('every clause has a sentence of its own, and is shown somewhere', () => {
  const clauses = Object.values(all).flat()
  expect(new Set(clauses.map(({ section, says }) => section + says)).size).toBe(clauses.length)
  expect(clauses.filter(({ situations }) => situations.length === 0)).toEqual([])
})
