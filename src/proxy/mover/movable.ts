/**
 * A session as whoever moves sessions sees it, and what they are lent.
 */
import type { Clock } from '../../core/clock.ts'
import type { GatewayEvent, MoveCause, UpstreamEvent } from '../../core/events.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'
import type { Pool } from '../../upstream/pool.ts'

export interface Movable {
  readonly id: string
  readonly pool: Pool
  /** Where it is; while it is without a server, where it was. */
  readonly endpoint: Endpoint
  /** It is without a server: `endpoint` counts it no more. */
  readonly isBetween: boolean
  /** When its server was last heard of, by the clock; known where `health.move` is on. */
  readonly heardAtMs: number
  /** Its failover lets it, it is open, and it is not on its way already. */
  readonly isMovable: boolean
  /**
   * Where it would be sent if it came anew: `pool.placeOf` of its request. Asked of many in a row.
   * @returns undefined if it may as well stay.
   */
  placeNow(): Endpoint | undefined
  /**
   * Moves it in order, without loss for a server that answers within `drain.settle`.
   * @param to where; undefined: by the balancer, to another endpoint than its own.
   * @returns false if it stays for now, or is over.
   */
  move(cause: MoveCause, to?: Endpoint): Promise<boolean>
  /** Gives its server up, as one that hangs, and goes on at another. */
  failOver(cause: MoveCause, detail: string): void
}

/** For the sessions of one upstream. */
export interface MovingHost {
  readonly pool: Pool
  /** Those that are open, of other upstreams too, the oldest first. It may change while it is walked over. */
  readonly sessions: () => Iterable<Movable>
  readonly clock: Clock
  readonly emit: (event: UpstreamEvent | Extract<GatewayEvent, { type: 'mistake' }>) => void
}
