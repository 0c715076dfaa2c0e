import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Latency } from '../../src/upstream/latency.ts'

test('nothing is known until something was observed', () => {
  const latency = new Latency()
  expect([latency.read(0), latency.averageMs]).toEqual([undefined, undefined])
  latency.observe(12, 0)
  expect([latency.read(0), latency.averageMs]).toEqual([12, 12])
})

test('something slower counts at once and in full', () => {
  const latency = new Latency()
  latency.observe(5, 0)
  latency.observe(900, 1)
  expect(latency.read(1)).toBe(900)
})

test('something quicker counts by the time that has passed', () => {
  const [soon, late] = [new Latency(), new Latency()]
  for (const latency of [soon, late]) latency.observe(100, 0)
  soon.observe(0, 100)
  late.observe(0, 10_000)
  expect(soon.averageMs).toBeCloseTo(99, 1)
  expect(late.averageMs).toBeCloseTo(100 / Math.E, 6)
})

test('as many quick answers as one likes in an instant do not wash out a slow one', () => {
  const latency = new Latency()
  latency.observe(1_000, 0)
  for (let count = 0; count < 1_000; count++) latency.observe(1, 0)
  expect(latency.read(0)).toBe(1_000)
})

test('what was slow once is tried again: without news the average fades, but not for people', () => {
  const latency = new Latency()
  latency.observe(5_000, 0)
  expect(latency.read(10_000)).toBeCloseTo(5_000 / Math.E, 6)
  expect(latency.read(100_000)).toBeLessThan(1)
  expect(latency.averageMs).toBe(5_000)
  latency.observe(5_000, 100_000)
  expect(latency.read(100_000)).toBe(5_000)
})

test('reading changes nothing', () => {
  const [read, unread] = [new Latency(), new Latency()]
  for (const latency of [read, unread]) latency.observe(80, 0)
  for (let ms = 0; ms < 5_000; ms += 100) read.read(ms)
  expect(read.read(7_000)).toBe(unread.read(7_000))
})

test('the average is always between the least and the most that was observed', () => {
  const some = fc.array(
    fc.record({ ms: fc.integer({ min: 0, max: 1_000 }), waitMs: fc.nat({ max: 30_000 }) }),
    { minLength: 1, maxLength: 30 },
  )
  fc.assert(
    fc.property(some, (all) => {
      const latency = new Latency()
      let nowMs = 0
      for (const { ms, waitMs } of all) latency.observe(ms, (nowMs += waitMs))
      const observed = all.map(({ ms }) => ms)
      expect(latency.averageMs).toBeGreaterThanOrEqual(Math.min(...observed) - 1e-6)
      expect(latency.averageMs).toBeLessThanOrEqual(Math.max(...observed) + 1e-6)
    }),
  )
})
