/**
 * What metrics tell of a gateway as a whole: whether its configuration was taken, whether others could take
 * over, and how its workers are.
 *
 * Invariant: where there are workers, their supervisor counts this and they do not, so that it is there once.
 */
import type { GatewayEvent } from '../core/events.ts'
import type { Exposition } from './exposition.ts'
import { Series } from './series.ts'

/** `restarting` waits to be started again. `given-up` is not. */
type WorkerState = 'ready' | 'restarting' | 'given-up'

export class OperationsMetrics {
  readonly #reloads = new Series()
  #isLastReloadTaken = true
  /** What the gateway was started with was taken too. */
  #takenAtSeconds = Date.now() / 1000
  #upgradeFailures = 0
  /** By the number of each worker; empty where there are none. */
  readonly #workers = new Map<number, WorkerState>()
  readonly #losses = new Series()

  constructor() {
    // Counters that are there from the start: else their first increase is not seen as one.
    this.#reloads.add({ result: 'applied' }, 0)
    this.#reloads.add({ result: 'refused' }, 0)
  }

  count(event: GatewayEvent): void {
    switch (event.type) {
      case 'reloaded':
        this.#reloads.add({ result: 'applied' })
        this.#isLastReloadTaken = true
        this.#takenAtSeconds = Date.now() / 1000
        return
      case 'reload-refused':
        this.#reloads.add({ result: 'refused' })
        this.#isLastReloadTaken = false
        return
      case 'upgrade-failed':
        this.#upgradeFailures++
        return
      case 'worker-ready':
        this.#workers.set(event.worker, 'ready')
        return this.#losses.add({}, 0)
      case 'worker-lost': {
        const isRestarted = event.restartsInMs !== undefined
        this.#workers.set(event.worker, isRestarted ? 'restarting' : 'given-up')
        return this.#losses.add({})
      }
      default:
    }
  }

  expose(exposition: Exposition): void {
    exposition.counter(
      'sluice_reloads_total',
      'How often the configuration was taken anew, or refused.',
      this.#reloads,
    )
    exposition.gauge(
      'sluice_config_last_reload_successful',
      'Whether the last configuration that was to be taken was.',
      this.#isLastReloadTaken ? 1 : 0,
    )
    exposition.gauge(
      'sluice_config_last_reload_success_timestamp_seconds',
      'When a configuration was last taken, at the start or since.',
      this.#takenAtSeconds,
    )
    exposition.counter(
      'sluice_upgrade_failures_total',
      'How often a new process was to take over and could not.',
      this.#upgradeFailures,
    )
    exposition.gauge(
      'sluice_workers',
      'Worker processes, by whether they serve; none where the gateway is one process.',
      this.#byState(),
    )
    exposition.counter(
      'sluice_worker_losses_total',
      'How often a worker process has ended, or was ended, without having been told to leave.',
      this.#losses,
    )
  }

  /** Each state from the first worker on, so that an alert sees it change. */
  #byState(): Series {
    const series = new Series()
    if (this.#workers.size === 0) return series
    for (const state of ['ready', 'restarting', 'given-up'] satisfies WorkerState[])
      series.add({ state }, 0)
    for (const state of this.#workers.values()) series.add({ state })
    return series
  }
}
