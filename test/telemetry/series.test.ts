/**
 * Numbers by labels, and the text in which Prometheus reads them.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Exposition } from '../../src/telemetry/exposition.ts'
import { Histogram, Series } from '../../src/telemetry/series.ts'

function linesOf(write: (exposition: Exposition) => void): string[] {
  const exposition = new Exposition()
  write(exposition)
  return exposition.toString().trimEnd().split('\n')
}

/** Reads a label value as the format says: `\\`, `\"` and `\n`. */
function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, mark: string) => (mark === 'n' ? '\n' : mark))
}

describe('a series', () => {
  test('adds up what has the same labels, and keeps apart what has not', () => {
    const series = new Series()
    series.add({ route: 'a', code: '1000' })
    series.add({ route: 'a', code: '1000' }, 2)
    series.add({ route: 'b', code: '1000' }, 0)
    expect([...series.cells()]).toEqual([
      ['route="a",code="1000"', 3],
      ['route="b",code="1000"', 0],
    ])
  })

  test('that goes on from another leaves that one as it is', () => {
    const closed = new Series()
    closed.add({ route: 'a' }, 5)
    const all = new Series(closed)
    all.add({ route: 'a' }, 2)
    expect([[...all.cells()], [...closed.cells()]]).toEqual([
      [['route="a"', 7]],
      [['route="a"', 5]],
    ])
  })

  test('leaves out a label without value', () => {
    const series = new Series()
    series.add({ route: '', code: 'NO_ROUTE' })
    expect([...series.cells()]).toEqual([['code="NO_ROUTE"', 1]])
  })

  test('counts what comes past ten thousand in one cell, and goes on counting what is there', () => {
    const series = new Series()
    for (let number = 0; number < 10_010; number++) series.add({ route: String(number) })
    series.add({ route: '0' })
    const cells = new Map(series.cells())
    expect([cells.size, cells.get('overflow="true"'), cells.get('route="0"')]).toEqual([
      10_001, 10, 2,
    ])
  })

  test('keeps only what it is told to, and has room again', () => {
    const series = new Series()
    for (let number = 0; number < 10_010; number++) series.add({ route: String(number) })
    series.keep(({ route = '' }) => route.endsWith('7'))
    series.add({ route: 'new' })
    const cells = new Map(series.cells())
    expect([cells.size, cells.get('route="7"'), cells.get('route="new"')]).toEqual([1_001, 1, 1])
  })

  test('writes any label value on one line, from which it can be read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        const series = new Series()
        series.add({ route: value })
        const [, , line = ''] = linesOf((exposition) => exposition.gauge('x', 'X.', series))
        const written = /^x\{route="((?:[^"\\]|\\.)*)"\} 1$/s.exec(line)?.[1] ?? '(none)'
        expect(unescaped(written)).toBe(value)
      }),
    )
  })
})

describe('a histogram', () => {
  test('counts a value in its bucket and every larger one', () => {
    const histogram = new Histogram([0.1, 1])
    for (const value of [0.05, 0.1, 0.5, 3]) histogram.observe({ route: 'a' }, value)
    expect(
      linesOf((exposition) => exposition.histogram('wait_seconds', 'A wait.', histogram)),
    ).toEqual([
      '# HELP wait_seconds A wait.',
      '# TYPE wait_seconds histogram',
      'wait_seconds_bucket{route="a",le="0.1"} 2',
      'wait_seconds_bucket{route="a",le="1"} 3',
      'wait_seconds_bucket{route="a",le="+Inf"} 4',
      'wait_seconds_sum{route="a"} 3.65',
      'wait_seconds_count{route="a"} 4',
    ])
  })

  test('has as many values in its last bucket as were observed, whatever they are', () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(values, (observed) => {
        const histogram = new Histogram([0.5, 10, 1000])
        for (const value of observed) histogram.observe({}, value)
        const lines = linesOf((exposition) => exposition.histogram('x', 'X.', histogram)).slice(2)
        const counts = lines.slice(0, 4).map((line) => Number(line.split(' ')[1]))
        const wanted = [0.5, 10, 1000, Infinity].map(
          (bound) => observed.filter((value) => value <= bound).length,
        )
        expect(counts).toEqual(wanted)
        expect(lines.at(-1)).toBe(`x_count ${observed.length}`)
      }),
    )
  })
})

test('a number without labels is a sample of its own', () => {
  expect(linesOf((exposition) => exposition.counter('x_total', 'All.', 1.5))).toEqual([
    '# HELP x_total All.',
    '# TYPE x_total counter',
    'x_total 1.5',
  ])
})
