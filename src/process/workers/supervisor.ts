/**
 * A gateway of several processes: a supervisor that accepts nobody, and workers that share the ports.
 *
 * Invariant: all workers run with the same configuration. One that is started later is given what was taken last,
 * and what administrators have changed since; a configuration is taken by all of them or by none.
 */
import { randomBytes } from 'node:crypto'
import type { AdminAccess } from '../../admin/guard.ts'
import { operationAnswers } from '../../admin/operation-answers.ts'
import { createPaths } from '../../admin/paths.ts'
import type { Config } from '../../config/config.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import type { Operations } from '../../core/operations.ts'
import type { ReloadChange } from '../../core/reload.ts'
import type { GatewayState } from '../../gateway.ts'
import {
  assignSockets,
  closeUnassigned,
  takeInheritedSockets,
  type InheritedSocket,
} from '../../net/inherited-sockets.ts'
import { AdminChanges } from './admin-changes.ts'
import type { LoadedConfig } from '../config/config-source.ts'
import type { Estate, Instance, InstanceParts, PreparedInstance } from '../instance.ts'
import { nameWorkers } from './merge/answered.ts'
import { mergeReloadChanges } from './merge/reload-changes.ts'
import { ownProgram } from '../own-program.ts'
import { answersOf } from './supervisor-answers.ts'
import { anyPorts, claimPorts, closeDropped, placeOf, socketsOf, type SharedPort } from './ports.ts'
import type { Revision, WorkerStart } from './messages.ts'
import type { SupervisedWorker, WorkerEvents, WorkerProcess } from './supervised-worker.ts'
import { passedOn, spawnWorker } from './worker-process.ts'
import { Workers } from './workers.ts'

export interface SupervisorParts extends InstanceParts {
  /** Starts a worker that has these sockets; by default this program as one. */
  readonly spawn?: (sockets: readonly InheritedSocket[], events: WorkerEvents) => WorkerProcess
  readonly clock?: Clock
}

/** To read a configuration with its certificates and plugins, on a machine that is busy. */
const prepareMs = 10_000
const prepareOrder = { deadlineMs: prepareMs, isOrder: true }
/** What a gateway takes beyond the window until it cuts what is left. */
const lastWordsMs = 5_000

/** @throws Error with a sentence if a socket that it was started with is none. */
export function createSupervisor(parts: SupervisorParts): Instance {
  return new WorkerSupervisor(parts)
}

class WorkerSupervisor implements Instance {
  readonly #parts: SupervisorParts
  /** Where the file says nothing. */
  readonly #ownSecret: string
  /** That it was started with, or given. */
  readonly #inherited: readonly InheritedSocket[]
  readonly #workers: Workers
  readonly #changes = new AdminChanges()
  #state: GatewayState = 'starting'
  #config: Config
  #revision: Revision
  #lastNumber = 0
  #ports: readonly SharedPort[] = []
  #left: Promise<void> | undefined

  constructor(parts: SupervisorParts) {
    const { loaded, estate, emit, metrics, spawn = spawnOwn, clock = systemClock } = parts
    const { config } = loaded
    this.#parts = parts
    this.#config = config
    this.#revision = this.#revisionOf(loaded, [])
    this.#ownSecret = estate?.secret ?? randomBytes(32).toString('base64url')
    this.#inherited = estate?.sockets ?? takeInheritedSockets(process.env, process.pid)
    this.#workers = new Workers(config.workers, {
      clock,
      emit,
      metrics,
      spawn: (_, events) => spawn(socketsOf(this.#ports), events),
      startOf: (worker) => this.#startOf(worker),
      mayRestart: () => this.#state === 'ready',
      onAllLost: () => parts.onLost(),
    })
  }

  get state(): GatewayState {
    return this.#state
  }

  get sessions(): number {
    return this.#workers.sessions
  }

  get ports(): readonly number[] {
    return this.#ports.filter(({ listener }) => listener.unix === undefined).map(({ port }) => port)
  }

