/**
 * What ends a session by time: that it is old, that nothing is sent, that a side does not answer.
 */
import type { RouteConfig } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Route } from './route.ts'
import type { Side } from './side.ts'

export interface WatchOptions {
  readonly route: Route
  readonly clock: Clock
  /** By the clock. */
  readonly openedAtMs: number
  /** Neither age nor idleness ends it sooner, from now. */
  readonly notBeforeMs: number
  readonly client: Side
  readonly upstream: Side
  readonly onAge: () => void
  readonly onIdle: () => void
  readonly onSilent: (side: Side) => void
}

/** Whether the times at which its sides send something are asked for. */
export function isTimed({ config }: Route): boolean {
  const { clientMs, upstreamMs } = config.heartbeat
  return config.timeout.idleMs !== undefined || clientMs !== undefined || upstreamMs !== undefined
}

/** @returns undefined where nothing is to be watched. */
export function watch(options: WatchOptions): Watch | undefined {
  const { route } = options
  return isTimed(route) || route.config.timeout.ageMs !== undefined ? new Watch(options) : undefined
}

/** The same, for a route that may have been told otherwise. A side that is silent stays so for a watch that goes on. */
export function watchOn(before: Watch | undefined, options: WatchOptions): Watch | undefined {
  if (before?.isOf(options.route) === true) return before
  before?.stop()
  return watch(options)
}

export class Watch {
  readonly #options: WatchOptions
  readonly #told: Pick<RouteConfig, 'timeout' | 'heartbeat'>
  readonly #callOffAge: (() => void) | undefined
  #callOffIdle: (() => void) | undefined
  readonly #heartbeats: readonly Heartbeat[]

  constructor(options: WatchOptions) {
    const { route, clock, openedAtMs, notBeforeMs, client, upstream, onAge } = options
    const { timeout, heartbeat } = route.config
    this.#options = options
    this.#told = { timeout, heartbeat }
    if (timeout.idleMs !== undefined) this.#watchIdle(Math.max(notBeforeMs, this.#idleLeftMs))
    if (timeout.ageMs !== undefined) {
      const leftMs = openedAtMs + timeout.ageMs - clock.now()
      this.#callOffAge = clock.after(Math.max(notBeforeMs, leftMs), onAge)
    }
    const heartbeats = [
      this.#heartbeatOf(client, heartbeat.clientMs),
      this.#heartbeatOf(upstream, heartbeat.upstreamMs),
    ]
    this.#heartbeats = heartbeats.filter((each) => each !== undefined)
  }

  /** Whether what it was made for is what the route says. */
  isOf({ config: { timeout, heartbeat } }: Route): boolean {
    return Bun.deepEquals(this.#told, { timeout, heartbeat })
  }

  stop(): void {
    this.#callOffIdle?.()
    this.#callOffAge?.()
    for (const heartbeat of this.#heartbeats) heartbeat.stop()
  }

  #watchIdle(delayMs: number): void {
    this.#callOffIdle = this.#options.clock.after(delayMs, () => this.#checkIdle())
  }

  #checkIdle(): void {
    const leftMs = this.#idleLeftMs
    if (leftMs <= 0) this.#options.onIdle()
    else this.#watchIdle(leftMs)
  }

  get #idleLeftMs(): number {
    const { route, clock, openedAtMs, client, upstream } = this.#options
    const { idleMs = Infinity } = route.config.timeout
    return Math.max(openedAtMs, client.lastReadMs, upstream.lastReadMs) + idleMs - clock.now()
  }

  #heartbeatOf(side: Side, intervalMs: number | undefined): Heartbeat | undefined {
    if (intervalMs === undefined) return undefined
    const { route, clock, onSilent } = this.#options
    const { timeoutMs } = route.config.heartbeat
    return new Heartbeat(side, { clock, intervalMs, timeoutMs, onSilent })
  }
}
