/**
 * One place for a worker, as its supervisor sees it: the process that has it now, and the one that comes after
 * that has died.
 *
 * Invariant: whatever a process does, hang or die, its place is `ready` again or `lost` in the end, each change
 * told once.
 */
import type { WorkerStatus } from '../../admin/status.ts'
import type { Clock } from '../../core/clock.ts'
import type { Emit } from '../../core/events.ts'
import { RestartPolicy } from './restart-policy.ts'
import { WorkerChannel, type Answer, type AskOptions } from './channel.ts'
import type { Answered, Asked, Kind, Question, Reply, Report, WorkerStart } from './messages.ts'

export type WorkerState = WorkerStatus['state']

/** A process that runs. */
export interface WorkerProcess {
  readonly pid: number
  /** @throws where it has ended. */
  send(question: Question): void
  kill(): void
}

export interface WorkerEvents {
  readonly onReply: (reply: Reply) => void
  /** @param detail a clause: `killed by SIGKILL`, `exit code 1`. */
  readonly onExit: (detail: string) => void
}

export interface WorkerPlaceHost {
  readonly clock: Clock
  readonly emit: Emit
  spawn(worker: number, events: WorkerEvents): WorkerProcess
  /** What a process is told that starts at this moment. */
  startOf(worker: number): WorkerStart
  /** Whether who dies is started again. */
  mayRestart(): boolean
  /** The counts of a process that has ended. */
  onEnd(report: Report | undefined): void
  /** The place is lost. */
  onLost(): void
}

/** With hundreds of endpoints and certificates to read, on a busy machine. */
const startDeadlineMs = 30_000
/** Half of all new clients may wait for a worker that hangs, and nobody serves them. */
const hangsAfterMs = 20_000
/** Sessions have been told when the worker ends by itself; who is late is cut. */
const farewellMs = 3_000

export class SupervisedWorker {
  readonly number: number
  restarts = 0
  /** As seen last; of a process that has ended, nothing. */
  report: Report | undefined
  readonly #host: WorkerPlaceHost
  readonly #policy: RestartPolicy
  #state: Exclude<WorkerState, 'silent'> = 'restarting'
  #process: WorkerProcess | undefined
  #channel: WorkerChannel | undefined
  /** Why it is about to be killed. */
  #reason: string | undefined
  #endedBy = ''
  #isLeaving = false
  #callOffRestart = () => {}
  #callOffKill = () => {}
  readonly #ended = Promise.withResolvers<void>()

  constructor(number: number, host: WorkerPlaceHost) {
    this.number = number
    this.#host = host
    this.#policy = new RestartPolicy(host.clock)
  }

  get state(): WorkerState {
    const isSilent = this.#state === 'ready' && this.#channel?.isSilent === true
    return isSilent ? 'silent' : this.#state
  }

  /** undefined: there is no process at this moment. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Starts a process. @returns why it does not serve, as it is to be printed; undefined: it does. */
  async start(): Promise<string | undefined> {
    const process = this.#spawn()
    if (typeof process === 'string') return process
    const start = this.#host.startOf(this.number)
    const answer = await this.ask('start', start, { deadlineMs: startDeadlineMs })
    if (this.#process !== process)
      return `worker ${this.number} has ended before it served: ${this.#endedBy}`
    if (answer.kind !== 'answered') {
      const problem =
        'problem' in answer ? answer.problem : `nothing is heard of worker ${this.number}`
      this.#kill(`cannot start: ${problem}`)
      return problem
    }
    this.#state = 'ready'
    this.#host.emit({ type: 'worker-ready', worker: this.number, pid: process.pid })
    await this.look()
    return undefined
  }

  /** @returns why there is none. */
  #spawn(): WorkerProcess | string {
    this.#policy.onStart()
    this.#state = 'starting'
    try {
      const process = this.#host.spawn(this.number, {
        onReply: (reply) => channel.hear(reply),
        onExit: (detail) => this.#onExit(detail),
      })
      const channel = new WorkerChannel({
        clock: this.#host.clock,
        send: (question) => process.send(question),
        onSilence: (isSilent) => this.#onSilence(isSilent),
      })
      this.#process = process
      this.#channel = channel
      return process
    } catch (error) {
      // The system has no room for another process at this moment.
      const problem = error instanceof Error ? error.message : String(error)
      this.#onExit(problem)
      return problem
    }
  }

  ask<K extends Kind>(
    kind: K,
    asked: Asked<K>,
    options?: AskOptions,
  ): Promise<Answer<Answered<K>>> {
    return this.#channel?.ask(kind, asked, options) ?? Promise.resolve({ kind: 'gone' })
  }

  /** Asks how it is. @returns whether it has said so. */
  async look(): Promise<boolean> {
    if (this.#state !== 'ready') return false
    const process = this.#process
    const answer = await this.ask('report', undefined)
    if (answer.kind !== 'answered' || this.#process !== process) return false
    this.report = answer.value
    return true
  }

  /** It is to start with what counts now: it cannot be brought there as it is. */
  replace(reason: string): void {
    this.#kill(reason)
  }

  /** Lets it end. Resolves when there is no process any more. @param mostMs how long it may take in order. */
  async leave(options: { readonly isTakenOver: boolean }, mostMs: number): Promise<void> {
    this.#isLeaving = true
    this.#callOffRestart()
    if (this.#process === undefined) return this.#end()
    const deadlineMs = mostMs + farewellMs
    const { clock } = this.#host
    const callOff = clock.after(deadlineMs, () => this.#process?.kill())
    void this.ask('leave', options, { deadlineMs, isOrder: true })
    await this.#ended.promise
    callOff()
  }

  /** Cuts it. */
  destroy(): void {
    this.#isLeaving = true
    this.#callOffRestart()
    const process = this.#process
    if (process === undefined) return this.#end()
    void this.ask('destroy', undefined, { isOrder: true })
    this.#host.clock.after(farewellMs, () => process.kill())
  }

  #onSilence(isSilent: boolean): void {
    this.#callOffKill()
    this.#callOffKill = () => {}
    // One that starts or leaves has a deadline for that.
    if (!isSilent || this.#state !== 'ready' || this.#isLeaving) return
    this.#callOffKill = this.#host.clock.after(hangsAfterMs, () => this.#kill('does not answer'))
  }

  #kill(reason: string): void {
    this.#reason ??= reason
    this.#process?.kill()
  }

  #onExit(detail: string): void {
    const pid = this.#process?.pid ?? 0
    const reason = this.#reason ?? detail
    const { clock, emit } = this.#host
    this.#callOffKill()
    this.#channel?.end()
    this.#channel = this.#process = this.#reason = undefined
    this.#host.onEnd(this.report)
    this.report = undefined
    if (this.#isLeaving) return this.#end()
    this.#endedBy = reason
    this.#state = 'given-up'
    if (!this.#host.mayRestart()) return
    const restartsInMs = this.#policy.onDeath()
    this.#state = restartsInMs === undefined ? 'given-up' : 'restarting'
    emit({ type: 'worker-lost', worker: this.number, pid, detail: reason, restartsInMs })
    if (restartsInMs === undefined) return this.#host.onLost()
    this.#callOffRestart = clock.after(restartsInMs, () => {
      this.restarts++
      void this.start()
    })
  }

  #end(): void {
    this.#state = 'left'
    this.#ended.resolve()
  }
}
