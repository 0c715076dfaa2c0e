/**
 * What the gateway is told: a configuration that has been read, checked and completed.
 * Invariant: a Config is complete. Every default is filled in, every name in it exists, and every
 * number carries its unit in its name. Paths of files are absolute.
 */
import type { Registry } from '../core/registry.ts'
import type { Template } from '../expression/template.ts'
import type { UpstreamConfig } from './upstream-config.ts'

export type * from './upstream-config.ts'

export interface Config {
  /** What the file says, to be compared with what it says later. */
  readonly written: WrittenConfig
  /** What the file could name, plugins included. */
  readonly registry: Registry
  /** What stickiness is signed with, the same on every gateway; undefined: one made at the start. */
  readonly secret: string | undefined
  readonly listeners: readonly ListenerConfig[]
  /** The named ones, then those that a route gives by URL, whose name is that URL as written. */
  readonly upstreams: readonly UpstreamConfig[]
  readonly routes: readonly RouteConfig[]
  /** On SIGTERM: nothing changes for `delayMs`, then sessions are closed spread over `windowMs`. */
  readonly leave: { readonly delayMs: number; readonly windowMs: number }
  /** Processes that share the ports; 1: this one alone. */
  readonly workers: number
  /** What all sessions together may hold. */
  readonly limits: {
    /** Memory of the windows and states of compression. */
    readonly compressionBytes: number
  }
  /** undefined: no admin port. */
  readonly admin: AdminConfig | undefined
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error' | 'off'
    /** undefined: pretty on a terminal, else json. */
    readonly format: 'json' | 'pretty' | undefined
  }
}

export interface ListenerConfig {
  /** Unique. */
  readonly name: string
  /** An IP address or localhost; `::` is every address of both families. Not used where `unix` is given. */
  readonly address: string
  /** 0 is any free port. Not used where `unix` is given. */
  readonly port: number
  /** The path of a Unix socket to listen on instead. */
  readonly unix: string | undefined
  /** Certificates by server name, the first one for every other name; undefined: plain. At least one. */
  readonly tls: readonly TlsConfig[] | undefined
  /** Every connection begins with a PROXY protocol header, version 1 or 2. */
  readonly proxyProtocol: boolean
  /** IP addresses and ranges (`10.0.0.0/8`) whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[]
  /** Every request is answered with a redirect to https at this port; undefined: requests are routed. */
  readonly redirectPort: number | undefined
  readonly limits: {
    readonly headBytes: number
    /** Header lines of one request. */
    readonly headers: number
    /** Open client connections; undefined: what the descriptor limit allows. */
    readonly clients: number | undefined
    /** WebSocket handshakes under way; undefined: as many as there are clients. */
    readonly handshakes: number | undefined
  }
  readonly timeout: {
    /** From the accept to the end of the PROXY header and the TLS handshake. */
    readonly tlsMs: number
    /** From the first byte of a request (or the accept, or the TLS handshake) to the end of its head. */
    readonly headMs: number
    /** The longest silence inside a request body. */
    readonly bodyMs: number
    /** Between requests on a kept-alive connection. */
    readonly idleMs: number
  }
}

/** One certificate of a listener and how clients it is for are met. */
export interface TlsConfig {
  /** The file of the certificate chain, PEM, leaf first. */
  readonly cert: string
  /** The file of its private key, PEM. */
  readonly key: string
  /** Server names it is for, lower case, `*.example.com` for every name below; empty: those in the certificate. */
  readonly names: readonly string[]
  /** The lowest version that is spoken. */
  readonly min: '1.2' | '1.3'
  /** Asks clients for a certificate; undefined: does not ask. */
  readonly client:
    | {
        /** The file of the authorities whose certificates are accepted, PEM. */
        readonly ca: string
        /** Clients without an accepted certificate are refused; else they are served without one. */
        readonly isRequired: boolean
      }
    | undefined
}

