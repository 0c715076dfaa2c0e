/**
 * What a supervisor adds to the metrics of its workers: how they are, and its own process.
 */
import { Exposition } from '../telemetry/exposition.ts'
import { exposeProcess } from '../telemetry/process-metrics.ts'
import { Series } from '../telemetry/series.ts'
import type { SupervisedWorker, WorkerState } from './supervised-worker.ts'

const states: readonly WorkerState[] = ['starting', 'ready', 'silent', 'waiting', 'lost']

export function exposeSupervisor(workers: readonly SupervisedWorker[]): string {
  const [byState, restarted] = [new Series(), new Series()]
  for (const state of states) byState.add({ state }, 0)
  for (const { number, state, restarts } of workers) {
    if (state !== 'left') byState.add({ state })
    restarted.add({ worker: String(number) }, restarts)
  }
  const exposition = new Exposition()
  exposition.gauge('sluice_workers', 'Processes that share the ports, by state.', byState)
  exposition.counter(
    'sluice_worker_restarts_total',
    'How often a worker that had died was started again.',
    restarted,
  )
  exposeProcess(exposition)
  return exposition.toString()
}
