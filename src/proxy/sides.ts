/**
 * The two sides of a session, joined: what one sends goes to the other.
 */
import type { ByteStream } from '../core/byte-stream.ts'
import type { Clock } from '../core/clock.ts'
import type { Pool } from '../upstream/pool.ts'
import type { Directions } from './framing.ts'
import type { Route } from './route.ts'
import type { SideEvents, SideOptions } from './side-parts.ts'
import { Side } from './side.ts'
import { throttleFor } from './throttle.ts'
import { isTimed } from './watch.ts'

/** What the sides are told by. */
interface Told {
  readonly route: Route
  readonly pool: Pool
  readonly events: SideEvents<Side>
  readonly clock: Clock
}

export interface SidesOptions extends Told {
  readonly client: ByteStream
  readonly upstream: ByteStream
  readonly directions: Directions
  /** Whether another server may come in place of this one. */
  readonly mayMove: boolean
}

export interface Sides {
  readonly client: Side
  readonly upstream: Side
}

export function joinSides(options: SidesOptions): Sides {
  const { route, pool } = options
  const { inbound, outbound } = options.directions
  const shared = sideOptions(options)
  const throttle = throttleFor(route.config.limits, options.clock.now())
  const toClient = { stream: options.client, direction: inbound, throttle }
  const client = new Side('client', toClient, shared)
  const holdBytes = options.mayMove ? pool.options.failover.holdBytes : undefined
  const toUpstream = { stream: options.upstream, direction: outbound, holdBytes }
  const upstream = new Side('upstream', toUpstream, shared)
  client.join(upstream)
  upstream.join(client)
  return { client, upstream }
}

/** Both go by what their route and upstream say now. */
export function followRoute({ client, upstream }: Sides, told: Told): void {
  const shared = sideOptions(told)
  client.follow(shared, told.route.config.limits)
  upstream.follow(shared, unlimited)
}

const unlimited = { messages: undefined, bytes: undefined }

function sideOptions({ route, pool, events, clock }: Told): SideOptions<Side> {
  const { limits, timeout } = route.config
  return {
    events,
    pendingBytes: limits.pendingBytes,
    sendTimeoutMs: timeout.sendMs,
    isTimed: isTimed(route) || pool.options.health?.movesSessions === true,
    clock,
  }
}
