/**
 * What a supervisor adds to the metrics of its workers: what is of the gateway as a whole, its own process, and
 * who does not answer.
 */
import { Exposition } from '../../telemetry/exposition.ts'
import { parseExposition, type Families } from '../../telemetry/exposition-merge.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { GatewayReading } from '../../telemetry/reading.ts'

/** Nobody is connected to a supervisor. */
const nothing: GatewayReading = {
  compression: {
    usedBytes: 0,
    limitBytes: 0,
    refusals: 0,
    deflatedMessages: 0,
    reusedMessages: 0,
    plainBytes: 0,
    deflatedBytes: 0,
    inflatedMessages: 0,
  },
  listeners: [],
  routes: [],
  upstreams: [],
  endpoints: [],
}

/** @param silent how many workers do not answer. */
export function readSupervisor(metrics: Metrics, silent: number): Families {
  const exposition = new Exposition()
  exposition.gauge(
    'sluice_workers_silent',
    'Workers that do not answer at this moment; they are told of as they were seen last.',
    silent,
  )
  const families = parseExposition(metrics.expose(nothing) + exposition.toString())
  // It takes no client, so what it could hold is no room for any.
  families.delete('sluice_sockets_max')
  return families
}
