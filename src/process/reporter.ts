/**
 * What a process tells of itself: its log on standard output, and its metrics.
 */
import { fstatSync, writeSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Emit } from '../core/events.ts'
import { createLineWriter, pipePieceBytes } from '../telemetry/line-writer.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'

export interface Reporter {
  readonly emit: Emit
  readonly metrics: Metrics
  /** From the next event on. */
  configure(options: Config['log']): void
}

/**
 * One a process: it writes to its standard output until it ends, which may be that of others, too.
 *
 * @param worker which of several processes this is; undefined for the one that tells of the gateway as a whole.
 */
export function createReporter(options: Config['log'], worker?: number): Reporter {
  // A file takes each write whole.
  const pieceBytes = fstatSync(1).isFile() ? Infinity : pipePieceBytes
  const lines = createLineWriter((bytes) => writeSync(1, bytes), pieceBytes)
  process.on('exit', lines.flush)
  const metrics = createMetrics({ isWorker: worker !== undefined })
  const logFor = ({
    level,
    format = process.stdout.isTTY ? 'pretty' : 'json',
  }: Config['log']): Emit => createLog({ level, format, write: lines.write, worker })
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
