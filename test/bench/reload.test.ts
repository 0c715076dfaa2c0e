/**
 * The table of reloads (`npm run chaos -- reload`): each of its files is what it is meant to be, and what it
 * says of Sluice follows from what was seen.
 */
import { describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tally } from '../../bench/chaos/failover/tally.ts'
import { fileName } from '../../bench/chaos/gateways.ts'
import { Latencies } from '../../bench/chaos/latencies.ts'
import { LogTail } from '../../bench/chaos/log-tail.ts'
import { badFileAt, isExplained } from '../../bench/chaos/reload/bad-files.ts'
import { readOptions } from '../../bench/chaos/reload/command.ts'
import { hasIdle, stepAt, textOf, writtenAt } from '../../bench/chaos/reload/files.ts'
import { nginxFile } from '../../bench/chaos/reload/nginx.ts'
import { formatExplanations, formatRuns, judge } from '../../bench/chaos/reload/report.ts'
import type { BadReload, Reload, ReloadRun } from '../../bench/chaos/reload/run.ts'
import { isSameState, stateOf } from '../../bench/chaos/reload/sluice.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblems } from '../../src/config/report.ts'
import { builtIn } from '../../src/registry.ts'
import { temporaryPath } from '../support/temporary.ts'

const servers = [9001, 9002, 9003, 9004]
const place = { port: 8080, servers, folder: '/run/gateway', extraPort: 8081, takenPort: 8082 }
const rounds = Array.from({ length: 40 }, (_, index) => index + 1)

describe('the files of the rounds', () => {
  test('differ from one to the next, and are right', () => {
    for (const round of [0, ...rounds]) {
      const text = textOf(writtenAt(round, place))
      expect(problemsOf(text)).toBe('')
      if (round > 0) expect(text).not.toBe(textOf(writtenAt(round - 1, place)))
    }
  })

  test('change the upstream of the load in a quarter of the rounds, by an endpoint that comes or goes', () => {
    const own = rounds.filter((round) => stepAt(round).isOwn)
    expect(own.length).toBe(rounds.length / 4)
    for (const round of rounds) {
      const chat = (at: number) => writtenAt(at, place).upstreams['chat']
      const isChanged = hasIdle(round) !== hasIdle(round - 1)
      expect(isChanged).toBe(stepAt(round).isOwn)
      expect(chat(round)?.endpoints.includes('ws://127.0.0.1:9004')).toBe(hasIdle(round))
      if (!isChanged) expect(chat(round)).toEqual(chat(round - 1))
      expect(chat(round)?.endpoints.slice(0, 3)).toEqual(chat(0)?.endpoints.slice(0, 3))
    }
  })

  test('leave the route and the listener of the load as they are', () => {
    const of = (round: number) => {
      const { listeners, routes } = writtenAt(round, place)
      return [listeners[0], routes[0]]
    }
    for (const round of rounds) expect(of(round)).toEqual(of(0))
  })

  test('are told of by what they change', () => {
    expect(rounds.slice(0, 8).map((round) => stepAt(round).words)).toEqual([
      'a route is added',
      "an endpoint of the load's upstream is added",
      'limits of a route',
      'a split',
      'an upstream is added',
      "an endpoint of the load's upstream is removed",
      'a listener is added',
      'balancer and checks of an upstream',
    ])
    expect(stepAt(9).words).toBe('a route is removed')
  })
})

describe('a wrong file', () => {
  const numbers = Array.from({ length: 24 }, (_, index) => index)

  test('is wrong in the way that is named, but for a port, which is found out later', () => {
    for (const number of numbers) {
      const file = badFileAt(number, number, place)
      const problems = problemsOf(file.text)
      const isLater = file.kind === 'a port of somebody else'
      expect({ kind: file.kind, isExplained: isExplained(file, problems) }).toEqual({
        kind: file.kind,
        isExplained: !isLater,
      })
      if (isLater) expect(problems).toBe('')
    }
  })

  test('is not explained by words that lack the name, or the line', () => {
    const file = { kind: '', text: '', named: ['helth'] }
    expect(isExplained(file, `unknown key helth\n    ${fileName}:7:3`)).toBe(true)
    expect(isExplained(file, 'unknown key helth')).toBe(false)
    expect(isExplained(file, `unknown key\n    ${fileName}:7:3`)).toBe(false)
    expect(isExplained({ ...file, named: ['8082'] }, 'cannot listen on 127.0.0.1:8082')).toBe(true)
  })
})

test('nginx has another file each time', () => {
  expect(nginxFile(place, 1)).not.toBe(nginxFile(place, 0))
  expect(nginxFile(place, 2)).toBe(nginxFile(place, 0))
  expect(nginxFile(place, 0)).not.toContain('9004')
})

test('the state is all that the admin port shows, without what goes on by itself', () => {
  const shown = (second: string, uptimeMs: number, sessions = 1) =>
    stateOf([
      { uptimeMs, sockets: { open: uptimeMs } },
      { endpoints: [{ sessions, since: `2026-11-23T10:00:0${second}Z`, stateMs: uptimeMs }] },
    ])
  expect(isSameState(shown('1.000', 1), shown('1.002', 2))).toBe(true)
  expect(isSameState(shown('1.000', 1), shown('2.000', 1))).toBe(false)
  expect(isSameState(shown('1.000', 1), shown('1.000', 1, 2))).toBe(false)
})

