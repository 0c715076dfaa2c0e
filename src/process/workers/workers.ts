/**
 * All workers of a supervisor: asked together, looked at, and added up.
 *
 * Invariant: what one of them does holds up no answer about the others for longer than a deadline; and no
 * counter ever goes down, as those of processes that have ended stay in the sums as they were seen last.
 */
import type { WorkerStatus } from '../../admin/status.ts'
import type { Clock } from '../../core/clock.ts'
import type { Emit } from '../../core/events.ts'
import {
  endpointsIn,
  formatFamilies,
  mergeFamilies,
  parseExposition,
  retire,
  type Families,
} from '../../telemetry/exposition-merge.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { sum, type Answered } from './merge/answered.ts'
import { SupervisedWorker, type WorkerEvents, type WorkerProcess } from './supervised-worker.ts'
import { readSupervisor } from './supervisor-metrics.ts'
import type { Answer, AskOptions } from './channel.ts'
import type * as messages from './messages.ts'

export interface WorkersHost {
  readonly clock: Clock
  readonly emit: Emit
  /** Of the supervisor. */
  readonly metrics: Metrics
  readonly spawn: (worker: number, events: WorkerEvents) => WorkerProcess
  readonly startOf: (worker: number) => messages.WorkerStart
  /** Whether who dies is started again. */
  readonly mayRestart: () => boolean
  /** All places are lost: nobody serves, and nobody will. */
  readonly onAllLost: () => void
}

/** What all of them have said. */
export interface Poll<Value> {
  readonly answered: readonly Answered<Value>[]
  readonly refused: readonly Answered<string>[]
  /** Who has not answered in time. Those that have ended are not named: nothing is left of them. */
  readonly silent: readonly number[]
}

export interface FirstFound {
  readonly first: Answered<messages.AdminReply> | undefined
  /** What all have said, where none has it. */
  readonly poll: Poll<messages.AdminReply>
}

const nobody = { answered: [], refused: [], silent: [] }

/** What is lost of the counts of one that is killed is at most what has happened in so long. */
const lookEveryMs = 2_000
const lookEveryMsWhileLeaving = 500

export class Workers {
  readonly all: readonly SupervisedWorker[]
  readonly #host: WorkersHost
  #retired: Families = new Map()
  #lookEveryMs = lookEveryMs
  #callOffLook = () => {}

  constructor(count: number, host: WorkersHost) {
    this.#host = host
    const placeHost = {
      ...host,
      onEnd: (report: messages.Report | undefined) => this.#retire(report),
      onLost: () => {
        if (this.all.every(({ state }) => state === 'given-up')) host.onAllLost()
      },
    }
    this.all = Array.from(
      { length: count },
      (_, index) => new SupervisedWorker(index + 1, placeHost),
    )
  }

  /** Open, as seen last. */
  get sessions(): number {
    return sum(this.all, ({ report }) => report?.status.sessions ?? 0)
  }

  get isServing(): boolean {
    return this.all.some(({ state }) => state === 'ready')
  }

  /** @returns why one of them does not serve, as it is to be printed; undefined: all do. */
  async start(): Promise<string | undefined> {
    const problems = await Promise.all(this.all.map((worker) => worker.start()))
    this.#lookLater()
    const lost = this.all.find(({ state }) => state === 'given-up')
    return (
      problems.find((problem) => problem !== undefined) ??
      (lost && `worker ${lost.number} has ended before all served`)
    )
  }

  /** Asks those that serve; an order is given to those that are about to, too. */
  ask<K extends messages.Kind>(
    kind: K,
    asked: messages.Asked<K>,
    options: AskOptions = {},
  ): Promise<Poll<messages.Answered<K>>> {
    return this.askEach(kind, () => asked, options)
  }

