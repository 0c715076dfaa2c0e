/**
 * Everything that happens in a gateway and that somebody may want to hear of: the log today.
 */
import type { ErrorCode } from './errors.ts'

/** What one direction of a session carried. */
export interface Traffic {
  readonly messages: number
  /** On the wire, frame headers included. */
  readonly bytes: number
}

/** How a session came to its end. */
export interface SessionEnd {
  readonly by: 'client' | 'upstream' | 'gateway'
  /** The close code; 1005 for a Close without one, 1006 if there was no Close. */
  readonly code: number
  /** `closed` with a Close; `ended`, `reset` or `stalled` without; or why the gateway closed it. */
  readonly reason: 'closed' | 'ended' | 'destroyed' | 'reset' | 'stalled' | ErrorCode
  readonly detail: string | undefined
}

/** What becomes of certificate files, at the start and whenever they change. */
export type CertificateEvent =
  | {
      readonly type: 'certificate-loaded' | 'certificate-expiring'
      readonly file: string
      readonly names: readonly string[]
      /** ISO 8601. */
      readonly expiresAt: string
    }
  | {
      /** What was loaded before stays in use. */
      readonly type: 'certificate-rejected'
      readonly file: string
      readonly detail: string
    }

export type GatewayEvent =
  | {
      readonly type: 'listening'
      readonly listener: string
      /** Empty for a Unix socket. */
      readonly address: string
      readonly port: number
      /** The path of a Unix socket. */
      readonly unix?: string | undefined
    }
  | CertificateEvent
  | { readonly type: 'capacity'; readonly descriptors: number; readonly sessions: number }
  | {
      readonly type: 'session-opened'
      readonly session: string
      readonly route: string
      readonly endpoint: string
      readonly address: string
      readonly host: string
      readonly path: string
      readonly subprotocol: string | undefined
      /** From the request's head to the 101. */
      readonly handshakeMs: number
    }
  | {
      readonly type: 'session-closed'
      readonly session: string
      readonly route: string
      readonly end: SessionEnd
      readonly durationMs: number
      /** Towards the upstream. */
      readonly inbound: Traffic
      /** Towards the client. */
      readonly outbound: Traffic
    }
  | {
      readonly type: 'request-refused'
      readonly listener: string
      readonly code: ErrorCode
      readonly detail: string | undefined
      readonly address: string
      readonly method: string | undefined
      readonly host: string | undefined
      readonly path: string | undefined
    }
  | {
      readonly type: 'request-answered'
      readonly route: string
      readonly address: string
      readonly method: string
      readonly host: string
      readonly path: string
      readonly status: number
      readonly durationMs: number
    }
  | { readonly type: 'mistake'; readonly error: unknown }
  | { readonly type: 'leaving'; readonly sessions: number }
  | { readonly type: 'left' }

export type Emit = (event: GatewayEvent) => void
