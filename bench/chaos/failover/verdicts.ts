// What is promised of Sluice when servers fail, held against a run: `npm run chaos -- failover`.
import { areEqual, type ChangeRun } from './changes.ts'
import { afterMs, hangs, type Round, type RoundsRun } from './rounds.ts'
import type { Totals } from './tally.ts'

export interface Verdict {
  gateway: string
  isMet: boolean
  text: string
}

/** Of nothing: none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]
}

export function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** Of all clients whose server failed in that way. */
export function gapsOf(rounds: readonly Round[], isHang: boolean): number[] {
  return rounds.filter(({ failure }) => hangs(failure) === isHang).flatMap(({ gapsMs }) => gapsMs)
}

export function judgeRounds({ gateway, rounds, totals }: RoundsRun): Verdict[] {
  return [
    ...judgeTotals(totals).filter(({ isMet }) => !isMet),
    judgeGap('killed', gapsOf(rounds, false), afterMs),
    judgeGap('stopped or cut off', gapsOf(rounds, true), (gateway.detectMs ?? Infinity) + afterMs),
  ].map((verdict) => named(gateway.name, 'rounds', verdict))
}

export function judgeChange({ change, gateway, totals, shares }: ChangeRun): Verdict[] {
  const inBetween = sum(totals.lostByRound)
  const own = judgeTotals(totals).filter(({ isMet, isLoss }) => {
    // A server that is told to leave says that it does, and answers nothing that comes after it.
    return !isMet && !(change === 'sigterm' && isLoss)
  })
  if (change !== 'sigterm' && inBetween > 0)
    own.push({ isMet: false, isLoss: true, text: `${inBetween} messages lost` })
  if (change === 'scale-out')
    own.push({ isMet: areEqual(shares), isLoss: false, text: `shares ${shares.join(', ')}` })
  if (own.length === 0)
    own.push({ isMet: true, isLoss: false, text: 'nobody closed, nothing wrong' })
  return own.map((verdict) => named(gateway.name, change, verdict))
}

interface Judged {
  isMet: boolean
  isLoss?: boolean
  text: string
}

function judgeTotals(totals: Totals): Judged[] {
  const { closings, faults, lostOutside, twice, late } = totals
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([what, count]) => `${what} × ${count}`)
      .join(', ')
  return [
    { isMet: sum(closings) === 0, text: `clients closed: ${list(closings)}` },
    { isMet: sum(faults) === 0, text: `errors seen: ${list(faults)}` },
    { isMet: lostOutside === 0, isLoss: true, text: `${lostOutside} messages lost without cause` },
    { isMet: twice === 0 && late === 0, text: `${twice} echoes twice, ${late} out of order` },
  ]
}

function judgeGap(what: string, gapsMs: readonly number[], mostMs: number): Judged {
  const p99Ms = percentile(gapsMs, 0.99)
  const words = `gap of those whose server was ${what}`
  if (p99Ms === undefined) return { isMet: true, text: `${words}: there were none` }
  const text = `${words}: p99 ${Math.round(p99Ms)} ms, at most ${mostMs} ms`
  return { isMet: p99Ms <= mostMs, text }
}

function named(gateway: string, where: string, { isMet, text }: Judged): Verdict {
  return { gateway, isMet, text: `${isMet ? 'met    ' : 'NOT MET'}  ${gateway}, ${where}: ${text}` }
}
