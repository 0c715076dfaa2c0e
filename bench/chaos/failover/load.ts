// The clients of the table, all in this process: run as a program it opens them, lets them send, and tells
// what they have met. It ends with its standard input.
import { Client, type Watched } from './client.ts'
import { nowMs } from './outgoing.ts'
import { talk } from './talk.ts'
import { Tally, type Window } from './tally.ts'

export type LoadQuestion =
  | { ask: 'open'; port: number; clients: number; perSecond: number; holdBytes: number }
  /** The server of these sessions is about to fail. */
  | { ask: 'watch'; round: number; sessions: number[]; fromMs: number }
  /** It has. What is sent until `toMs` may be lost. */
  | { ask: 'struck'; atMs: number; toMs: number }
  | { ask: 'unwatch' }
  | { ask: 'totals' }
  /** How long echoes took, and who was closed, since this was asked before. */
  | { ask: 'latencies' }
  | { ask: 'closings' }
  /** Nothing more is sent, and what has had no echo a while later is lost. */
  | { ask: 'finish' }

const tickMs = 4
/** Handshakes under way at once, and how long all of them may take. */
const openingAtOnce = 50
const openTimeoutMs = 20_000
/** For the last echoes. */
const settleMs = 2000
/** What was not sent when its time came, by a process that was busy, is not made up for. */
const mostPerTick = 100

const tally = new Tally()
const clients: Client[] = []
/** Whose each session is, the past ones too. */
const owners = new Map<number, Client>()
let sessions = 0
let ticker: Timer | undefined
let watched: Client[] = []
let window: Window | undefined

const answers = {
  async open(question: LoadQuestion & { ask: 'open' }) {
    const { port, holdBytes } = question
    const number = () => ++sessions
    const onSession = (client: Client, id: number) => void owners.set(id, client)
    const deadlineMs = nowMs() + openTimeoutMs
    while (clients.length < question.clients || clients.some(({ isOpen }) => !isOpen)) {
      if (nowMs() > deadlineMs) throw new Error('The clients could not connect.')
      const opening = clients.filter(({ isOpen }) => !isOpen).length
      const room = Math.min(openingAtOnce - opening, question.clients - clients.length)
      for (let count = 0; count < room; count++) {
        const index = clients.length
        clients.push(new Client({ index, port, holdBytes, tally, number, onSession }))
      }
      await Bun.sleep(tickMs)
    }
    ticker = startSending(question.perSecond)
  },
  watch(question: LoadQuestion & { ask: 'watch' }) {
    window = { round: question.round, fromMs: question.fromMs, toMs: Infinity }
    watched = question.sessions.flatMap((id) => owners.get(id) ?? [])
    for (const client of watched) client.watch(window)
  },
  struck({ atMs, toMs }: LoadQuestion & { ask: 'struck' }) {
    if (window !== undefined) window.toMs = toMs
    for (const client of watched) client.struck(atMs)
  },
  unwatch(): Watched[] {
    const all = watched.map((client) => client.unwatch())
    watched = []
    return all
  },
  totals: () => tally.totals(),
  latencies: () => tally.takeLatencies(),
  closings: () => tally.takeClosings(),
  async finish() {
    clearInterval(ticker)
    await Bun.sleep(settleMs)
    for (const client of clients) {
      client.settle()
      client.leave()
    }
    return tally.totals()
  },
}

/** Each client in turn, evenly. */
function startSending(perSecond: number): Timer {
  let lastMs = nowMs()
  let due = 0
  let turn = 0
  return setInterval(() => {
    const ms = nowMs()
    due = Math.min(due + ((ms - lastMs) * perSecond) / 1000, mostPerTick)
    lastMs = ms
    for (; due >= 1; due--) clients[turn++ % clients.length]?.send()
  }, tickMs)
}

function answer(line: string): unknown {
  const question = JSON.parse(line) as LoadQuestion
  switch (question.ask) {
    case 'open':
      return answers.open(question)
    case 'watch':
      return answers.watch(question)
    case 'struck':
      return answers.struck(question)
    default:
      return answers[question.ask]()
  }
}

if (import.meta.main) await talk(answer)
