/**
 * Where endpoints are learned: what each way of discovery is given, and what it tells.
 */
import type { Clock } from '../../core/clock.ts'
import type { EndpointSource } from '../../core/events.ts'
import type { DnsQuery } from '../../net/dns-query.ts'
import type { EndpointOptions } from '../endpoint-options.ts'

export interface DiscoveryListener {
  /**
   * Called with every answer, also where it is the same as before: the whole list, sorted by URL, none twice,
   * never empty. After a failure it is the sign that all is well again.
   */
  onEndpoints(endpoints: readonly EndpointOptions[]): void
  /**
   * Called at the first of a row of failures, and by a file for each further mistake in it. What was told before
   * stays valid. @param detail a sentence without full stop.
   */
  onFailure(detail: string): void
}

export interface Discovery {
  readonly source: EndpointSource
  /** MUST be called once. @returns what ends it: after that nothing is told, and nothing is left behind. */
  start(listener: DiscoveryListener): () => void
}

export interface DiscoveryHost {
  readonly query: DnsQuery
  readonly clock: Clock
  /** From 0 up to 1, without 1. */
  random(): number
}

/** What endpoints are that have only an address of their own. */
export interface DiscoveredForm {
  readonly scheme: 'ws' | 'http'
  readonly isTls: boolean
  /** `''` or `/base`. */
  readonly path: string
  /** Asked again after so long at the latest, and sooner where the answer says so. */
  readonly everyMs: number
  /** Servers to ask, `address:port`; empty: those of the system. */
  readonly resolvers: readonly string[]
}
