/** Pages of the sessions of several processes, while sessions come and go and processes are replaced. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  mergeSessionPages,
  readCursor,
  type Cursor,
  type MergedSession,
} from '../../../src/process/workers/merge/sessions.ts'
import type { SessionInfo } from '../../../src/proxy/session-info.ts'

/** A process with its open sessions, in the order of their opening. */
class Worker {
  readonly pid: number
  readonly worker: number
  sessions: SessionInfo[] = []
  #sequence = 0

  constructor(worker: number, pid: number) {
    this.worker = worker
    this.pid = pid
  }

  open(openedAtMs: number): void {
    const sequence = ++this.#sequence
    const openedAt = new Date(openedAtMs).toISOString()
    const id = `${this.pid}/${sequence}`
    this.sessions.push({ ...someSession, id, sequence, openedAt })
  }

  list(after: number, limit: number) {
    const behind = this.sessions.filter(({ sequence }) => sequence > after)
    const sessions = behind.slice(0, limit)
    const next = behind.length > limit ? sessions.at(-1)?.sequence : undefined
    return { worker: this.worker, pid: this.pid, page: { sessions, next } }
  }
}

const flow = { messages: 0, bytes: 0, pendingBytes: 0 }
const someSession: SessionInfo = {
  id: '',
  sequence: 0,
  route: 'chat',
  listener: 'public',
  upstream: 'chat',
  endpoint: 'ws://10.0.0.1:9000',
  address: '192.0.2.7',
  host: 'chat.example.com',
  path: '/',
  subprotocol: undefined,
  compression: undefined,
  certificate: undefined,
  certificateNames: undefined,
  request: undefined,
  moves: 0,
  isBetween: false,
  openedAt: '',
  ageMs: 0,
  inbound: flow,
  outbound: flow,
}

/** Reads all pages. @param between is done behind each. */
function readAll(workers: readonly Worker[], limit: number, between: (page: number) => void) {
  const pages: (readonly MergedSession[])[] = []
  for (let next: string | undefined = ''; next !== undefined && pages.length < 1_000;) {
    const cursor: Cursor = next === '' ? new Map() : (readCursor(next) ?? new Map())
    const asked = workers.map((worker) => worker.list(cursor.get(worker.pid) ?? 0, limit))
    const page = mergeSessionPages(asked, cursor, limit)
    pages.push(page.sessions)
    next = page.next
    between(pages.length)
  }
  return pages
}

const idsOf = (sessions: readonly SessionInfo[]) => sessions.map(({ id }) => id)
/** Which worker opens a session, in the order of time. */
const openings = fc.array(fc.nat(2), { maxLength: 40 })
const limits = fc.integer({ min: 1, max: 12 })

describe('pages', () => {
  test('list each session once, the oldest first, with the worker that has it', () => {
    fc.assert(
      fc.property(openings, limits, (order, limit) => {
        const workers = [1, 2, 3].map((number) => new Worker(number, 100 + number))
        for (const [time, index] of order.entries()) workers[index]?.open(time)
        const pages = readAll(workers, limit, () => {})
        const listed = pages.flat()
        expect(listed.map(({ openedAt }) => Date.parse(openedAt))).toEqual([...order.keys()])
        expect(listed.map(({ worker }) => worker)).toEqual(order.map((index) => index + 1))
        expect(pages.slice(0, -1).every(({ length }) => length === limit)).toBe(true)
      }),
    )
  })

  test('leave out nobody who stays, and list nobody twice, while others come and go', () => {
    fc.assert(
      fc.property(openings, limits, fc.infiniteStream(fc.nat(5)), (order, limit, choices) => {
        const workers = [1, 2, 3].map((number) => new Worker(number, 100 + number))
        for (const [time, index] of order.entries()) workers[index]?.open(time)
        const stay = new Set(workers.flatMap(({ sessions }) => idsOf(sessions)))
        let time = order.length
        const pages = readAll(workers, limit, (page) => {
          if (page > 20) return
          const worker = workers[(choices.next().value ?? 0) % 3]
          worker?.open(time++)
          const gone = worker?.sessions.splice(choices.next().value ?? 0, 1) ?? []
          for (const { id } of gone) stay.delete(id)
        })
        const listed = idsOf(pages.flat())
        expect(new Set(listed).size).toBe(listed.length)
        expect([...stay].filter((id) => !listed.includes(id))).toEqual([])
      }),
    )
  })

  test('list all sessions of a process that has taken the place of another', () => {
    const [one, old] = [new Worker(1, 11), new Worker(2, 12)]
    for (let time = 0; time < 4; time++) (time % 2 === 0 ? one : old).open(time)
    const first = mergeSessionPages([one.list(0, 2), old.list(0, 2)], new Map(), 2)
    const cursor = readCursor(first.next ?? '') ?? new Map<number, number>()
    const young = new Worker(2, 13)
    young.open(10)
    const pages = [one, young].map((each) => each.list(cursor.get(each.pid) ?? 0, 2))
    expect(idsOf(mergeSessionPages(pages, cursor, 2).sessions)).toEqual(['11/2', '13/1'])
  })

  test('keep the place of a worker that does not answer', () => {
    const [one, other] = [new Worker(1, 11), new Worker(2, 12)]
    for (let time = 0; time < 6; time++) (time % 2 === 0 ? one : other).open(time)
    const first = mergeSessionPages([one.list(0, 2), other.list(0, 2)], new Map(), 2)
    const cursor = readCursor(first.next ?? '') ?? new Map<number, number>()
    const second = mergeSessionPages([one.list(1, 1)], cursor, 1)
    expect(idsOf(second.sessions)).toEqual(['11/2'])
    expect(readCursor(second.next ?? '')).toEqual(new Map([...cursor, [11, 2]]))
  })

  test('begin nowhere behind what is no cursor', () => {
    for (const text of ['1', 'x', '1.2-', '1.2.3', '-1.2', `${'1.1-'.repeat(300)}1.1`])
      expect(readCursor(text)).toBeUndefined()
  })
})
