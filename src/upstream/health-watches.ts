/**
 * The endpoints of one upstream are asked for their health, each for as long as it is there.
 */
import type { Clock } from '../core/clock.ts'
import type { Configured } from '../core/extension.ts'
import type { HealthCheck } from '../core/health-check.ts'
import type { EndpointTimes } from './dialer.ts'
import type { Endpoint } from './endpoint.ts'
import { watchHealth } from './health-monitor.ts'

/** Many endpoints are first asked a few at a time. */
const firstCheckEveryMs = 5

export interface HealthOptions {
  readonly check: Configured<HealthCheck>
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly healthy: number
  readonly unhealthy: number
  readonly movesSessions: boolean
}

/** May change: what is begun after that goes by it. */
export interface HealthSettings {
  readonly options: {
    readonly health: HealthOptions | undefined
    readonly timeout: EndpointTimes
  }
  /** undefined: nobody is asked. */
  readonly check: HealthCheck | undefined
}

export class HealthWatches {
  readonly #settings: HealthSettings
  readonly #host: { readonly clock: Clock; readonly random: () => number }
  /** What ends the watch of each. */
  readonly #stops = new Map<Endpoint, () => void>()

  constructor(
    settings: HealthSettings,
    host: { readonly clock: Clock; readonly random: () => number },
  ) {
    this.#settings = settings
    this.#host = host
  }

  /** Of each one anew, a few at a time. */
  begin(endpoints: Iterable<Endpoint>): void {
    let firstDelayMs = 0
    for (const endpoint of endpoints) {
      this.end(endpoint)
      this.#watch(endpoint, firstDelayMs)
      firstDelayMs += firstCheckEveryMs
    }
  }

  end(endpoint: Endpoint): void {
    this.#stops.get(endpoint)?.()
    this.#stops.delete(endpoint)
  }

  #watch(endpoint: Endpoint, firstDelayMs: number): void {
    const { check, options } = this.#settings
    const { health } = options
    if (check === undefined || health === undefined) return
    const { intervalMs, timeoutMs } = health
    const { authority, path } = endpoint.options
    const stop = watchHealth({
      ...this.#host,
      check,
      target: {
        authority,
        path,
        // Several addresses have to share the time of the check.
        connect: (signal) =>
          endpoint.dialer.probe(signal, Math.min(timeoutMs, endpoint.dialer.timeout.connectMs)),
      },
      intervalMs,
      timeoutMs,
      firstDelayMs: Math.min(firstDelayMs, intervalMs),
      onResult: (fault, pingMs) => {
        if (pingMs !== undefined) endpoint.observe(pingMs)
        endpoint.standing.checked(fault)
      },
    })
    this.#stops.set(endpoint, stop)
  }
}