describe('latencies', () => {
  test('are found again within two percent, and add up over processes', () => {
    const [one, other] = [new Latencies(), new Latencies()]
    for (let ms = 1; ms <= 50; ms++) one.add(ms)
    for (let ms = 51; ms <= 100; ms++) other.add(ms)
    one.merge(JSON.parse(JSON.stringify(other.counts)))
    expect(one.total).toBe(100)
    for (const share of [0.01, 0.5, 0.99, 1])
      expect(one.percentile(share)).toBeWithin(share * 100, share * 100 * 1.021)
  })

  test('of nothing have no percentile, and of no time at all a short one', () => {
    const latencies = new Latencies()
    expect(latencies.percentile(0.5)).toBeUndefined()
    latencies.add(0)
    latencies.add(-1)
    expect(latencies.percentile(1)).toBeLessThan(0.02)
  })
})

test('the end of a log is followed, whatever stands between its lines', async () => {
  const file = temporaryPath('output.log')
  writeFileSync(file, '{"event":"listening"}\nwords\n{"event":"relo')
  const log = new LogTail(file)
  expect(await log.find(({ event }) => event === 'reloaded', 0)).toBeUndefined()
  writeFileSync(file, 'aded","changes":["a"]}\n{"event":"left"}\n', { flag: 'a' })
  expect(await log.find(({ event }) => event === 'reloaded', 0)).toMatchObject({ changes: ['a'] })
  log.skip()
  expect(await log.find(() => true, 0)).toBeUndefined()
  log.close()
})

describe('the verdicts', () => {
  const cost = { ms: 10, cpuMs: 5 }
  const reload: Reload = {
    round: 1,
    words: 'a route is added',
    isOwn: false,
    told: { outcome: 'reloaded', words: 'route other: added' },
    isDone: true,
    ...cost,
  }
  const bad: BadReload = {
    file: badFileAt(3, 1, place),
    told: { outcome: 'refused', words: 'limit-3: unknown key' },
    isExplained: true,
    isUnchanged: true,
    ...cost,
  }
  const totals = { ...new Tally().totals(), sent: 5000 }
  const of = { name: 'sluice', sessions: 9, kept: 9, seconds: 1 }
  const echoes = { calm: new Latencies(), busy: new Latencies() }
  const run: ReloadRun = { ...of, ...echoes, reloads: [reload], bad: [bad], totals }
  const notMet = (each: ReloadRun) =>
    judge(each)
      .filter(({ isMet }) => !isMet)
      .map(({ text }) => text)

  test('find nothing where there is nothing', () => {
    expect(judge(run)).toHaveLength(6)
    expect(notMet(run)).toEqual([])
  })

  test('name whoever was closed or is elsewhere, what was lost, and errors', () => {
    expect(notMet({ ...run, totals: { ...totals, closings: { '1012 x': 2 } } })).toEqual([
      '2 sessions closed, 0 of 9 not where they were',
    ])
    expect(notMet({ ...run, kept: 8 })).toEqual(['0 sessions closed, 1 of 9 not where they were'])
    expect(notMet({ ...run, totals: { ...totals, lostOutside: 3 } })).toEqual([
      '3 of 5,000 messages lost',
    ])
    const worse = { ...totals, twice: 1, faults: { y: 1 }, refusals: { 503: 1 } }
    expect(notMet({ ...run, totals: worse })).toEqual(['3 errors'])
  })

  test('name reloads that were not done, and wrong files that were taken or not explained', () => {
    const told = { outcome: 'nothing told', words: '' } as const
    expect(notMet({ ...run, reloads: [reload, { ...reload, told, isDone: false }] })).toEqual([
      '2 reloads, 1 not done, the first: a route is added: nothing told',
    ])
    expect(notMet({ ...run, reloads: [] })).toHaveLength(1)
    expect(notMet({ ...run, bad: [{ ...bad, isExplained: false, isUnchanged: false }] })).toEqual([
      '1 wrong files, 1 not explained: an unknown key',
      '1 wrong files, 1 have changed something: an unknown key',
    ])
  })

  test('are printed beside what was said of each kind', () => {
    expect(formatRuns([run])).toContain('sluice, wrong files')
    expect(formatExplanations([bad, bad])).toBe(
      'What is said of wrong files, one of each kind\n  an unknown key\n      limit-3: unknown key',
    )
  })
})

test('options have bounds', () => {
  expect(readOptions(['--quick', '--rounds', '4'])).toMatchObject({ rounds: 4, clients: 100 })
  expect(readOptions([])).toMatchObject({ rounds: 200, bad: 50, clients: 1000, perSecond: 5000 })
  expect(() => readOptions(['--rounds', '0'])).toThrow('--rounds: expected a whole number')
})

test('the page shows the files that are run', () => {
  const page = readFileSync(join(import.meta.dir, '../../bench/chaos/reload/README.md'), 'utf8')
  const shown = new Set(page.split('\n').map((line) => line.trim()))
  for (const text of [nginxFile(place, 0), textOf(writtenAt(0, place))]) {
    const lines = text.split('\n').filter((line) => !shown.has(line.trim()))
    expect(lines).toEqual([])
  }
})

/** As a gateway prints them. */
function problemsOf(text: string): string {
  const file = join(place.folder, fileName)
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const loadPlugin = () => Promise.reject(new Error('Nothing here has plugins'))
  const loaded = loadConfig(text, { file, env: {}, readFile, registry: builtIn, loadPlugin })
  return loaded.ok ? '' : formatProblems(loaded.problems, { colours: false })
}
