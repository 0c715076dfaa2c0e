/**
 * What a process can be told to do, and in which state: reloads one after the other, one upgrade at a time,
 * and an end that nothing delays.
 */
import type { Operations, UpgradeStep } from '../core/operations.ts'
import type { ReloadResult } from '../core/reload.ts'
import type { ConfigWatch } from './config/config-watch.ts'
import type { LoadedConfig } from './config/config-source.ts'
import { ReloadQueue } from './config/reload-queue.ts'
import {
  startSuccessor,
  type Outcome,
  type Successor,
  type SuccessorOptions,
} from './upgrade/successor.ts'
import type { Systemd } from './systemd.ts'
import { takeConfig, tryConfig, type ConfigTakers } from './config/take-config.ts'
import { UpgradeProgress } from './upgrade/progress.ts'

type Program = Pick<SuccessorOptions, 'command' | 'deadlineMs'>

export interface OperationParts extends ConfigTakers {
  readonly systemd: Systemd
  /** undefined: files are not watched. */
  readonly watch: Pick<ConfigWatch, 'follow' | 'pause' | 'resume'> | undefined
  /** What starts this program anew, or why it cannot be, as a sentence. */
  readonly program: Program | string
}

const progressEveryMs = 1_000

/** What is refused in each state but `serving`, with the reason. */
const busy = {
  starting: 'the gateway is starting',
  upgrading: 'an upgrade is under way',
  leaving: 'the gateway is leaving',
} as const

const noReload = (state: keyof typeof busy) =>
  `${busy[state]}: its configuration cannot be changed now`
const toldToLeave = 'the gateway was told to leave meanwhile'

export class ProcessOperations implements Operations {
  readonly #parts: OperationParts
  readonly #reloads = new ReloadQueue((options) => this.#reload(options))
  readonly #left = Promise.withResolvers<void>()
  #state: keyof typeof busy | 'serving' = 'starting'
  /** From outside; it also leaves where another process takes over. */
  #isToldToLeave = false
  #successor: Successor | undefined

  constructor(parts: OperationParts) {
    this.#parts = parts
  }

  /** Resolves when the instance has left, or serves no more. */
  get left(): Promise<void> {
    return this.#left.promise
  }

  /** Neither serves nor was told to leave. */
  get isStarting(): boolean {
    return this.#state === 'starting'
  }

