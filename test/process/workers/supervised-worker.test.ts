/** The place of one worker, whose processes die, hang and do not start. */
import { describe, expect, test } from 'bun:test'
import type { GatewayEvent } from '../../../src/core/events.ts'
import {
  SupervisedWorker,
  type WorkerEvents,
} from '../../../src/process/workers/supervised-worker.ts'
import type { Question, Report } from '../../../src/process/workers/messages.ts'
import { FakeClock } from '../../support/fake-clock.ts'

interface FakeProcess {
  readonly pid: number
  readonly events: WorkerEvents
  readonly asked: Question[]
  isKilled: boolean
  /** How it answers; by default with nothing. */
  answers: (question: Question) => void
}

const report = { status: { sessions: 3 }, metrics: '' } as unknown as Report

function place(onStart: (process: FakeProcess) => void = serve) {
  const clock = new FakeClock()
  const events: GatewayEvent[] = []
  const processes: FakeProcess[] = []
  const ended: (Report | undefined)[] = []
  let isLost = false
  const host = {
    clock,
    emit: (event: GatewayEvent) => void events.push(event),
    mayRestart: () => true,
    onEnd: (seen: Report | undefined) => void ended.push(seen),
    onLost: () => (isLost = true),
    startOf: (worker: number) => ({
      worker,
      number: 1,
      file: 'sluice.yaml',
      text: '',
      ports: {},
      secret: 's',
      sockets: [],
      changes: [],
    }),
    spawn(_: number, hears: WorkerEvents) {
      const process: FakeProcess = {
        pid: 100 + processes.length,
        events: hears,
        asked: [],
        isKilled: false,
        answers: () => {},
      }
      processes.push(process)
      onStart(process)
      return {
        pid: process.pid,
        send(question: Question) {
          process.asked.push(question)
          process.answers(question)
        },
        kill() {
          if (process.isKilled) return
          process.isKilled = true
          hears.onExit('killed by SIGKILL')
        },
      }
    },
  }
  const worker = new SupervisedWorker(1, host)
  const last = () => processes.at(-1)!
  return { clock, events, processes, ended, worker, last, isLost: () => isLost }
}

/** What has been said is heard. */
const turns = () => new Promise<void>((resolve) => void setImmediate(resolve))

function serve(process: FakeProcess): void {
  process.answers = ({ id, kind }) =>
    process.events.onReply({ id, answered: kind === 'report' ? report : undefined })
}

describe('a worker', () => {
  test('that serves is ready, and seen', async () => {
    const { worker, events } = place()
    expect(await worker.start()).toBeUndefined()
    expect(worker).toMatchObject({ state: 'ready', pid: 100, restarts: 0, report })
    expect(events).toEqual([{ type: 'worker-ready', worker: 1, pid: 100 }])
  })

  test('that dies is started again at once, and what was seen of it last is handed on', async () => {
    const { worker, events, clock, ended, last } = place()
    await worker.start()
    last().events.onExit('killed by SIGKILL')
    expect(worker).toMatchObject({ state: 'restarting', pid: undefined, report: undefined })
    expect(ended).toEqual([report])
    clock.advance(0)
    await turns()
    expect(worker).toMatchObject({ state: 'ready', pid: 101, restarts: 1 })
    expect(events.map(({ type }) => type)).toEqual(['worker-ready', 'worker-lost', 'worker-ready'])
    expect(events[1]).toMatchObject({ pid: 100, detail: 'killed by SIGKILL', restartsInMs: 0 })
  })

  test('that cannot start is tried again later and later, and given up in the end', async () => {
    const { worker, events, clock, processes, isLost } = place((process) => {
      process.answers = ({ id }) => process.events.onReply({ id, problem: 'the port is taken' })
    })
    expect(await worker.start()).toBe('the port is taken')
    for (let tries = 0; tries < 20; tries++) {
      clock.advance(30_000)
      await turns()
    }
    expect(processes).toHaveLength(10)
    expect(worker.state).toBe('given-up')
    expect(isLost()).toBe(true)
    expect(events.at(-1)).toMatchObject({
      type: 'worker-lost',
      detail: 'cannot start: the port is taken',
      restartsInMs: undefined,
    })
  })

  test('that hangs is silent, and started anew when that has lasted', async () => {
    const { worker, events, clock, processes, last } = place()
    await worker.start()
    last().answers = () => {}
    const asked = worker.look()
    clock.advance(2_000)
    expect(await asked).toBe(false)
    expect(worker).toMatchObject({ state: 'silent', report })
    clock.advance(20_000)
    expect(processes[0]?.isKilled).toBe(true)
    await turns()
    expect(worker).toMatchObject({ state: 'ready', pid: 101 })
    expect(events.at(1)).toMatchObject({ type: 'worker-lost', detail: 'does not answer' })
  })

  test('that answers late is left alone', async () => {
    const { worker, clock, last } = place()
    await worker.start()
    last().answers = () => {}
    void worker.look()
    clock.advance(21_000)
    for (const { id } of last().asked.slice(-1)) last().events.onReply({ id, answered: report })
    expect(worker.state).toBe('ready')
    clock.advance(60_000)
    expect(last()).toMatchObject({ pid: 100, isKilled: false })
  })

  test('that is to leave is not started again, and cut where it takes too long', async () => {
    const { worker, clock, processes, last } = place()
    await worker.start()
    last().answers = () => {}
    const left = worker.leave({ isTakenOver: false }, 10_000)
    expect(last().asked.at(-1)).toMatchObject({ kind: 'leave', asked: { isTakenOver: false } })
    clock.advance(12_999)
    expect(last().isKilled).toBe(false)
    clock.advance(1)
    await left
    clock.advance(60_000)
    expect(worker.state).toBe('left')
    expect(processes).toHaveLength(1)
  })

  test('that waits for its next start is not there to leave', async () => {
    const { worker, clock, processes, last } = place()
    await worker.start()
    last().events.onExit('exit code 1')
    await worker.leave({ isTakenOver: true }, 0)
    clock.advance(60_000)
    expect(processes).toHaveLength(1)
  })
})
