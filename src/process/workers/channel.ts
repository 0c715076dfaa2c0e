/**
 * The supervisor's end of what it says to one worker.
 *
 * Invariant: every ask is answered, by the worker, by its deadline or by the end of the worker; and a worker
 * that hangs holds nobody up twice: while an answer is overdue the next ask fails at once.
 */
import type { Clock } from '../../core/clock.ts'
import type { Answered, Asked, Kind, Question, Reply } from './messages.ts'

export type Answer<Value> =
  | { readonly kind: 'answered'; readonly value: Value }
  /** The worker says what is wrong: a sentence, or lines as they are to be printed. */
  | { readonly kind: 'refused'; readonly problem: string }
  /** It does not answer in time; what it was told it may still do. */
  | { readonly kind: 'silent' }
  /** It has ended. */
  | { readonly kind: 'gone' }

export interface AskOptions {
  readonly deadlineMs?: number
  /** It is told even while it is silent, as it will have to do it once it hears again. */
  readonly isOrder?: boolean
}

/** Longer than a look at a hundred thousand sessions takes; shorter than who asks waits. */
const usualDeadlineMs = 2_000
/**
 * Asks without an answer, those that are overdue included. Orders do not count: a worker that missed one would
 * differ from the others, and how many can wait is bounded by how long one may hang.
 */
const mostUnderWay = 256

interface Ask {
  /** undefined once it is overdue. */
  resolve: ((answer: Answer<unknown>) => void) | undefined
  readonly callOff: () => void
  readonly isOrder: boolean
}

export interface ChannelOptions {
  /** @throws where the worker is gone. */
  readonly send: (question: Question) => void
  readonly clock: Clock
  /** An answer is overdue, or none is any more. */
  readonly onSilence: (isSilent: boolean) => void
}

export class WorkerChannel {
  readonly #options: ChannelOptions
  /** By id. */
  readonly #asks = new Map<number, Ask>()
  /** Of them those that are no orders. */
  #questions = 0
  #lastId = 0
  #overdue = 0
  #isOver = false

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  /** An answer is overdue. */
  get isSilent(): boolean {
    return this.#overdue > 0
  }

  ask<K extends Kind>(
    kind: K,
    asked: Asked<K>,
    { deadlineMs = usualDeadlineMs, isOrder = false }: AskOptions = {},
  ): Promise<Answer<Answered<K>>> {
    if (this.#isOver) return Promise.resolve({ kind: 'gone' })
    const isHopeless = this.isSilent || this.#questions >= mostUnderWay
    if (isHopeless && !isOrder) return Promise.resolve({ kind: 'silent' })
    const id = ++this.#lastId
    const { promise, resolve } = Promise.withResolvers<Answer<Answered<K>>>()
    const { send, clock } = this.#options
    const callOff = clock.after(this.isSilent ? 0 : deadlineMs, () => this.#onDeadline(id))
    this.#asks.set(id, { resolve: resolve as Ask['resolve'], callOff, isOrder })
    if (!isOrder) this.#questions++
    try {
      send({ id, kind, asked })
    } catch {
      // It is about to be told that the worker has ended.
      this.end()
    }
    return promise
  }

  /** What the worker says. */
  hear(reply: Reply): void {
    const ask = this.#asks.get(reply.id)
    if (ask === undefined) return
    this.#asks.delete(reply.id)
    if (!ask.isOrder) this.#questions--
    ask.callOff()
    if (ask.resolve === undefined) {
      this.#overdue--
      if (this.#overdue === 0) this.#options.onSilence(false)
    } else if ('problem' in reply) ask.resolve({ kind: 'refused', problem: reply.problem })
    else ask.resolve({ kind: 'answered', value: reply.answered })
  }

  /** The worker has ended: it answers nothing any more. */
  end(): void {
    this.#isOver = true
    for (const { resolve, callOff } of this.#asks.values()) {
      callOff()
      resolve?.({ kind: 'gone' })
    }
    this.#asks.clear()
  }

  #onDeadline(id: number): void {
    const ask = this.#asks.get(id)
    if (ask?.resolve === undefined) return
    ask.resolve({ kind: 'silent' })
    ask.resolve = undefined
    this.#overdue++
    if (this.#overdue === 1) this.#options.onSilence(true)
  }
}