  /** The instance serves. @returns false where it was told to leave before. */
  begin(loaded: LoadedConfig): boolean {
    if (this.#state !== 'starting') return false
    this.#state = 'serving'
    this.#parts.watch?.follow(loaded)
    return true
  }

  reload(options: { readonly isDryRun: boolean }): Promise<ReloadResult> {
    return this.#reloads.add(options)
  }

  upgrade(): AsyncIterable<UpgradeStep> | string {
    const { program } = this.#parts
    if (this.#state !== 'serving') return `${busy[this.#state]}: no other process can take over now`
    if (typeof program === 'string') return program
    this.#state = 'upgrading'
    const progress = new UpgradeProgress()
    void this.#upgrade(program, progress).catch((error: unknown) => this.#mistake(error))
    return progress
  }

  /** Leaves in order; told so a second time, it cuts. */
  leave(): void {
    const { instance, systemd } = this.#parts
    if (this.#isToldToLeave) return instance.destroy()
    this.#isToldToLeave = true
    // Another process has taken over: whoever stops the service tells both, and this one goes on leaving.
    if (this.#state === 'leaving') return
    systemd.stopping()
    if (this.#state === 'starting') {
      this.#state = 'leaving'
      instance.destroy()
      return this.#left.resolve()
    }
    this.#successor?.callOff(toldToLeave)
    void this.#leave({ isTakenOver: false }).catch((error: unknown) => this.#mistake(error))
  }

  async #reload({ isDryRun }: { readonly isDryRun: boolean }): Promise<ReloadResult> {
    const { reporter, systemd, watch } = this.#parts
    const problem = this.#state === 'serving' ? undefined : noReload(this.#state)
    if (problem !== undefined) {
      if (!isDryRun) reporter.emit({ type: 'reload-refused', problem })
      return { outcome: 'refused', problem }
    }
    try {
      if (isDryRun) return await tryConfig(this.#parts)
      systemd.reloading()
      const { result, loaded } = await takeConfig(this.#parts, () =>
        this.#isLeaving() ? noReload('leaving') : undefined,
      )
      if (loaded !== undefined && this.#isServing()) watch?.follow(loaded)
      return result
    } catch (error) {
      this.#mistake(error)
      return { outcome: 'refused', problem: 'the gateway made a mistake, which its log tells' }
    } finally {
      // Also where an upgrade waits for its end, and may fail. Who leaves has said so.
      if (!isDryRun && !this.#isLeaving()) systemd.ready()
    }
  }

  /** Goes on by itself, whether or not anybody reads how. */
  async #upgrade(options: Program, progress: UpgradeProgress): Promise<void> {
    this.#parts.watch?.pause()
    await this.#reloads.idle
    const outcome = await this.#raise(options, progress)
    if (outcome.isReady) await this.#yield(outcome.version, progress)
    else this.#goOn(outcome.problem, progress)
    progress.end()
  }

  async #raise(options: Program, progress: UpgradeProgress): Promise<Outcome> {
    if (this.#state !== 'upgrading') return { isReady: false, problem: toldToLeave }
    const { instance, admin, reporter } = this.#parts
    const estate = instance.estate()
    const shared = [...estate.shared, ...admin.places]
    try {
      this.#successor = startSuccessor({
        ...options,
        estate: { ...estate, shared, pid: process.pid },
      })
    } catch (error) {
      return { isReady: false, problem: error instanceof Error ? error.message : String(error) }
    }
    const { pid, outcome } = this.#successor
    reporter.emit({ type: 'upgrade-started', pid })
    progress.tell({ step: 'started', pid })
    return outcome
  }

  /** The other one serves. First of all this one accepts nobody any more. */
  async #yield(version: string, progress: UpgradeProgress): Promise<void> {
    const { instance, admin, reporter, systemd } = this.#parts
    const successor = this.#successor
    if (successor === undefined) return
    const { pid } = successor
    const { sessions } = instance
    reporter.emit({ type: 'upgrade-ready', pid, version, sessions })
    progress.tell({ step: 'ready', pid, version, sessions })
    const left = this.#leave({ isTakenOver: true }, progress)
    admin.leave()
    systemd.handOver(pid)
    successor.yield()
    await left
    progress.tell({ step: 'left' })
  }

  /** The other one does not serve. */
  #goOn(problem: string, progress: UpgradeProgress): void {
    this.#successor = undefined
    this.#parts.reporter.emit({ type: 'upgrade-failed', problem })
    progress.tell({ step: 'failed', problem })
    if (this.#state !== 'upgrading') return
    this.#state = 'serving'
    this.#parts.watch?.resume()
  }

  async #leave(
    options: { readonly isTakenOver: boolean },
    progress?: UpgradeProgress,
  ): Promise<void> {
    const { instance, systemd, watch } = this.#parts
    this.#state = 'leaving'
    watch?.pause()
    const telling = setInterval(() => {
      const { sessions } = instance
      systemd.status(`Leaving: ${sessions} sessions are left`)
      progress?.tell({ step: 'leaving', sessions })
    }, progressEveryMs)
    try {
      await instance.leave(options)
    } finally {
      clearInterval(telling)
      this.#left.resolve()
    }
  }

  /** Asked anew after each wait: meanwhile it may have been told something else. */
  #isServing(): boolean {
    return this.#state === 'serving'
  }

  #isLeaving(): boolean {
    return this.#state === 'leaving'
  }

  #mistake(error: unknown): void {
    this.#parts.reporter.emit({ type: 'mistake', error })
  }
}
