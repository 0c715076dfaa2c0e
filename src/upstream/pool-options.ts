/**
 * What a pool is told by the configuration, and what it is lent.
 */
import type { Balancer, BalancerHost } from '../core/balancer.ts'
import type { Clock } from '../core/clock.ts'
import type { CertificateEvent, GatewayEvent, UpstreamEvent } from '../core/events.ts'
import type { Configured, Expression } from '../core/extension.ts'
import type { DnsQuery } from '../net/dns-query.ts'
import type { DiscoverOptions } from './discovery/discovery.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import type { MemberOptions } from './members.ts'
import type { UpstreamTlsOptions } from './upstream-tls.ts'

export interface PoolOptions extends MemberOptions {
  readonly endpoints: readonly EndpointOptions[]
  readonly discover: DiscoverOptions | undefined
  readonly balancer: Configured<Balancer, BalancerHost>
  readonly queue: QueueOptions | undefined
  readonly sticky: StickyOptions | undefined
  readonly retry: RetryOptions
  readonly failover: FailoverOptions
  readonly drain: { readonly perSecond: number; readonly settleMs: number }
  readonly rebalance: { readonly perSecond: number } | undefined
  /** How those with TLS are spoken to. */
  readonly tls: UpstreamTlsOptions
}

export interface QueueOptions {
  readonly sessions: number
  readonly waitMs: number
}

export interface RetryOptions {
  readonly dials: number
  readonly budget: number
  readonly statuses: readonly number[]
}

export interface FailoverOptions {
  readonly mode: 'off' | 'close' | 'notify' | 'transparent'
  readonly on: { readonly lost: boolean; readonly codes: readonly number[] }
  readonly holdBytes: number
  readonly waitMs: number
  readonly message: string
}

export type StickyOptions =
  | {
      readonly kind: 'cookie'
      readonly name: string
      readonly path: string
      readonly maxAgeMs: number | undefined
      readonly sameSite: 'Lax' | 'Strict' | 'None'
    }
  | { readonly kind: 'engine.io' }
  | { readonly kind: 'expression'; readonly by: Expression }

/** What a pool tells. */
export type PoolEvent =
  UpstreamEvent | CertificateEvent | Extract<GatewayEvent, { type: 'mistake' }>

export interface PoolHost {
  readonly clock: Clock
  readonly query: DnsQuery
  readonly secret: string
  /** From 0 up to 1, without 1. */
  readonly random: () => number
  readonly emit: (event: PoolEvent) => void
  /** Something about its endpoints has changed: who is there, how one is, what it weighs. */
  readonly onChange: (upstream: string) => void
}
