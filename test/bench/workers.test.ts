/**
 * The part of the benchmark about several workers (`npm run bench -- --workers`): what it reads and says.
 */
import { describe, expect, test } from 'bun:test'
import { readOptions } from '../../bench/options.ts'
import { adopt } from '../../bench/processes.ts'
import { childrenOf } from '../../bench/usage.ts'
import { formatVerdicts } from '../../bench/verdicts.ts'
import { workersScenarios, type Sample } from '../../bench/scenarios.ts'
import { subjectName, workersName } from '../../bench/rows.ts'
import { messagesIn } from '../../bench/workers/gateway.ts'
import {
  formatWorkers,
  judgeLoss,
  judgeShares,
  judgeSums,
  type Loss,
} from '../../bench/workers/verdicts.ts'

test('is asked for as a group of its own', () => {
  expect(readOptions(['--workers'])?.groups).toEqual(['workers'])
})

test('messages are added up over all series of a direction', () => {
  const metrics = `
sluice_messages_total{route="a",direction="inbound"} 40
sluice_messages_total{route="b",direction="inbound"} 2
sluice_messages_total{route="a",direction="outbound"} 7
sluice_bytes_total{route="a",direction="inbound"} 1000
`
  expect(messagesIn(metrics, 'inbound')).toBe(42)
  expect(messagesIn(metrics, 'outbound')).toBe(7)
})

describe('what is expected of two workers', () => {
  const loss: Loss = {
    sessions: 400,
    had: 190,
    closed: 190,
    lost: 3,
    lostOpen: 0,
    faults: 0,
    backAfterMs: 400,
  }
  const messages = { inbound: 10, outbound: 10 }
  const isMet = (verdicts: readonly { isMet: boolean }[]) => verdicts.every((each) => each.isMet)

  test('is that each has from 30 to 70 percent of the sessions', () => {
    expect(isMet(judgeShares([1400, 600]))).toBe(true)
    expect(isMet(judgeShares([1401, 599]))).toBe(false)
    expect(isMet(judgeShares([2000]))).toBe(false)
    expect(isMet(judgeShares([0, 0]))).toBe(false)
  })

  test('is that metrics are right to the last message, also of a worker that is gone', () => {
    const sums = { first: 10, before: messages, both: 10, after: messages }
    expect(isMet(judgeSums(sums))).toBe(true)
    expect(isMet(judgeSums({ ...sums, both: 11 }))).toBe(false)
    expect(isMet(judgeSums({ ...sums, before: { inbound: 10, outbound: 9 } }))).toBe(false)
    const nothing = { inbound: 0, outbound: 0 }
    expect(isMet(judgeSums({ first: 0, before: nothing, both: 0, after: nothing }))).toBe(false)
  })

  test('is that one that is killed is back within a second, and the other has noticed nothing', () => {
    expect(isMet(judgeLoss(loss))).toBe(true)
    const late = judgeLoss({ ...loss, backAfterMs: 1001 })
    expect(late.map((each) => [each.isMet, each.isRight])).toEqual([
      [false, true],
      [true, true],
    ])
    for (const changed of [{ closed: 191 }, { closed: 189 }, { lostOpen: 1 }, { faults: 1 }])
      expect(judgeLoss({ ...loss, ...changed }).map(({ isRight }) => isRight)).toEqual([
        true,
        false,
      ])
    expect(isMet(judgeLoss({ ...loss, had: 0, closed: 0 }))).toBe(false)
    expect(formatWorkers(judgeLoss(loss)).split('\n')).toEqual([
      'Expected of two workers',
      '  met      a killed worker is back after 400 ms, at most 1000 ms',
      '  met      it had 190 sessions and 3 messages under way; of the other 210 sessions 0 closed, 0 messages lost, 0 errors',
    ])
  })

  test('is at most a tenth more CPU time for a message', () => {
    const [scenario] = workersScenarios
    if (scenario === undefined) throw new Error('There is no scenario')
    const sample = (gateway: string, cpuUs: number): Sample => ({
      scenario: scenario.name,
      group: 'workers',
      gateway,
      round: 1,
      cpuUs,
      p50Us: 1,
      p99Us: 1,
      perSecond: 1,
      bytesToClient: 1,
      errors: 0,
      firstError: '',
    })
    const said = (cpuUs: number) => {
      const samples = [sample(subjectName, 10), sample(workersName, cpuUs)]
      return formatVerdicts({ samples, idle: [], failures: [] }, [scenario])
    }
    expect(said(11)).toContain('met         sluice, 2 workers')
    expect(said(11.1)).toContain('NOT met     sluice, 2 workers')
  })
})

test('a process that took the place of another is there until it is ended', async () => {
  const child = Bun.spawn(['/bin/sh', '-c', 'sleep 60 & wait'])
  while (childrenOf(child.pid).length === 0) await Bun.sleep(1)
  const [pid = 0] = childrenOf(child.pid)
  const own = adopt(pid)
  expect(own.isThere()).toBe(true)
  await own.stop()
  expect(own.isThere()).toBe(false)
  await child.exited
})
