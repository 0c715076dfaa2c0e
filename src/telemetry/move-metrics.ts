/**
 * What metrics tell of sessions that go on at another server: how often and why, how long they were without
 * one, and what may have been lost meanwhile.
 *
 * Invariant: causes are a closed list, and servers are no labels: a move has two, and both come and go.
 */
import type { GatewayEvent } from '../core/events.ts'
import type { Exposition } from './exposition.ts'
import type { GatewayReading } from './reading.ts'
import { Histogram, Series } from './series.ts'

/** From a server beside the one that was lost to a `failover.wait` of a minute. */
const gapSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export class MoveMetrics {
  readonly #moves = new Series()
  readonly #failures = new Series()
  readonly #gapSeconds = new Histogram(gapSeconds)
  readonly #resent = new Series()
  readonly #unanswered = new Series()

  count(event: GatewayEvent): void {
    switch (event.type) {
      case 'session-moved': {
        const { upstream, cause } = event
        this.#moves.add({ upstream, cause })
        this.#gapSeconds.observe({ upstream, cause }, event.gapMs / 1000)
        this.#resent.add({ upstream }, event.resentMessages)
        return this.#unanswered.add({ upstream }, event.unansweredMessages)
      }
      case 'move-failed': {
        const { upstream, cause } = event
        return this.#failures.add({ upstream, cause })
      }
      default:
    }
  }

  expose(exposition: Exposition, { upstreams }: GatewayReading): void {
    const between = new Series()
    for (const { upstream, sessionsBetween } of upstreams) {
      between.add({ upstream }, sessionsBetween)
      // Counters that are there from the start: else their first increase is not seen as one.
      this.#resent.add({ upstream }, 0)
      this.#unanswered.add({ upstream }, 0)
    }
    exposition.counter(
      'sluice_session_moves_total',
      'How often a session went on at another server, by why it left the one before.',
      this.#moves,
    )
    exposition.counter(
      'sluice_move_failures_total',
      'Moves in order that did not come about: the session stays where it is.',
      this.#failures,
    )
    exposition.histogram(
      'sluice_move_gap_seconds',
      'How long a session that was moved could send nothing to a server.',
      this.#gapSeconds,
    )
    exposition.counter(
      'sluice_move_resent_messages_total',
      'Messages of clients that the old server had not got whole, and the new one was sent.',
      this.#resent,
    )
    exposition.counter(
      'sluice_move_unanswered_messages_total',
      'Messages of clients that the old server had got whole since it last sent a message: processed, or lost.',
      this.#unanswered,
    )
    exposition.gauge(
      'sluice_sessions_between',
      'Open sessions that are without a server at this moment.',
      between,
    )
  }
}
