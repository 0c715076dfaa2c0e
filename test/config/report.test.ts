/**
 * How problems are printed.
 */
import { describe, expect, test } from 'bun:test'
import type { Problem } from '../../src/config/problem.ts'
import { formatProblems } from '../../src/config/report.ts'
import { problemsOf, withRoutes } from './checking.ts'

const print = (problems: readonly Problem[]) => formatProblems(problems, { colours: false })

const problem: Problem = {
  file: 'a.yaml',
  path: 'log.level',
  message: 'is odd',
  suggestion: undefined,
  place: { line: 7, column: 15, length: 4, text: 'log: { level: loud }' },
}

test('a problem is printed with its path, sentence, suggestion, place and line', () => {
  const text = withRoutes('upstream: chatt', '{ path: x, upstream: chat }')
  expect(print(problemsOf(text)))
    .toBe(`✖ routes[0].upstream: unknown upstream "chatt"; did you mean "chat"?
    sluice.yaml:2:15
    2 |   - upstream: chatt
      |               ^^^^^

✖ routes[1].path: must start with "/", not "x"; did you mean "/x"?
    sluice.yaml:3:13
    3 |   - { path: x, upstream: chat }
      |             ^

2 problems in sluice.yaml
`)
})

test('one problem is counted as one', () => {
  expect(print([problem])).toEndWith('\n1 problem in a.yaml\n')
})

test('the mark stays under its text whatever the line number', () => {
  const lines = print([
    { ...problem, place: { line: 1234, column: 3, length: 1, text: 'abc' } },
  ]).split('\n')
  expect(lines[2]).toBe('    1234 | abc')
  expect(lines[3]).toBe('         |   ^')
})

test('a problem without a place is its sentence', () => {
  expect(print([{ ...problem, path: '--to', place: undefined }])).toBe(
    '✖ --to: is odd\n\n1 problem in a.yaml\n',
  )
})

test('a problem of the file as a whole has no path', () => {
  expect(print([{ ...problem, path: '' }])).toStartWith('✖ is odd\n')
})

describe('a long line', () => {
  test.each([1, 50, 480, 996])('is cut around the mark at column %d', (column) => {
    const text = `${'x'.repeat(column - 1)}here${'y'.repeat(1_000 - column - 3)}`
    const [, , line = '', mark = ''] = print([
      { ...problem, place: { line: 7, column, length: 4, text } },
    ]).split('\n')
    expect(line.length).toBeLessThanOrEqual(108)
    expect(line.slice(mark.indexOf('^'), mark.lastIndexOf('^') + 1)).toBe('here')
  })

  test('has a mark no longer than what is shown', () => {
    const place = { line: 7, column: 90, length: 500, text: 'x'.repeat(600) }
    const [, , line = '', mark = ''] = print([{ ...problem, place }]).split('\n')
    expect(mark.length).toBe(line.length)
  })
})

test('control characters of a file do not reach the terminal', () => {
  const place = { line: 7, column: 1, length: 1, text: 'a\t\x1b[31m\u202eb' }
  const hostile = { ...problem, message: '\x1b]0;x\x07', path: 'a\nb', file: '\x1bc', place }
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  expect(print([hostile])).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
})

test('colours come only if they are asked for', () => {
  const coloured = formatProblems([problem], { colours: true })
  expect(coloured).toContain('\x1b[31m✖\x1b[0m')
  expect(Bun.stripANSI(coloured)).toBe(print([problem]))
})

test('of very many problems the first fifty are shown and all are counted', () => {
  const text = print(Array<Problem>(60).fill(problem))
  expect(text.match(/✖/g)).toHaveLength(50)
  expect(text).toEndWith('\n60 problems in a.yaml, of which the first 50 are shown\n')
})

describe('a secret on a line that is shown', () => {
  const shown = (text: string) =>
    print([{ ...problem, place: { line: 7, column: 1, length: 1, text } }]).split('\n')[2]

  test.each([
    ['admin: { port: x, token: hunter2 }', 'admin: { port: x, token: ••••••• }'],
    ['secret: hunter2-hunter2', 'secret: •••••••••••••••'],
    ['  token: "hunter2"', '  token: "•••••••"'],
    ['chat: [wss://me:hunter2@a, ws://b]', 'chat: [wss://••••••••••@a, ws://b]'],
  ])('is covered: %s', (text, line) => {
    expect(shown(text)).toBe(`    7 | ${line}`)
  })

  test.each(['token: ${env:TOKEN}', 'origins: [https://a.com, "x@b"]'])(
    'is no secret in %s',
    (text) => {
      expect(shown(text)).toBe(`    7 | ${text}`)
    },
  )
})
