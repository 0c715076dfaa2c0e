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
import { systemClock } from '../../core/clock.ts'
import type { Operations } from '../../core/operations.ts'
import type { Place } from '../../core/place.ts'
import type { Prepared, ReloadChange } from '../../core/reload.ts'
import type { GatewayState } from '../../gateway.ts'
import {
  assignSockets,
  takeInheritedSockets,
  type InheritedSocket,
} from '../../net/inherited-sockets.ts'
import { AdminChanges } from './admin-changes.ts'
import type { LoadedConfig } from '../config/config-source.ts'
import type { Estate, Instance, InstanceParts } from '../instance.ts'
import { nameWorkers } from './merge/answered.ts'
import { mergeReloadChanges } from './merge/reload-changes.ts'
import { ownProgram } from '../own-program.ts'
import { answersOf } from './supervisor-answers.ts'
import { anyPorts, claimPorts, placeOf, type SharedPort } from './ports.ts'
import type { Revision, WorkerStart } from './messages.ts'
import { passedOn, spawnWorker } from './worker-process.ts'
import { Workers } from './workers.ts'

export interface SupervisorParts extends InstanceParts {
  /** What starts this program, without its arguments. */
  readonly command?: readonly string[]
}

/** To read a configuration with its certificates and plugins, on a machine that is busy. */
const prepareMs = 10_000
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
  /** Of those that it was started with, or given, the ones that listeners take. */
  #sockets: readonly InheritedSocket[]
  readonly #workers: Workers
  readonly #changes = new AdminChanges()
  #state: GatewayState = 'starting'
  #config: Config
  #revision: Revision
  #ports: readonly SharedPort[] = []
  #left: Promise<void> | undefined

  constructor(parts: SupervisorParts) {
    const { loaded, estate, emit, metrics, command = ownProgram } = parts
    const { config } = loaded
    this.#parts = parts
    this.#config = config
    this.#revision = revisionOf(loaded, {})
    this.#ownSecret = estate?.secret ?? randomBytes(32).toString('base64url')
    this.#sockets = estate?.sockets ?? takeInheritedSockets(process.env, process.pid)
    this.#workers = new Workers(config.workers, {
      clock: systemClock,
      emit,
      metrics,
      spawn: (_, events) => spawnWorker(command, this.#sockets, events),
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

  get places(): readonly Place[] {
    return this.#ports.map(({ listener, port }) => ({ ...listener, port }))
  }

  async start(): Promise<void> {
    const { listeners } = this.#config
    const inherited = assignSockets(this.#sockets, listeners)
    this.#sockets = [...inherited.values()]
    this.#ports = this.#claim(listeners, inherited)
    this.#revision = { ...this.#revision, ports: anyPorts(this.#ports) }
    const problem = await this.#workers.start()
    if (problem !== undefined) {
      this.destroy()
      throw new Error(problem)
    }
    if (this.#state === 'starting') this.#state = 'ready'
  }

  async prepare(
    loaded: LoadedConfig,
  ): Promise<Prepared & { readonly changes: readonly ReloadChange[] }> {
    const ports = this.#claim(loaded.config.listeners)
    const revision = revisionOf(loaded, anyPorts(ports))
    const asked = this.#pids()
    const options = { deadlineMs: prepareMs, isOrder: true }
    const poll = await this.#workers.ask('prepare', revision, options)
    const abandon = () => void this.#workers.ask('abandon', undefined, { isOrder: true })
    const fault = poll.refused[0]?.value ?? silenceFault(poll.silent)
    if (fault !== undefined) {
      abandon()
      throw new Error(fault)
    }
    return {
      changes: mergeReloadChanges(poll.answered.map(({ value }) => value)),
      abandon,
      commit: () => {
        this.#config = loaded.config
        this.#revision = revision
        this.#ports = ports
        void this.#workers.ask('commit', undefined, { isOrder: true })
        this.#bringUp(asked)
      },
    }
  }

  async foresee(loaded: LoadedConfig): Promise<readonly ReloadChange[]> {
    const revision = revisionOf(loaded, anyPorts(this.#ports))
    const poll = await this.#workers.ask('foresee', revision, { deadlineMs: prepareMs })
    const fault = poll.refused[0]?.value ?? silenceFault(poll.silent)
    if (fault !== undefined) throw new Error(fault)
    return mergeReloadChanges(poll.answered.map(({ value }) => value))
  }

  estate(): Omit<Estate, 'pid'> {
    const own = this.#ports.filter(({ isInherited }) => !isInherited)
    const secret = this.#config.secret ?? this.#ownSecret
    return { secret, sockets: this.#sockets, shared: own.map(placeOf) }
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
    await this.#workers.leave(options, (options.isTakenOver ? 0 : delayMs) + windowMs + lastWordsMs)
    this.#state = 'left'
    emit({ type: 'left' })
  }

  #startOf(worker: number): WorkerStart {
    return {
      ...this.#revision,
      worker,
      secret: this.#ownSecret,
      sockets: passedOn(this.#sockets),
      changes: this.#changes.all,
    }
  }

  #claim(
    listeners: Config['listeners'],
    inherited: ReadonlyMap<string, InheritedSocket> = new Map(),
  ): readonly SharedPort[] {
    const isShared = (place: string) => this.#parts.estate?.shared.includes(place) === true
    return claimPorts(listeners, { inherited, before: this.#ports, isShared })
  }

  #pids(): ReadonlySet<number | undefined> {
    return new Set(this.#workers.all.map(({ pid }) => pid))
  }

  /** Those that were started while the others made ready, and so with what was before. */
  #bringUp(prepared: ReadonlySet<number | undefined>): void {
    for (const worker of this.#workers.all) {
      const { pid } = worker
      if (pid === undefined || prepared.has(pid)) continue
      const options = { deadlineMs: prepareMs, isOrder: true }
      void worker.ask('prepare', this.#revision, options).then(({ kind }) => {
        if (kind === 'answered') void worker.ask('commit', undefined, { isOrder: true })
        else if (worker.pid === pid) worker.replace('is started anew, with the new configuration')
      })
    }
  }
}

function revisionOf({ written }: LoadedConfig, ports: Revision['ports']): Revision {
  if (written === undefined) throw new Error('Several processes want a configuration file')
  return { ...written, ports }
}

function silenceFault(silent: readonly number[]): string | undefined {
  if (silent.length === 0) return undefined
  const verb = silent.length === 1 ? 'does' : 'do'
  return `${nameWorkers(silent)} ${verb} not answer: nothing is changed; one that does not answer for long is started anew`
}
