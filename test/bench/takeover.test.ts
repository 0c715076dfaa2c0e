/**
 * The table of taking over (`npm run chaos -- takeover`): what it counts and what it says of Sluice follows
 * from what was seen.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openListening } from '../../bench/chaos/held-port.ts'
import { readOptions } from '../../bench/chaos/takeover/command.ts'
import { takeoverRows } from '../../bench/chaos/takeover/gateways.ts'
import { addUp, binCount, histogramOf, isEven } from '../../bench/chaos/takeover/histogram.ts'
import { formatSpreads, judge } from '../../bench/chaos/takeover/report.ts'
import type { TakeoverRun, TakeoverSize, Upgrade } from '../../bench/chaos/takeover/run.ts'
import { summarize } from '../../bench/chaos/takeover/storm.ts'
import { visit } from '../../bench/chaos/visit.ts'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'

const size: TakeoverSize = { connects: 100, sessions: 200, upgrades: 1, windowSeconds: 10 }

describe('a histogram', () => {
  test('has everything that happened, in tenths, and what was outside', () => {
    const { bins, early, late } = histogramOf(
      [-9000, -100, 0, 999, 1000, 9999, 10_400, 11_000],
      10_000,
    )
    expect({ bins, early, late }).toEqual({
      bins: [3, 1, 0, 0, 0, 0, 0, 0, 0, 2],
      early: 1,
      late: 1,
    })
  })

  test('loses nothing, also when several are added up', () => {
    const times = fc.array(fc.integer({ min: -20_000, max: 40_000 }))
    fc.assert(
      fc.property(times, times, (some, others) => {
        const sum = addUp([histogramOf(some, 10_000), histogramOf(others, 10_000)])
        expect(sum).toEqual(histogramOf([...some, ...others], 10_000))
        const counted = sum.bins.reduce((total, bin) => total + bin, sum.early + sum.late)
        expect(counted).toBe(some.length + others.length)
      }),
    )
  })

  test('is even where each tenth has its share, give or take a half, and nothing is outside', () => {
    const spread = (count: number) =>
      histogramOf(
        Array.from({ length: count }, (_, index) => (index * 10_000) / count),
        10_000,
      )
    expect(isEven(spread(1000))).toBe(true)
    expect(
      isEven(
        histogramOf(
          Array.from({ length: 1000 }, () => 9999),
          10_000,
        ),
      ),
    ).toBe(false)
    expect(isEven({ ...spread(1000), late: 1 })).toBe(false)
    expect(isEven({ ...spread(1000), early: 1 })).toBe(false)
    expect(isEven(histogramOf([], 10_000))).toBe(false)
    const bins = Array.from({ length: binCount }, (_, bin) => (bin === 3 ? 40 : 100))
    expect(isEven({ bins, early: 0, late: 0 })).toBe(false)
  })
})

describe('a storm', () => {
  const well = { outcome: 'well', found: '', handshakeMs: 2 } as const

  test('is told of by what became of its clients', () => {
    const storm = summarize([
      well,
      { ...well, outcome: 'failed', found: 'refused' },
      { ...well, outcome: 'failed', found: 'refused' },
      { ...well, outcome: 'failed', found: '503' },
      { ...well, outcome: 'lost', found: '1012 before the echo' },
      { ...well, outcome: 'lost', found: 'reset before the end' },
    ])
    expect(storm).toMatchObject({
      connects: 6,
      failed: { refused: 2, 503: 1 },
      leaving: 1,
      lost: { 'reset before the end': 1 },
    })
    const counted = Object.values(storm.handshakes).reduce((total, count) => total + count, 0)
    expect(counted).toBe(3)
  })

  test('tells a session that is told to leave from one that breaks off', async () => {
    const key = 'dGhlIHNhbXBsZSBub25jZQ=='
    const head = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptFor(key)}`,
      '\r\n',
    ].join('\r\n')
    const close = Buffer.from([0x88, 2, 1012 >> 8, 1012 & 255])
    using server = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        data(socket) {
          socket.write(Buffer.concat([Buffer.from(head), close]))
        },
      },
    })
    const { outcome, found } = await visit(server.port, 1)
    expect({ outcome, found }).toEqual({ outcome: 'lost', found: '1012 before the echo' })
  })
})

test('a socket that listens here can be handed to a program, which accepts', async () => {
  const socket = openListening()
  const program = `
    Bun.listen({ fd: 3, socket: { open(s) { s.end('hello'); process.exit() }, data() {} } })`
  const child = Bun.spawn([process.execPath, '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', socket.fd],
  })
  const { promise, resolve } = Promise.withResolvers<string>()
  await Bun.connect({
    hostname: '127.0.0.1',
    port: socket.port,
    socket: { data: (_, bytes) => resolve(bytes.toString()) },
  })
  expect(await promise).toBe('hello')
  await child.exited
  socket.close()
})

describe('the verdicts', () => {
  const [row] = takeoverRows.filter(({ name }) => name === 'sluice')
  if (row === undefined) throw new Error('There is no such row')
  const times = Array.from({ length: 200 }, (_, index) => index * 50)
  const storm = { ...summarize([]), connects: 100, fromMs: 0, toMs: 5000 }
  const upgrade: Upgrade = {
    storm,
    tookMs: 300,
    problem: undefined,
    isInStorm: true,
    spread: histogramOf(times, 10_000),
    otherwise: {},
    ended: 'with 0',
  }
  const second = { exitCode: 1, words: '✖ EADDRINUSE; something listens there already' }
  const run: TakeoverRun = { row, upgrades: [upgrade], refusals: {}, sessions: 200, second }
  const notMet = (each: TakeoverRun) =>
    judge(each, size)
      .filter(({ isMet }) => !isMet)
      .map(({ text }) => text.replace('sluice: ', ''))
  const after = (changed: Partial<Upgrade>) => ({ ...run, upgrades: [{ ...upgrade, ...changed }] })

  test('find nothing where there is nothing', () => {
    expect(judge(run, size)).toHaveLength(6)
    expect(notMet(run)).toEqual([])
  })

  test('name an upgrade that did not happen, not under load, or left the old process there', () => {
    const text = (done: number, inStorm: number, ended: number) =>
      `of 1 upgrades ${done} done, ${inStorm} while clients came, ${ended} old processes ended well`
    expect(notMet(after({ tookMs: undefined }))).toEqual([text(0, 1, 1)])
    expect(notMet(after({ isInStorm: false }))).toEqual([text(1, 0, 1)])
    expect(notMet(after({ ended: undefined }))).toEqual([text(1, 1, 0)])
    expect(notMet(after({ ended: 'with an error' }))).toEqual([text(1, 1, 0)])
  })

  test('name clients that were refused or cut, and those that came back in vain', () => {
    expect(notMet(after({ storm: { ...storm, failed: { reset: 2 } } }))).toEqual([
      '2 of 100 handshakes without a 101, 0 of sessions that came back',
    ])
    expect(notMet({ ...run, refusals: { 503: 1 } })).toEqual([
      '0 of 100 handshakes without a 101, 1 of sessions that came back',
    ])
    expect(notMet(after({ storm: { ...storm, lost: { 'no echo': 1 } } }))).toHaveLength(1)
    expect(notMet(after({ storm: { ...storm, leaving: 5 } }))).toEqual([])
  })

  test('name sessions that stayed, were cut, or left all at once', () => {
    const few = histogramOf(times.slice(1), 10_000)
    expect(notMet(after({ spread: few }))).toEqual([
      '199 of 200 sessions closed within 10 s, 0 not with 1012',
    ])
    expect(notMet(after({ otherwise: { 'no Close': 1 } }))).toHaveLength(1)
    const atOnce = histogramOf(
      times.map(() => 9_000),
      10_000,
    )
    expect(notMet(after({ spread: atOnce }))).toHaveLength(1)
  })

  test('want a second start that fails and says why', () => {
    expect(notMet({ ...run, second: { exitCode: null, words: '' } })).toHaveLength(1)
    expect(notMet({ ...run, second: { exitCode: 1, words: 'error' } })).toHaveLength(1)
    expect(notMet({ ...run, second: undefined })).toEqual(['a second start: not tried'])
  })

  test('are printed with the tenths of the window', () => {
    expect(formatSpreads([run], size).split('\n')).toEqual([
      '  closed, s after   before   1.0   2.0   3.0   4.0   5.0   6.0   7.0   8.0   9.0   10.0   later',
      '  sluice                 0    20    20    20    20    20    20    20    20    20     20       0',
    ])
  })
})

test('options have bounds, and the window is in seconds', () => {
  expect(readOptions([])).toMatchObject({ connects: 20_000, sessions: 1000, windowSeconds: 10 })
  expect(readOptions(['--window', '4s'])).toMatchObject({ windowSeconds: 4 })
  expect(readOptions(['--window', '4'])).toMatchObject({ windowSeconds: 4 })
  expect(() => readOptions(['--window', '2m'])).toThrow('--window: expected a whole number')
})

test('the page shows the configurations that are run', () => {
  const page = readFileSync(join(import.meta.dir, '../../bench/chaos/takeover/README.md'), 'utf8')
  const shown = new Set(page.split('\n').map((line) => line.trim()))
  const place = { port: 8080, servers: [9001, 9002, 9003], folder: '/run/gateway' }
  for (const { name, configuration } of takeoverRows) {
    const lines = configuration({ ...place, windowSeconds: 10 }).split('\n')
    expect({ name, missing: lines.filter((line) => !shown.has(line.trim())) }).toEqual({
      name,
      missing: [],
    })
  }
})
