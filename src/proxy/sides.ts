/**
 * The two sides of a session, joined: what one sends goes to the other.
 */
import type { ByteStream } from '../core/byte-stream.ts'
import type { Clock } from '../core/clock.ts'
import type { Pool } from '../upstream/pool.ts'
import type { Directions } from './framing.ts'
import type { Route } from './route.ts'
import type { SideEvents } from './side-parts.ts'
import { Side } from './side.ts'
import { Throttle } from './throttle.ts'
import { isTimed } from './watch.ts'

export interface SidesOptions {
  readonly route: Route
  readonly pool: Pool
  readonly client: ByteStream
  readonly upstream: ByteStream
  readonly directions: Directions
  readonly events: SideEvents<Side>
  readonly clock: Clock
  /** Whether another server may come in place of this one. */
  readonly mayMove: boolean
}

export interface Sides {
  readonly client: Side
  readonly upstream: Side
}

export function joinSides(options: SidesOptions): Sides {
  const { route, pool, events, clock } = options
  const { inbound, outbound } = options.directions
  const { limits, timeout } = route.config
  const shared = {
    events,
    pendingBytes: limits.pendingBytes,
    sendTimeoutMs: timeout.sendMs,
    isTimed: isTimed(route) || pool.options.health?.movesSessions === true,
    clock,
  }
  const isThrottled = limits.messages !== undefined || limits.bytes !== undefined
  const throttle = isThrottled ? new Throttle(limits, clock.now()) : undefined
  const toClient = { stream: options.client, direction: inbound, throttle }
  const client = new Side('client', toClient, shared)
  const holdBytes = options.mayMove ? pool.options.failover.holdBytes : undefined
  const toUpstream = { stream: options.upstream, direction: outbound, holdBytes }
  const upstream = new Side('upstream', toUpstream, shared)
  client.join(upstream)
  upstream.join(client)
  return { client, upstream }
}
