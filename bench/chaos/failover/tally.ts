// What the clients of a run have come to, counted as it happens.
import { Latencies, type LatencyCounts } from '../latencies.ts'
import { nowMs } from './outgoing.ts'
import type { Sent } from './ledger.ts'

/** A time in which messages of a client may be lost: its server was failing. */
export interface Window {
  round: number
  fromMs: number
  toMs: number
}

/** A message that had no echo, with the windows of its client. */
interface Loss {
  session: number
  sent: Sent
  windows: readonly Window[]
  isClosed: boolean
}

/** A client that was closed. */
export interface Closing {
  atMs: number
  words: string
}

export interface Totals {
  sent: number
  echoed: number
  bytes: number
  /** The longest that an echo took. */
  slowestMs: number
  /** Clients closed inside a message longer than `hold`, with 1012. */
  caught: number
  /** By what was said: `1012 The server is gone`, `no Close`. */
  closings: Record<string, number>
  /** Protocol errors, half messages, wrong content, wrong order: by what it was. */
  faults: Record<string, number>
  twice: number
  late: number
  /** Lost while the server of their client was failing, by round. */
  lostByRound: Record<number, number>
  /** Lost at any other time, and the first of them. */
  lostOutside: number
  /** Of those the ones whose session went on. */
  lostOpen: number
  examples: string[]
  /** Handshakes that did not come about, by what there was instead of a 101. */
  refusals: Record<string, number>
}

const mostExamples = 12

export class Tally {
  sent = 0
  echoed = 0
  bytes = 0
  slowestMs = 0
  caught = 0
  twice = 0
  late = 0
  readonly #closings = new Map<string, number>()
  readonly #faults = new Map<string, number>()
  readonly #refusals = new Map<string, number>()
  readonly #losses: Loss[] = []
  readonly #examples: string[] = []
  #latencies = new Latencies()
  #newClosings: Closing[] = []

  closed(words: string): void {
    count(this.#closings, words)
    this.#newClosings.push({ atMs: nowMs(), words })
  }

  echoedAt(ms: number, { beganAtMs, endedAtMs }: Sent): void {
    this.echoed++
    this.slowestMs = Math.max(this.slowestMs, ms - beganAtMs)
    // Some messages are sent slowly.
    this.#latencies.add(ms - endedAtMs)
  }

  /** From the end of a message to its echo, of all since this was asked before. */
  takeLatencies(): LatencyCounts {
    const { counts } = this.#latencies
    this.#latencies = new Latencies()
    return counts
  }

  /** Since this was asked before. */
  takeClosings(): Closing[] {
    const closings = this.#newClosings
    this.#newClosings = []
    return closings
  }

  /** @param words what there was instead of a 101. */
  refusedWith(words: string): void {
    count(this.#refusals, words)
  }

  fault(session: number, words: string): void {
    count(this.#faults, words)
    this.example(`session ${session}: ${words}`)
  }

  /** @param isClosed whether its session was, before its time. */
  lost(session: number, all: readonly Sent[], windows: readonly Window[], isClosed: boolean): void {
    // What the client itself did not finish was not sent.
    for (const sent of all)
      if (sent.endedAtMs < Infinity) this.#losses.push({ session, sent, windows, isClosed })
  }

  example(text: string): void {
    if (this.#examples.length < mostExamples) this.#examples.push(text)
  }

  totals(): Totals {
    const { sent, echoed, bytes, slowestMs, caught, twice, late } = this
    const lostByRound: Record<number, number> = {}
    let lostOutside = 0
    let lostOpen = 0
    for (const { session, sent: message, windows, isClosed } of this.#losses) {
      const window = windowOf(message, windows)
      if (window === undefined) {
        lostOutside++
        if (!isClosed) lostOpen++
        this.example(`session ${session}: ${describe(message, windows)}`)
      } else lostByRound[window.round] = (lostByRound[window.round] ?? 0) + 1
    }
    const closings = Object.fromEntries(this.#closings)
    const faults = Object.fromEntries(this.#faults)
    const refusals = Object.fromEntries(this.#refusals)
    const lost = { lostByRound, lostOutside, lostOpen, examples: this.#examples }
    const counts = { sent, echoed, bytes, slowestMs, caught, twice, late }
    return { ...counts, ...lost, closings, faults, refusals }
  }
}

function count(counts: Map<string, number>, words: string): void {
  counts.set(words, (counts.get(words) ?? 0) + 1)
}

/** The one in which it was under way, if any. */
export function windowOf(
  { beganAtMs, endedAtMs }: Pick<Sent, 'beganAtMs' | 'endedAtMs'>,
  windows: readonly Window[],
): Window | undefined {
  return windows.find(({ fromMs, toMs }) => beganAtMs <= toMs && endedAtMs >= fromMs)
}

function describe({ number, beganAtMs }: Sent, windows: readonly Window[]): string {
  const nearest = windows
    .map((window) => ({ window, byMs: beganAtMs - window.fromMs }))
    .toSorted((a, b) => Math.abs(a.byMs) - Math.abs(b.byMs))[0]
  const when = nearest
    ? `${Math.round(nearest.byMs)} ms after the window of round ${nearest.window.round} began`
    : 'and its server never failed'
  return `message ${number} was lost, sent ${when}`
}
