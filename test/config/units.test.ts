/**
 * Durations, sizes, rates and percentages: what is read, what is refused, and that writing and reading are inverse.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  formatDuration,
  formatPercent,
  formatSize,
  readByteRate,
  readDuration,
  readPercent,
  readRate,
  readSize,
} from '../../src/config/units.ts'

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['5s', 5_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['0s', 0],
    ['0', 0],
  ])('%s is %d milliseconds', (text, ms) => {
    expect(readDuration(text)).toEqual({ value: ms })
  })

  test('the number 0 needs no unit', () => {
    expect(readDuration(0)).toEqual({ value: 0 })
  })

  test('off has no value', () => {
    expect(readDuration('off')).toEqual({ value: undefined })
  })

  test.each(['10', 10])('%p without a unit is refused with the units it may have', (input) => {
    expect(readDuration(input).problem).toBe('a duration needs a unit: 10ms, 10s, 10m, 10h or 10d')
  })

  test('an unknown unit is refused with the units there are', () => {
    expect(readDuration('5w').problem).toBe(
      '"5w" has an unknown unit; the units are ms, s, m, h, d',
    )
  })

  test.each([
    ['5S', '5s'],
    ['5 s', '5s'],
    [' 5s', '5s'],
    ['1.5s', '1500ms'],
    ['010s', '10s'],
    ['60000MS', '1m'],
  ])('%p is refused, and %p suggested', (text, suggestion) => {
    expect(readDuration(text)).toEqual({
      problem: `${JSON.stringify(text)} is not how a duration is written`,
      suggestion: `did you mean "${suggestion}"?`,
    })
  })

  test.each(['1m30s', '-5s', '', 's', '1_000ms', 'Off', '1e3ms'])('%p is refused', (text) => {
    expect(readDuration(text).problem).toBe(
      `must be a duration, one whole number and one unit such as 250ms or 5s, not "${text}"`,
    )
  })

  test('false is refused, and off suggested', () => {
    expect(readDuration(false)).toEqual({
      problem: 'must be a duration or off, not false',
      suggestion: 'did you mean "off"?',
    })
  })

  test('a mapping is refused', () => {
    expect(readDuration({}).problem).toBe('must be a duration such as 250ms or 5s, not a mapping')
  })

  test('a number past what is exact is refused', () => {
    expect(readDuration('99999999999999d').problem).toBe('99999999999999d is too large')
  })

  test('is read as it was written, for every number of milliseconds', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (ms) => {
        expect(readDuration(formatDuration(ms))).toEqual({ value: ms })
      }),
    )
  })

  test('is written with the largest unit that fits', () => {
    expect([0, 999, 1_000, 90_000, 7_200_000, 86_400_000, undefined].map(formatDuration)).toEqual([
      '0ms',
      '999ms',
      '1s',
      '90s',
      '2h',
      '1d',
      'off',
    ])
  })
})

describe('a size', () => {
  test.each([
    ['512B', 512],
    ['64KB', 65_536],
    ['1MB', 1_048_576],
    ['2GB', 2_147_483_648],
    ['0', 0],
  ])('%s is %d bytes', (text, bytes) => {
    expect(readSize(text)).toEqual({ value: bytes })
  })

  test('without a unit is refused with the units it may have', () => {
    expect(readSize(64).problem).toBe('a size needs a unit: 64B, 64KB, 64MB or 64GB')
  })

  test.each([
    ['64kb', '64KB'],
    ['64K', '64KB'],
    ['64KiB', '64KB'],
    ['64 KB', '64KB'],
    ['1.5MB', '1536KB'],
  ])('%p is refused, and %p suggested', (text, suggestion) => {
    expect(readSize(text)).toEqual({
      problem: `"${text}" is not how a size is written`,
      suggestion: `did you mean "${suggestion}"?`,
    })
  })

  test('off is no size', () => {
    expect(readSize('off').problem).toBe(
      'must be a size, one whole number and one unit such as 64KB or 1MB, not "off"',
    )
  })

  test('is read as it was written, for every number of bytes', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(readSize(formatSize(bytes))).toEqual({ value: bytes })
      }),
    )
  })
})

describe('a rate', () => {
  test('is read for every whole number, of bytes in every spelling of it', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (number) => {
        expect(readRate(`${number}/s`)).toEqual({ value: number })
        expect(readByteRate(`${formatSize(number)}/s`)).toEqual({ value: number })
      }),
    )
  })

  test('is a number for digits and a second only, and otherwise a sentence', () => {
    const nearly = fc.stringMatching(/^[0-9]{0,3}[ .]?(KB|B|kb)?[ /]{0,2}(s|m|sec|S)?$/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearly), (text) => {
        expect(readRate(text).problem === undefined).toBe(/^(0|[1-9]\d*)\/s$/.test(text))
        const isBytes = /^(0|(0|[1-9]\d*)(B|KB|MB|GB))\/s$/.test(text)
        expect(readByteRate(text).problem === undefined).toBe(isBytes)
      }),
    )
  })

  test.each([
    [50, '50/s'],
    ['50', '50/s'],
    ['50 /sec', '50/s'],
  ])('%p is refused, and %p suggested', (input, suggestion) => {
    expect(readRate(input)).toMatchObject({ suggestion: `did you mean "${suggestion}"?` })
  })

  test.each([
    ['1mb', '1MB/s'],
    ['1.5MB/s', '1536KB/s'],
    ['64 K/s', '64KB/s'],
  ])('of bytes %p is refused, and %p suggested', (input, suggestion) => {
    expect(readByteRate(input)).toMatchObject({ suggestion: `did you mean "${suggestion}"?` })
  })
})

describe('a percentage', () => {
  test.each([
    ['20%', 0.2],
    ['0%', 0],
    ['0', 0],
    [0, 0],
    ['12.5%', 0.125],
    ['125%', 1.25],
  ])('%p is the share %d', (input, share) => {
    expect(readPercent(input)).toEqual({ value: share })
  })

  test.each([
    [20, '20%'],
    ['20', '20%'],
    ['20 %', '20%'],
    [0.2, '20%'],
    ['0.05', '5%'],
  ])('%p is refused, and %p suggested', (input, suggestion) => {
    expect(readPercent(input)).toMatchObject({ suggestion: `did you mean "${suggestion}"?` })
  })

  test.each([
    [1.25, { min: 1.01, max: 10 }, '125%'],
    ['1.25', { min: 1.01, max: 10 }, '125%'],
    [125, { min: 1.01, max: 10 }, '125%'],
    [1, { min: 0, max: 1 }, '1%'],
    [0.5, { min: 0, max: 0.4 }, '0.5%'],
  ])('%p within %j is refused, and %p suggested', (input, bounds, suggestion) => {
    expect(readPercent(input, bounds)).toMatchObject({
      suggestion: `did you mean "${suggestion}"?`,
    })
  })

  test('is suggested as nothing that would be refused, nor shown so', () => {
    expect(readPercent(150, { min: 0, max: 1 })).toEqual({
      problem: 'must be a percentage such as 20%, not 150',
    })
    expect(readPercent('1.25 %', { min: 1.01, max: 10 })).toEqual({
      problem: 'must be a percentage such as 101%, not "1.25 %"',
    })
  })

  test.each(['', '%', '-5%', '1e2%', '05%', '1.234%', 'half'])('%p is refused', (text) => {
    expect(readPercent(text)).toEqual({
      problem: `must be a percentage such as 20%, not "${text}"`,
    })
  })

  test('is read as it was written, for every hundredth of a percent', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), (hundredths) => {
        const share = hundredths / 10_000
        const reading = readPercent(formatPercent(share))
        expect(reading.problem === undefined && reading.value).toBeCloseTo(share, 9)
      }),
    )
  })
})

/** Digits, letters and blanks of which some make a unit. */
const nearlyQuantity = fc.stringMatching(
  /^(0|[1-9]?[0-9]{1,3})[ .]?(ms|s|m|h|d|B|KB|MB|GB|[a-zA-Z]?)$/,
)

test('any text gives a number or a sentence, and a number only for digits and a unit', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearlyQuantity), (text) => {
      const duration = readDuration(text)
      const isDuration = /^(off|0|(0|[1-9]\d*)(ms|s|m|h|d))$/.test(text)
      expect(duration.problem === undefined).toBe(isDuration)
      const size = readSize(text)
      expect(size.problem === undefined).toBe(/^(0|(0|[1-9]\d*)(B|KB|MB|GB))$/.test(text))
    }),
  )
})