  async start(): Promise<void> {
    const { listeners } = this.#config
    const assigned = assignSockets(this.#inherited, listeners)
    closeUnassigned(this.#inherited, assigned)
    this.#ports = this.#claim(listeners, assigned)
    this.#revision = { ...this.#revision, ports: anyPorts(this.#ports) }
    const problem = await this.#workers.start()
    if (problem !== undefined) {
      this.destroy()
      throw new Error(problem)
    }
    if (this.#state === 'starting') this.#state = 'ready'
  }

  async prepare(loaded: LoadedConfig): Promise<PreparedInstance> {
    const ports = this.#claim(loaded.config.listeners)
    const revision = this.#revisionOf(loaded, ports)
    const asked = this.#pids()
    const poll = await this.#workers.ask('prepare', revision, prepareOrder)
    const abandon = () => void this.#workers.ask('abandon', revision.number, { isOrder: true })
    const fault = poll.refused[0]?.value ?? silenceFault(poll.silent)
    if (fault !== undefined) {
      abandon()
      throw new Error(fault)
    }
    return {
      changes: mergeReloadChanges(poll.answered.map(({ value }) => value)),
      abandon,
      commit: () => {
        this.#changes.follow(this.#config, loaded.config)
        this.#config = loaded.config
        this.#revision = revision
        closeDropped(this.#ports, ports)
        this.#ports = ports
        return this.#commit(asked)
      },
    }
  }

  async foresee(loaded: LoadedConfig): Promise<readonly ReloadChange[]> {
    const revision = this.#revisionOf(loaded, this.#ports)
    const poll = await this.#workers.ask('foresee', revision, { deadlineMs: prepareMs })
    const fault = poll.refused[0]?.value ?? silenceFault(poll.silent)
    if (fault !== undefined) throw new Error(fault)
    return mergeReloadChanges(poll.answered.map(({ value }) => value))
  }

  estate(): Omit<Estate, 'pid'> {
    const own = this.#ports.filter(({ socket }) => socket === undefined)
    const secret = this.#config.secret ?? this.#ownSecret
    return { secret, sockets: socketsOf(this.#ports), shared: own.map(placeOf) }
  }

  answers(
    operations: Operations,
    access: () => AdminAccess,
  ): (request: Request) => Response | Promise<Response> {
    const subject = {
      workers: this.#workers,
      changes: this.#changes,
      state: () => this.#state,
    }
    return createPaths({ ...answersOf(subject), ...operationAnswers(operations) }, access)
  }

  leave(options = { isTakenOver: false }): Promise<void> {
    this.#left ??= this.#leaveInOrder(options)
    return this.#left
  }

  destroy(): void {
    this.#state = 'left'
    this.#workers.destroy()
  }

  async #leaveInOrder(options: { readonly isTakenOver: boolean }): Promise<void> {
    const { emit } = this.#parts
    const { delayMs, windowMs } = this.#config.leave
    this.#state = 'leaving'
    emit({ type: 'leaving', sessions: this.sessions })
    // Once the workers have let go of theirs, nobody is to wait in what this process holds.
    closeDropped(this.#ports, [])
    this.#ports = []
    await this.#workers.leave(options, (options.isTakenOver ? 0 : delayMs) + windowMs + lastWordsMs)
    this.#state = 'left'
    emit({ type: 'left' })
  }

  #startOf(worker: number): WorkerStart {
    return {
      ...this.#revision,
      worker,
      secret: this.#ownSecret,
      sockets: passedOn(this.#ports),
      changes: this.#changes.all,
    }
  }

  #claim(
    listeners: Config['listeners'],
    inherited: ReadonlyMap<string, InheritedSocket> = new Map(),
  ): readonly SharedPort[] {
    const { isShared } = this.#parts
    return claimPorts(listeners, { inherited, before: this.#ports, isShared })
  }

  #pids(): ReadonlySet<number | undefined> {
    return new Set(this.#workers.all.map(({ pid }) => pid))
  }

  /** Resolves when every worker has taken what counts now, or is started anew to do so. */
  async #commit(prepared: ReadonlySet<number | undefined>): Promise<void> {
    await Promise.all(
      this.#workers.all.map((worker) => this.#commitIn(worker, prepared.has(worker.pid))),
    )
  }

  /** @param isPrepared it is not where the worker was started while the others made ready, with what was before. */
  async #commitIn(worker: SupervisedWorker, isPrepared: boolean): Promise<void> {
    const { pid } = worker
    // It is about to be started, with what counts now.
    if (pid === undefined) return
    const revision = this.#revision
    // Both at once, so that nothing comes between them.
    const answers = await Promise.all([
      isPrepared ? undefined : worker.ask('prepare', revision, prepareOrder),
      worker.ask('commit', revision.number, prepareOrder),
    ])
    // One that is silent takes what is prepared as soon as it hears.
    const failed = answers.find(
      (answer) => answer?.kind === 'refused' || (answer?.kind === 'silent' && !isPrepared),
    )
    if (failed === undefined || worker.pid !== pid) return
    const problem = 'problem' in failed ? failed.problem : 'it does not answer'
    worker.replace(`cannot take the new configuration: ${problem}`)
  }

  #revisionOf({ written }: LoadedConfig, ports: readonly SharedPort[]): Revision {
    if (written === undefined) throw new Error('Several processes want a configuration file')
    return { ...written, number: ++this.#lastNumber, ports: anyPorts(ports) }
  }
}

function spawnOwn(sockets: readonly InheritedSocket[], events: WorkerEvents): WorkerProcess {
  return spawnWorker(ownProgram, sockets, events)
}

function silenceFault(silent: readonly number[]): string | undefined {
  if (silent.length === 0) return undefined
  const verb = silent.length === 1 ? 'does' : 'do'
  return `${nameWorkers(silent)} ${verb} not answer: nothing is changed; one that does not answer for long is started anew`
}
