/**
 * The gateway at a glance: `GET /status`.
 */
import type { Gateway, GatewayState } from '../gateway.ts'
import { tellPlace, type ToldPlace } from '../core/place.ts'
import { descriptors } from '../net/descriptors.ts'
import type { RouteReading } from '../telemetry/reading.ts'
import { version } from '../telemetry/version.ts'

export interface Status {
  readonly version: string
  readonly bun: string
  readonly pid: number
  readonly state: GatewayState
  /** Since the process started. */
  readonly uptimeMs: number
  readonly listeners: readonly (ToldPlace & {
    readonly name: string
    readonly connections: number
  })[]
  readonly sessions: number
  /** Those of them that are without a server at this moment. */
  readonly sessionsBetween: number
  readonly routes: readonly Pick<RouteReading, 'route' | 'sessions' | 'handshakes'>[]
  readonly upstreams: readonly {
    readonly upstream: string
    readonly endpoints: number
    /** Those that take new sessions. */
    readonly healthy: number
  }[]
  /** Open, and how many may be under the descriptor limit. */
  readonly sockets: { readonly open: number; readonly most: number }
  /** Where there are several processes: what each of them is. All else is what they are together. */
  readonly workers?: readonly WorkerStatus[]
}

export interface WorkerStatus {
  /** From 1 on. */
  readonly worker: number
  /** undefined: there is no process at this moment. */
  readonly pid: number | undefined
  /**
   * `silent`: it does not answer, and what is told of it is what was seen last. `restarting`: it waits to be
   * started again. `given-up`: it is not.
   */
  readonly state: 'starting' | 'ready' | 'silent' | 'restarting' | 'given-up' | 'left'
  readonly sessions: number
  readonly restarts: number
}

export function describeStatus(gateway: Gateway): Status {
  const { routes, upstreams } = gateway.read()
  return {
    version,
    bun: Bun.version,
    pid: process.pid,
    state: gateway.state,
    uptimeMs: Math.round(performance.now()),
    listeners: gateway.listeners.map((listener) => ({
      name: listener.name,
      ...tellPlace(listener),
      connections: listener.clients,
    })),
    sessions: gateway.sessions,
    sessionsBetween: upstreams.reduce((sum, { sessionsBetween }) => sum + sessionsBetween, 0),
    routes: routes.map(({ route, sessions, handshakes }) => ({ route, sessions, handshakes })),
    upstreams: gateway.upstreams.list().map(({ name, endpoints }) => ({
      upstream: name,
      endpoints: endpoints.length,
      healthy: endpoints.filter(({ state }) => state === 'healthy').length,
    })),
    sockets: { open: descriptors.sockets, most: descriptors.capacity },
  }
}
