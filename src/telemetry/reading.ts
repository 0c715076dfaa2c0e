/**
 * What is so in a gateway at one moment, as metrics and status want to know it. Lent by the gateway.
 */
import type { EndpointState, Traffic } from '../core/events.ts'

/** One direction of the sessions that are open now. */
export interface FlowReading extends Traffic {
  /** Waiting for a slow receiver. */
  readonly pendingBytes: number
}

export interface RouteReading {
  readonly route: string
  /** Open. */
  readonly sessions: number
  /** Under way. */
  readonly handshakes: number
  readonly inbound: FlowReading
  readonly outbound: FlowReading
}

export interface EndpointReading {
  readonly upstream: string
  /** Its URL. */
  readonly endpoint: string
  /** `removed`: only its sessions are left. */
  readonly state: EndpointState | 'removed'
  readonly weight: number
  /** The moving average of its dial and ping times; undefined while nothing is known. */
  readonly latencyMs: number | undefined
  readonly sessions: number
}

export interface UpstreamReading {
  readonly upstream: string
  /** Handshakes that wait for an endpoint with room. */
  readonly waiting: number
  /** Requests that were tried again at another endpoint, since the start. */
  readonly retries: number
  /** Open sessions that are without a server: on their way from one that was lost to another. */
  readonly sessionsBetween: number
}

export interface ListenerReading {
  readonly listener: string
  /** Open client connections, those of sessions included. */
  readonly connections: number
}

/** Of the compression that the gateway speaks itself, since its start. */
export interface CompressionReading {
  readonly usedBytes: number
  readonly limitBytes: number
  readonly refusals: number
  readonly deflatedMessages: number
  readonly reusedMessages: number
  readonly plainBytes: number
  readonly deflatedBytes: number
  readonly inflatedMessages: number
}

export interface GatewayReading {
  readonly compression: CompressionReading
  readonly listeners: readonly ListenerReading[]
  readonly routes: readonly RouteReading[]
  readonly upstreams: readonly UpstreamReading[]
  /** Those of all upstreams, and those that were removed and still have sessions. */
  readonly endpoints: readonly EndpointReading[]
}