  /** The same, each asked something else. */
  askEach<K extends messages.Kind>(
    kind: K,
    askedOf: (worker: SupervisedWorker) => messages.Asked<K>,
    options: AskOptions = {},
  ): Promise<Poll<messages.Answered<K>>> {
    const isAsked = ({ state, pid }: SupervisedWorker) =>
      options.isOrder === true ? pid !== undefined : state === 'ready' || state === 'silent'
    const asks = this.all.filter(isAsked).map((worker) => ({
      worker,
      answer: worker.ask(kind, askedOf(worker), options),
    }))
    return gather(asks)
  }

  /** Asks all for what only one can have. @returns the first answer like that, without a wait for others. */
  async askFirst(
    request: messages.AdminRequest,
    isFound: (reply: messages.AdminReply) => boolean,
    options: AskOptions = {},
  ): Promise<FirstFound> {
    const { promise, resolve } = Promise.withResolvers<FirstFound>()
    const serving = this.all.filter(({ state }) => state === 'ready' || state === 'silent')
    const asks = serving.map((worker) => ({
      worker,
      answer: worker.ask('admin', request, options),
    }))
    for (const { worker, answer } of asks) {
      void answer.then((found) => {
        if (found.kind !== 'answered' || !isFound(found.value)) return
        resolve({ first: { worker: worker.number, value: found.value }, poll: nobody })
      })
    }
    void gather(asks).then((poll) => resolve({ first: undefined, poll }))
    return promise
  }

  /** Asks all how they are. */
  async look(): Promise<void> {
    await Promise.all(this.all.map((worker) => worker.look()))
  }

  /** All of them, and those before them, as they were seen last. */
  get metrics(): string {
    const silent = this.all.filter(({ state }) => state === 'silent').length
    const own = readSupervisor(this.#host.metrics, silent)
    return formatFamilies(mergeFamilies([...this.#living(), this.#retired, own]))
  }

  get statuses(): WorkerStatus[] {
    return this.all.map(({ number, pid, state, restarts, report }) => ({
      worker: number,
      pid,
      state,
      sessions: report?.status.sessions ?? 0,
      restarts,
    }))
  }

  /** @param mostMs how long they may take. Resolves when all have ended. */
  async leave(options: { readonly isTakenOver: boolean }, mostMs: number): Promise<void> {
    // Who waits for the last sessions to go wants to see them go.
    this.#lookEveryMs = lookEveryMsWhileLeaving
    this.#lookLater()
    await Promise.all(this.all.map((worker) => worker.leave(options, mostMs)))
    this.#callOffLook()
  }

  destroy(): void {
    this.#callOffLook()
    for (const worker of this.all) worker.destroy()
  }

  #lookLater(): void {
    this.#callOffLook()
    this.#callOffLook = this.#host.clock.after(this.#lookEveryMs, () => {
      void this.look()
      this.#lookLater()
    })
  }

  #living(): Families[] {
    return this.all.flatMap(({ report }) =>
      report === undefined ? [] : parseExposition(report.metrics),
    )
  }

  #retire(report: messages.Report | undefined): void {
    if (report === undefined) return
    const living = this.#living()
    const known = endpointsIn(mergeFamilies(living))
    // Where nobody is left to say which endpoints there are, none is forgotten.
    const isKnown = living.length === 0 ? () => true : (endpoint: string) => known.has(endpoint)
    const all = mergeFamilies([this.#retired, parseExposition(report.metrics)])
    this.#retired = retire(all, isKnown)
  }
}

interface Asked<Value> {
  readonly worker: SupervisedWorker
  readonly answer: Promise<Answer<Value>>
}

async function gather<Value>(asked: readonly Asked<Value>[]): Promise<Poll<Value>> {
  const answered: Answered<Value>[] = []
  const refused: Answered<string>[] = []
  const silent: number[] = []
  for (const { worker, answer } of asked) {
    const found = await answer
    if (found.kind === 'answered') answered.push({ worker: worker.number, value: found.value })
    else if (found.kind === 'refused') refused.push({ worker: worker.number, value: found.problem })
    else if (found.kind === 'silent') silent.push(worker.number)
  }
  return { answered, refused, silent }
}
