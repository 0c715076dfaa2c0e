/**
 * Columns and quantities for people.
 */
import { describe, expect, test } from 'bun:test'
import { formatBytes, formatDuration, formatTable } from '../../src/cli/table.ts'

test('a table has its columns aligned, numbers to the right, and no blanks at the end', () => {
  expect(
    formatTable(
      ['ROUTE', 'SESSIONS', 'PATH'],
      [
        ['chat', 12_345, '/a'],
        ['a-longer-name', 0, '/'],
      ],
    ),
  ).toBe(
    [
      'ROUTE          SESSIONS  PATH',
      'chat             12,345  /a',
      'a-longer-name         0  /',
    ].join('\n'),
  )
})

test('a table without rows is its head', () => {
  expect(formatTable(['ROUTE', 'SESSIONS'], [])).toBe('ROUTE  SESSIONS')
})

describe('a duration', () => {
  test.each([
    [0, '0ms'],
    [999.4, '999ms'],
    [1_000, '1s'],
    [61_000, '1m 1s'],
    [3_600_000, '1h'],
    [3_605_000, '1h'],
    [90_000_000, '1d 1h'],
    [40 * 86_400_000, '40d'],
  ])('of %d ms is %s', (valueMs, text) => {
    expect(formatDuration(valueMs)).toBe(text)
  })
})

describe('an amount of bytes', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KB'],
    [10_240, '10 KB'],
    [1_572_864, '1.5 MB'],
    [2 ** 50, '1024 TB'],
  ])('of %d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})
