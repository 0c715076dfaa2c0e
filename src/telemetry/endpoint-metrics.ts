/**
 * What metrics tell of upstreams and their endpoints.
 *
 * Invariant: an endpoint that was removed and has no sessions left is told of once more, so that a scraper
 * sees its last counts, and then forgotten: endpoints come and go for as long as a gateway runs.
 *
 * There may be thousands, so each has one series for its state, 1 where it takes sessions, and one for its
 * latency; which states keep the others from it, and how long dials take, is told of the upstream.
 */
import type { EndpointState, GatewayEvent } from '../core/events.ts'
import type { Exposition } from './exposition.ts'
import type { EndpointReading, GatewayReading } from './reading.ts'
import { Histogram, Series, waitSeconds, type Labels } from './series.ts'

const states: readonly EndpointState[] = ['healthy', 'unhealthy', 'ejected', 'draining']

export class EndpointMetrics {
  readonly #dialSeconds = new Histogram(waitSeconds)
  readonly #changes = new Series()
  readonly #failures = new Series()
  /** 1 for upstreams whose discovery does not work, 0 where it works again. */
  readonly #discoveryFailing = new Series()

  count(event: GatewayEvent): void {
    switch (event.type) {
      case 'session-opened':
      case 'handshake-rejected':
      case 'request-answered': {
        const { upstream = '', dialMs } = event
        if (dialMs !== undefined) this.#dialSeconds.observe({ upstream }, dialMs / 1000)
        return
      }
      case 'endpoint-changed': {
        const { upstream, endpoint, state } = event
        return this.#changes.add({ upstream, endpoint, state })
      }
      case 'attempt-failed': {
        const { upstream, endpoint, code } = event
        return this.#failures.add({ upstream, endpoint, code })
      }
      case 'discovery-failed':
        return this.#discoveryFailing.set({ upstream: event.upstream }, 1)
      case 'discovery-recovered':
        return this.#discoveryFailing.set({ upstream: event.upstream }, 0)
      default:
    }
  }

  expose(exposition: Exposition, reading: GatewayReading): void {
    exposeEndpoints(exposition, reading)
    exposeUpstreams(exposition, reading)
    exposition.counter(
      'sluice_endpoint_changes_total',
      'How often an endpoint has come into a state.',
      this.#changes,
    )
    exposition.counter(
      'sluice_attempt_failures_total',
      'Attempts at an endpoint that failed, by code or the status of its answer.',
      this.#failures,
    )
    exposition.histogram(
      'sluice_dial_duration_seconds',
      'How long it took to connect to endpoints; failed dials are in sluice_attempt_failures_total.',
      this.#dialSeconds,
    )
    exposition.gauge(
      'sluice_discovery_failing',
      'Whether the endpoints of an upstream cannot be learned; those known before stay.',
      this.#discoveryFailing,
    )
    this.#forgetOthers(reading.endpoints)
  }

  #forgetOthers(endpoints: readonly EndpointReading[]): void {
    const known = new Set(endpoints.map(keyOf))
    // The cell of what is past the bound of a series has no endpoint.
    const isKnown = ({ upstream = '', endpoint }: Labels) =>
      endpoint === undefined || known.has(keyOf({ upstream, endpoint }))
    this.#changes.keep(isKnown)
    this.#failures.keep(isKnown)
  }
}

function keyOf({ upstream, endpoint }: { upstream: string; endpoint: string }): string {
  return `${upstream} ${endpoint}`
}

function exposeEndpoints(exposition: Exposition, { endpoints }: GatewayReading): void {
  const [open, up, weights, latencies] = [new Series(), new Series(), new Series(), new Series()]
  for (const { upstream, endpoint, state, weight, latencyMs, sessions } of endpoints) {
    open.add({ upstream, endpoint }, sessions)
    if (state === 'removed') continue
    up.add({ upstream, endpoint }, state === 'healthy' ? 1 : 0)
    weights.add({ upstream, endpoint }, weight)
    if (latencyMs !== undefined) latencies.add({ upstream, endpoint }, latencyMs / 1000)
  }
  exposition.gauge('sluice_endpoint_sessions', 'Open sessions of an endpoint.', open)
  exposition.gauge('sluice_endpoint_up', 'Whether an endpoint takes new sessions: 1 or 0.', up)
  exposition.gauge('sluice_endpoint_weight', 'The weight that an endpoint has now.', weights)
  exposition.gauge(
    'sluice_endpoint_latency_seconds',
    'The moving average of the dial and ping times of an endpoint.',
    latencies,
  )
}

function exposeUpstreams(exposition: Exposition, { upstreams, endpoints }: GatewayReading): void {
  const [byState, inLine, again] = [new Series(), new Series(), new Series()]
  for (const { upstream, waiting, retries } of upstreams) {
    for (const state of states) byState.add({ upstream, state }, 0)
    inLine.add({ upstream }, waiting)
    again.add({ upstream }, retries)
  }
  for (const { upstream, state } of endpoints)
    if (state !== 'removed') byState.add({ upstream, state })
  exposition.gauge('sluice_upstream_endpoints', 'Endpoints of an upstream, by state.', byState)
  exposition.gauge(
    'sluice_queue_sessions',
    'Handshakes that wait for an endpoint with room.',
    inLine,
  )
  exposition.counter(
    'sluice_retries_total',
    'Attempts at another endpoint after one had failed.',
    again,
  )
}
