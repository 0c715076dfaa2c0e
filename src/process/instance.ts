/**
 * What a process runs: a gateway of its own, or the workers of a supervisor. Signals, the admin port and
 * systemd see no difference.
 */
import type { AdminAccess } from '../admin/guard.ts'
import type { Emit } from '../core/events.ts'
import type { Operations } from '../core/operations.ts'
import type { ReloadChange } from '../core/reload.ts'
import type { GatewayState } from '../gateway.ts'
import type { InheritedSocket } from '../net/inherited-sockets.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { LoadedConfig } from './config/config-source.ts'

/** What a process is given by the one whose place it takes. */
export interface Estate {
  /** Of the process that leaves. */
  readonly pid: number
  /** What stickiness is signed with where the file says nothing. */
  readonly secret: string
  /** Listening sockets, open in both processes. */
  readonly sockets: readonly InheritedSocket[]
  /** Places that the other one listens at by itself, which are to be shared until it accepts nobody any more: `host:port`, or the path of a Unix socket. */
  readonly shared: readonly string[]
}

/** What an instance is made of. */
export interface InstanceParts {
  readonly loaded: LoadedConfig
  /** undefined where it takes over from nobody. */
  readonly estate: Estate | undefined
  /** Whether the process that it takes over from listens at a place, at this moment. */
  readonly isShared: (place: string) => boolean
  readonly emit: Emit
  readonly metrics: Metrics
  /** It serves no more though nobody told it to leave: the process is to end. */
  onLost(): void
}

/** An instance that is ready for another configuration. One of the two MUST be called, once. */
export interface PreparedInstance {
  readonly changes: readonly ReloadChange[]
  /** It counts at once. Where that takes longer in other processes: resolves when they have taken it, too. */
  commit(): void | Promise<void>
  abandon(): void
}

/** @throws Error with a sentence, or ListenError, where it cannot be. */
export type CreateInstance = (parts: InstanceParts) => Instance

export interface Instance {
  readonly state: GatewayState
  /** Open, in all its processes. */
  readonly sessions: number
  /** The first is what examples and tests ask for. */
  readonly ports: readonly number[]
  /** Begins to serve, once. @throws as creating it; then nothing listens. */
  start(): Promise<void>
  /** Makes ready for a configuration. @throws Error with a sentence if it cannot be had; then nothing is changed. */
  prepare(loaded: LoadedConfig): Promise<PreparedInstance>
  /** What the configuration would come to. Nothing is bound, and nothing changes. @throws as `prepare`, where it can be known. */
  foresee(loaded: LoadedConfig): Promise<readonly ReloadChange[]>
  /** What a successor is given. */
  estate(): Omit<Estate, 'pid'>
  /** What the admin port answers with. */
  answers(
    operations: Operations,
    access: () => AdminAccess,
  ): (request: Request) => Response | Promise<Response>
  /** Stops in order. @param isTakenOver somebody else serves: nobody need be given time to notice. */
  leave(options?: { readonly isTakenOver: boolean }): Promise<void>
  /** Cuts everything at once. */
  destroy(): void
}
