/**
 * What a process tells of itself: its log on standard output, and its metrics.
 */
import { writeSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Emit } from '../core/events.ts'
import { createLineWriter } from '../telemetry/line-writer.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'

export interface Reporter {
  readonly emit: Emit
  readonly metrics: Metrics
  /** From the next event on. */
  configure(options: Config['log']): void
}

/** One a process: it writes to its standard output until it ends. */
export function createReporter(options: Config['log']): Reporter {
  const lines = createLineWriter((bytes) => writeSync(1, bytes))
  process.on('exit', lines.flush)
  const metrics = createMetrics()
  const logFor = ({
    level,
    format = process.stdout.isTTY ? 'pretty' : 'json',
  }: Config['log']): Emit => createLog({ level, format, write: lines.write })
  let log = logFor(options)
  return {
    emit(event) {
      metrics.emit(event)
      log(event)
    },
    metrics,
    configure(changed) {
      log = logFor(changed)
    },
  }
}
