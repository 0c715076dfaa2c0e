// What the runs of several workers come to, as sentences.
import { whole } from '../table.ts'

export interface Verdict {
  isMet: boolean
  /** Whether nothing was lost or miscounted, however long it took. */
  isRight: boolean
  text: string
}

type Messages = Readonly<Record<'inbound' | 'outbound', number>>

/** What the load generator has counted, and what metrics say when nothing is under way. */
export interface Sums {
  first: number
  before: Messages
  /** With those after a worker was killed. */
  both: number
  after: Messages
}

export interface Loss {
  sessions: number
  /** Sessions of the worker that was killed. */
  had: number
  /** Sessions that were closed, of whatever worker. */
  closed: number
  /** Messages without an echo, and those of them whose session went on. */
  lost: number
  lostOpen: number
  faults: number
  backAfterMs: number
}

const [leastShare, mostShare] = [0.3, 0.7]
const backMaxMs = 1000

export function judgeShares(shares: readonly number[]): Verdict[] {
  const all = shares.reduce((total, share) => total + share, 0)
  const parts = shares.map((share) => share / Math.max(1, all))
  const isMet = shares.length > 1 && parts.every((part) => part >= leastShare && part <= mostShare)
  const each = shares.map((share, index) => `${share} (${Math.round((parts[index] ?? 0) * 100)} %)`)
  return [
    { isMet, isRight: true, text: `${whole(all)} sessions: ${each.join(', ')}; 30 – 70 % each` },
  ]
}

export function judgeSums({ first, before, both, after }: Sums): Verdict[] {
  return [
    judgeSum('messages by metrics', first, before),
    judgeSum('messages by metrics, one worker killed in between', both, after),
  ]
}

function judgeSum(what: string, count: number, { inbound, outbound }: Messages): Verdict {
  const isRight = count > 0 && inbound === count && outbound === count
  const text = `${what}: ${whole(inbound)} inbound, ${whole(outbound)} outbound; the load generator has counted ${whole(count)}`
  return { isMet: isRight, isRight, text }
}

export function judgeLoss(loss: Loss): Verdict[] {
  const { sessions, had, closed, lost, lostOpen, faults, backAfterMs } = loss
  const isRight = had > 0 && closed === had && lostOpen === 0 && faults === 0
  const others = `of the other ${sessions - had} sessions ${closed - had} closed, ${lostOpen} messages lost, ${faults} errors`
  return [
    {
      isMet: backAfterMs <= backMaxMs,
      isRight: true,
      text: `a killed worker is back after ${Math.round(backAfterMs)} ms, at most ${backMaxMs} ms`,
    },
    {
      isMet: isRight,
      isRight,
      text: `it had ${had} sessions and ${lost - lostOpen} messages under way; ${others}`,
    },
  ]
}

export function formatWorkers(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ isMet, text }) => `  ${isMet ? 'met    ' : 'NOT met'}  ${text}`)
  return ['Expected of two workers', ...lines].join('\n')
}