export interface RouteConfig {
  /** Unique. */
  readonly name: string
  /** Names of listeners; empty: every listener. */
  readonly listeners: readonly string[]
  /** Lower case, `*.example.com` being every name below; empty: any host. */
  readonly host: readonly string[]
  /** `/chat`, `/chat/:room`, `/chat/*`; checked: literal segments are unreserved characters only. */
  readonly path: string
  readonly match: MatchConfig
  /** Where requests go, each by its share; empty for a route that answers by itself. */
  readonly upstreams: readonly { readonly name: string; readonly weight: number }[]
  /** Requests with the same value go to the same upstream of a split; undefined: each by its turn. */
  readonly splitBy: Template | undefined
  /** The gateway's own answer; the headers hold a content type where there is a body. */
  readonly respond:
    | {
        readonly status: number
        readonly headers: Readonly<Record<string, string>>
        readonly body: string
      }
    | undefined
  readonly redirect:
    { readonly status: 301 | 302 | 303 | 307 | 308; readonly to: Template } | undefined
  readonly forward: {
    /** The path, and the query if it has a `?`; undefined: as sent. */
    readonly path: Template | undefined
    /** The `Host` that endpoints get. */
    readonly host: 'client' | 'endpoint' | Template
    readonly headers: HeaderRewrite
  }
  /** What is done to an upstream's answers, the 101 included. */
  readonly answer: { readonly headers: HeaderRewrite }
  /**
   * Lower case, as browsers send them; `any`: every origin is let in; `own`: of requests with a
   * credential, such as cookies, only those from pages of the host they ask for.
   */
  readonly origins: readonly string[] | 'any' | 'own'
  /** Messages are read and written anew; else a tunnel, whose payloads nobody looks at. */
  readonly framed: boolean
  /**
   * `pass`: permessage-deflate is offered end to end, in a tunnel only; `off`: nobody speaks it; else the
   * gateway speaks it itself, which is framed.
   */
  readonly compression: 'pass' | 'off' | CompressionConfig
  readonly limits: {
    readonly sessions: number | undefined
    /** By the client's address. */
    readonly sessionsPerClient: number | undefined
    readonly messageBytes: number
    readonly frameBytes: number
    /** Held in each direction before its sender is paused. */
    readonly pendingBytes: number
    /** What a client may send; undefined: any number. */
    readonly messages: RateConfig | undefined
    readonly bytes: RateConfig | undefined
  }
  readonly timeout: {
    readonly handshakeMs: number
    readonly idleMs: number | undefined
    readonly sendMs: number
    readonly closeMs: number
    readonly ageMs: number | undefined
  }
  readonly heartbeat: {
    /** A side from which nothing came for so long is pinged; undefined: never. */
    readonly clientMs: number | undefined
    readonly upstreamMs: number | undefined
    /** How long it may then stay silent. */
    readonly timeoutMs: number
  }
}

/** How the gateway speaks permessage-deflate (RFC 7692). */
export interface CompressionConfig {
  /** Shorter messages are sent as they are. */
  readonly thresholdBytes: number
  /** Base-two logarithm of the largest window that is kept or asked for, 9 to 15. */
  readonly windowBits: number
  /** Whether messages from the client, and those to it, may refer back to earlier ones. */
  readonly clientTakeover: boolean
  readonly serverTakeover: boolean
  /** Of zlib, 1 (fast) to 9 (small). */
  readonly level: number
  /** Whether it is offered to endpoints too; else they are spoken to without. */
  readonly upstream: boolean
}

/** Further conditions of a route; all of them must hold. Empty objects and lists: none. */
export interface MatchConfig {
  /** Lower-case name → its values, one of which it must have; empty: any value. */
  readonly header: Readonly<Record<string, readonly string[]>>
  /** Name, decoded → its values, decoded; empty: any value. */
  readonly query: Readonly<Record<string, readonly string[]>>
  /** Name → its values; empty: any value. */
  readonly cookie: Readonly<Record<string, readonly string[]>>
  /** One of which the client must offer. */
  readonly subprotocol: readonly string[]
}

export interface HeaderRewrite {
  /** Replaces what is there; an empty value leaves the header out. */
  readonly set: readonly { readonly name: string; readonly value: Template }[]
  /** Lower case. */
  readonly remove: readonly string[]
}

export interface RateConfig {
  /** Messages or bytes a second. */
  readonly perSecond: number
  /** How many may come at once. */
  readonly burst: number
  /** Past it: `delay` reads no more until there is room, `close` closes the session with 4429. */
  readonly over: 'delay' | 'close'
}

export interface AdminConfig {
  readonly address: string
  /** 0 is any free port. */
  readonly port: number
  readonly unix: string | undefined
  /** What changing requests must show as `Authorization: Bearer`; undefined: only a Unix socket may change. */
  readonly token: string | undefined
}

/**
 * A checked file as it was written, with references replaced, `defaults` merged, short forms of listeners and
 * upstreams as the mappings they stand for, and names given: mappings, lists and scalars. Only
 * `compareConfigs` reads more of it than `files`.
 */
export interface WrittenConfig {
  /** What a file says once, by its key: `leave`, `admin`; not `defaults`. */
  readonly parts: Readonly<Record<string, unknown>>
  readonly listeners: ReadonlyMap<string, unknown>
  /** Those that a route gives by URL, too. */
  readonly upstreams: ReadonlyMap<string, unknown>
  readonly routes: ReadonlyMap<string, unknown>
  /**
   * Where a value came from `${env:…}` or `${file:…}`, in whole or in part, so that it is not to be told:
   * `routes.chat.limits.messages`, `admin.token`, `defaults.route.host.0`.
   */
  readonly references: ReadonlySet<string>
  /** The files of `${file:…}`; absolute. */
  readonly files: readonly string[]
}
