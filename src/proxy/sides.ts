/**
 * The two sides of a session, joined: what one sends goes to the other.
 */
import type { ByteStream } from '../core/byte-stream.ts'
import type { Clock } from '../core/clock.ts'
import type { Directions } from './framing.ts'
import type { Route } from './route.ts'
import type { SideEvents } from './side-parts.ts'
import { Side } from './side.ts'
import { Throttle } from './throttle.ts'
import { isTimed } from './watch.ts'

export interface SidesOptions {
  readonly route: Route
  readonly client: ByteStream
  readonly upstream: ByteStream
  readonly directions: Directions
  readonly events: SideEvents<Side>
  readonly clock: Clock
  /** Whether it must be known when the server was heard. */
  readonly isTimed: boolean
  /** Set where the server may be replaced by another: messages up to this are not cut by that. */
  readonly holdBytes: number | undefined
}

export interface Sides {
  readonly client: Side
  readonly upstream: Side
}

export function joinSides(options: SidesOptions): Sides {
  const { route, events, clock, holdBytes } = options
  const { inbound, outbound } = options.directions
  const { limits, timeout } = route.config
  const shared = {
    events,
    pendingBytes: limits.pendingBytes,
    sendTimeoutMs: timeout.sendMs,
    isTimed: options.isTimed || isTimed(route),
    clock,
  }
  const isThrottled = limits.messages !== undefined || limits.bytes !== undefined
  const throttle = isThrottled ? new Throttle(limits, clock.now()) : undefined
  const toClient = { stream: options.client, direction: inbound, throttle }
  const client = new Side('client', toClient, shared)
  const toUpstream = { stream: options.upstream, direction: outbound, holdBytes }
  const upstream = new Side('upstream', toUpstream, shared)
  client.join(upstream)
  upstream.join(client)
  return { client, upstream }
}
