/**
 * What the gateway is told of its upstreams: the part of the configuration that pools are made of.
 * Invariant: complete, as all of a Config is.
 */
import type { Balancer, BalancerHost } from '../core/balancer.ts'
import type { Configured } from '../core/extension.ts'
import type { HealthCheck } from '../core/health-check.ts'
import type { Template } from '../expression/template.ts'

export interface UpstreamConfig {
  /** Unique. */
  readonly name: string
  /** Those in the file, all of one scheme family (ws and wss, or http and https); at least one unless some are discovered. */
  readonly endpoints: readonly EndpointConfig[]
  /** Where further endpoints are learned; undefined: nowhere. */
  readonly discover: DiscoverConfig | undefined
  readonly balancer: Configured<Balancer, BalancerHost>
  /** Over how long the weight of an endpoint grows that is new or well again; undefined: at once. */
  readonly slowStartMs: number | undefined
  /** Handshakes wait while no endpoint has room; undefined: they are refused. */
  readonly queue: { readonly sessions: number; readonly waitMs: number } | undefined
  readonly sticky: StickyConfig | undefined
  /** undefined: endpoints are not asked. */
  readonly health: HealthConfig | undefined
  /** undefined: no endpoint is ejected. */
  readonly eject: EjectConfig | undefined
  readonly retry: {
    /** Further endpoints that one request may try. */
    readonly dials: number
    /** Of all requests, the share that may be tried again: 0.2. */
    readonly budget: number
    /** Answers for which another endpoint is asked, and that speak against the first if that answers better: 502. */
    readonly statuses: readonly number[]
  }
  /** What becomes of a session whose server dies or leaves. */
  readonly failover: FailoverConfig
  /** How the sessions of an endpoint that is to be left are moved, where failover lets them. */
  readonly drain: {
    readonly perSecond: number
    /** How long a server must have said nothing before it is taken to have answered everything. */
    readonly settleMs: number
  }
  /** How sessions are spread anew over endpoints that have come; undefined: they stay where they are. */
  readonly rebalance: { readonly perSecond: number } | undefined
  /** How endpoints with TLS are spoken to. */
  readonly tls: UpstreamTlsConfig
  readonly timeout: {
    /** TLS included. */
    readonly connectMs: number
    /** From the request sent to the head of the answer. */
    readonly answerMs: number
  }
  readonly keepAlive: {
    /** Idle HTTP connections kept per endpoint; 0 keeps none. */
    readonly connections: number
    readonly idleMs: number
  }
}

export interface UpstreamTlsConfig {
  /** The file of the authorities that are believed, PEM; undefined: those of the system. */
  readonly ca: string | undefined
  /** The files of the certificate shown to endpoints and its key, PEM; both or none. */
  readonly cert: string | undefined
  readonly key: string | undefined
  /** The name asked for and verified; undefined: the endpoint's host. */
  readonly serverName: string | undefined
  /** Whether an endpoint without a valid certificate for its name is refused. */
  readonly isVerified: boolean
}

/** How a request finds the endpoint that an earlier one of the same client went to. */
export type StickyConfig =
  | {
      readonly kind: 'cookie'
      readonly name: string
      readonly path: string
      /** undefined: until the browser is closed. */
      readonly maxAgeMs: number | undefined
      readonly sameSite: 'Lax' | 'Strict' | 'None'
    }
  | { readonly kind: 'engine.io' }
  | { readonly kind: 'expression'; readonly by: Template }

/** All endpoints of one upstream come from one place and the file. */
export type DiscoverConfig =
  | (DiscoveredForm & {
      readonly kind: 'dns'
      /** With a dot at its end where the search list of the system is left out. */
      readonly name: string
      readonly port: number
    })
  | (DiscoveredForm & {
      readonly kind: 'srv'
      readonly name: string
    })
  | {
      readonly kind: 'file'
      /** Absolute; looked at once a second. */
      readonly file: string
      /** @returns the endpoints in the text of the file, or what is wrong with it. */
      read(text: string): readonly EndpointConfig[] | string
    }

interface DiscoveredForm {
  /** Of the endpoints. */
  readonly scheme: 'ws' | 'http'
  readonly isTls: boolean
  /** `''` or `/base`. */
  readonly path: string
  /** Asked again after so long at the latest, and sooner where the answer says so. */
  readonly everyMs: number
  /** Servers to ask, `address:port`; empty: those of the system. */
  readonly resolvers: readonly string[]
}

export interface HealthConfig {
  readonly check: Configured<HealthCheck>
  readonly intervalMs: number
  /** Of one check. */
  readonly timeoutMs: number
  /** Checks in a row that must succeed, or fail, before the endpoint is called so. */
  readonly healthy: number
  readonly unhealthy: number
  /** Whether live sessions are moved off an endpoint that is called unhealthy, where failover lets them. */
  readonly movesSessions: boolean
}

export interface FailoverConfig {
  /**
   * `off`: what happens to the server's side happens to the client's. `close`: the client is closed with 1012.
   * `notify`: the session goes on at another server, and the client is sent `message`. `transparent`: it goes
   * on, and the client is told nothing.
   */
  readonly mode: 'off' | 'close' | 'notify' | 'transparent'
  readonly on: {
    /** Its connection ends without a Close, or it is silent. */
    readonly lost: boolean
    /** Close codes by which a server says that it leaves; every other one is the application's word. */
    readonly codes: readonly number[]
  }
  /** Messages up to this, in bytes on the wire, are never cut by a switch; a session caught inside a longer one is closed with 1012. */
  readonly holdBytes: number
  /** How long a session may be without a server. */
  readonly waitMs: number
  /** What `notify` sends, as a text message. */
  readonly message: string
}

export interface EjectConfig {
  /** In a row. */
  readonly failures: number
  /** The row is over where so long passes between one failure and the beginning of the next attempt. */
  readonly withinMs: number
  /** The first time; it grows with each further one. */
  readonly forMs: number
  /** The share of the endpoints that may be ejected at once, 0.5; one always stays. */
  readonly atMost: number
}

/** One address of an upstream, taken apart. */
export interface EndpointConfig {
  /** The URL in its normal form: lower-case host, no default port, no slash at the end. */
  readonly url: string
  /** The family: `wss` and `ws+unix` are ws. */
  readonly scheme: 'ws' | 'http'
  readonly isTls: boolean
  /** A name or an IP address, without brackets; `localhost` for a Unix socket. */
  readonly host: string
  readonly port: number
  /** The path of a Unix socket to dial instead of host and port. */
  readonly unix: string | undefined
  /** What request paths are put behind: `''` or `/base`. */
  readonly path: string
  /** Host and port as in the URL, for `Host`; `localhost` for a Unix socket. */
  readonly authority: string
  /** The name its certificate is for, where that is not the host. */
  readonly serverName: string | undefined
  /** 0 to 1000; with 0 it gets only what sticks to it. */
  readonly weight: number
  /** Used only while no other has room. */
  readonly isBackup: boolean
  /** How many sessions it may have; undefined: any number. */
  readonly sessions: number | undefined
}
