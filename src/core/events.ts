/**
 * Everything that happens in a gateway and that somebody may want to hear of: the log, the metrics.
 *
 * An event holds nothing secret: no payload, no header value, no query string.
 */
import type { ErrorCode } from './errors.ts'
import type { OperationsEvent } from './operations.ts'
import type { ToldPlace } from './place.ts'

/** What one direction of a session carried. */
export interface Traffic {
  readonly messages: number
  /** On the wire, frame headers included. */
  readonly bytes: number
}

/** What is known of a session when it opens, and kept for as long as it lasts. */
export interface SessionFacts {
  readonly listener: string
  readonly upstream: string
  /** The endpoint's URL. */
  readonly endpoint: string
  /** The client's. */
  readonly address: string
  /** As sent, port included. */
  readonly host: string
  /** As sent, without the query. */
  readonly path: string
  /** The one agreed on, if it is fit to be shown: see `publicSubprotocol`. */
  readonly subprotocol: string | undefined
  /** What was agreed with the client of permessage-deflate; `end to end` where that is not the gateway's business. */
  readonly compression: string | undefined
  /** The subject of the certificate that the client has shown. */
  readonly certificate: string | undefined
  /** Its alternative names, such as `DNS:device-7.example.com`; empty where it has none. */
  readonly certificateNames: readonly string[] | undefined
  /** The value of X-Request-Id that the endpoint was told. */
  readonly request: string | undefined
}

/** What is told of a request that was answered. */
interface Answered {
  readonly listener: string
  /** Undefined for a listener that redirects everything. */
  readonly route: string | undefined
  /** Both undefined where the gateway answers by itself. */
  readonly upstream: string | undefined
  readonly endpoint: string | undefined
  readonly address: string
  readonly method: string
  readonly host: string
  readonly path: string
  readonly request: string | undefined
  readonly status: number
  /** How long it took to connect to the endpoint; undefined where no dial was needed. */
  readonly dialMs: number | undefined
  /** From the request's head to the end of the answer. */
  readonly durationMs: number
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

/** A certificate in use: one shown to clients, or to endpoints. */
export interface LoadedCertificate {
  readonly file: string
  readonly names: readonly string[]
  /** ISO 8601. */
  readonly expiresAt: string
}

/** What becomes of certificate files, at the start, whenever they change and, where the end is near, each day. */
export type CertificateEvent =
  | ({ readonly type: 'certificate-loaded' } & LoadedCertificate)
  | ({ readonly type: 'certificate-expiring' } & LoadedCertificate)
  | {
      /** What was loaded before stays in use. */
      readonly type: 'certificate-rejected'
      readonly file: string
      readonly detail: string
    }

/** `healthy` takes new sessions; the others do not; those they have stay, unless failover moves them. */
export type EndpointState = 'healthy' | 'unhealthy' | 'ejected' | 'draining'

/** Where an endpoint is known from. */
export type EndpointSource = 'file' | 'dns' | 'srv' | 'endpoints-file' | 'admin'

interface KnownEndpoint {
  readonly endpoint: string
  readonly source: EndpointSource
}

/**
 * Why a session goes on at another server. The server was lost: its connection ended without a Close, it did
 * not answer a ping, checks call it unhealthy; it said by the code of its Close that it leaves. Or it was
 * left in order: it drains, is configured no more, has more than its share, or an administrator has asked for it.
 */
export type MoveCause =
  'lost' | 'silent' | 'unhealthy' | 'closed' | 'draining' | 'removed' | 'rebalance' | 'asked'

/** What happens to the endpoints of an upstream. */
export type UpstreamEvent = { readonly upstream: string } & (
  | ({ readonly type: 'endpoint-added' } & KnownEndpoint)
  | ({ readonly type: 'endpoint-removed' } & KnownEndpoint)
  | {
      readonly type: 'endpoint-changed'
      readonly endpoint: string
      readonly state: EndpointState
      readonly was: EndpointState
      /** A sentence without full stop: `3 checks in a row failed: answered 503`. */
      readonly reason: string
    }
  | { readonly type: 'endpoint-weighted'; readonly endpoint: string; readonly weight: number }
  | {
      /** An attempt at an endpoint failed. Whoever asked may still be served by another. */
      readonly type: 'attempt-failed'
      readonly endpoint: string
      readonly code: ErrorCode | `${number}`
      readonly detail: string | undefined
      /** Whether another endpoint is tried. */
      readonly isRetried: boolean
    }
  | {
      /** Its sessions are being moved: told when that begins, once a second while it goes on, and at its end. */
      readonly type: 'endpoint-leaving'
      readonly endpoint: string
      readonly cause: MoveCause
      /** Since it began. */
      readonly moved: number
      /** Sessions it still has, and of those the ones that cannot be moved. */
      readonly left: number
      readonly unmovable: number
    }
  | {
      /** For a second every endpoint has been asked in vain to take over sessions that have lost their server. */
      readonly type: 'sessions-stranded'
      /** How many look for a server at that moment. */
      readonly sessions: number
    }
  | {
      /** After that: an endpoint answers again. */
      readonly type: 'sessions-rescued'
      /** Since all had been asked in vain. */
      readonly afterMs: number
    }
  | {
      /** Told once, until it works again; the endpoints known before stay. */
      readonly type: 'discovery-failed'
      readonly source: EndpointSource
      readonly detail: string
    }
  | {
      readonly type: 'discovery-recovered'
      readonly source: EndpointSource
      readonly endpoints: number
    }
)

export type GatewayEvent =
  | UpstreamEvent
  | {
      readonly type: 'split-changed'
      readonly route: string
      readonly shares: Readonly<Record<string, number>>
    }
  | ({ readonly type: 'listening'; readonly listener: string } & ToldPlace)
  | CertificateEvent
  | ({ readonly type: 'admin-listening' } & ToldPlace)
  | { readonly type: 'capacity'; readonly descriptors: number; readonly sessions: number }
  | ({
      readonly type: 'session-opened'
      readonly session: string
      readonly route: string
      /** How long it took to connect to the endpoint. */
      readonly dialMs: number
      /** From the request's head to the 101. */
      readonly handshakeMs: number
    } & SessionFacts)
  | {
      readonly type: 'session-closed'
      readonly session: string
      readonly route: string
      readonly endpoint: string
      readonly address: string
      readonly end: SessionEnd
      readonly durationMs: number
      /** Towards the upstream. */
      readonly inbound: Traffic
      /** Towards the client. */
      readonly outbound: Traffic
    }
  | {
      /** It goes on at another server; its client's connection is the same. */
      readonly type: 'session-moved'
      readonly session: string
      readonly route: string
      readonly upstream: string
      /** URLs of endpoints; the same where the server has come back. */
      readonly from: string
      readonly to: string
      readonly cause: MoveCause
      /** A clause: `reset`, `1012`. */
      readonly detail: string | undefined
      /** How often it was moved by now. */
      readonly moves: number
      /** How long nothing could be sent to a server. */
      readonly gapMs: number
      /** Of the client, which the old server had not got whole; they were sent to the new one. */
      readonly resentMessages: number
      /** Of the client, which the old server had got whole since it last sent a message: processed, or lost. */
      readonly unansweredMessages: number
      /** Of a message that the old server did not finish. */
      readonly droppedBytes: number
    }
  | {
      /** It stays where it is: what was tried in order did not come about. */
      readonly type: 'move-failed'
      readonly session: string
      readonly route: string
      readonly upstream: string
      readonly endpoint: string
      readonly cause: MoveCause
      readonly detail: string
    }
  | {
      readonly type: 'request-refused'
      readonly listener: string
      /** Undefined where it was refused before a route was found. */
      readonly route: string | undefined
      /** The value of X-Request-Id that endpoints are told. */
      readonly request: string | undefined
      /** Whether it asked for a WebSocket. */
      readonly isHandshake: boolean
      readonly code: ErrorCode
      readonly detail: string | undefined
      readonly address: string
      readonly method: string | undefined
      readonly host: string | undefined
      readonly path: string | undefined
    }
  | ({
      /** A handshake that the upstream answered with another status than 101. */
      readonly type: 'handshake-rejected'
    } & Answered)
  | ({
      /** A request without upgrade, answered by an upstream or by its route. */
      readonly type: 'request-answered'
    } & Answered)
  | {
      /** One that other programs reload or rotate logs by. */
      readonly type: 'signal-ignored'
      readonly signal: string
    }
  | OperationsEvent
  | { readonly type: 'mistake'; readonly error: unknown }
  | { readonly type: 'leaving'; readonly sessions: number }
  | { readonly type: 'left' }

export type Emit = (event: GatewayEvent) => void
