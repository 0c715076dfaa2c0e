/**
 * What chooses among the endpoints of an upstream.
 *
 * Which endpoints there are to choose from (healthy, not draining, in the first tier) is settled before and
 * told by `update`; which of them are open at this very moment is asked of the `Choice`.
 */
import type { Extension } from './extension.ts'
import type { RequestContext } from './request-context.ts'

/** An endpoint as a balancer sees it. The same object for as long as the endpoint is there. */
export interface Candidate {
  /** The same on every gateway. */
  readonly url: string
  /** As configured or set since, above 0. */
  readonly weight: number
  /** The same, but less while the endpoint starts slowly; changes by itself as time passes. */
  readonly currentWeight: number
  /** Its sessions, and the handshakes and requests under way to it. */
  readonly load: number
  /** The moving average of its dial and ping times; undefined while nothing is known. */
  readonly latencyMs: number | undefined
}

export interface Choice {
  readonly request: RequestContext
  /** Whether it can be chosen now: it has room, and has not been tried for this request. Cheap. */
  readonly isOpen: (candidate: Candidate) => boolean
}

export interface Balancer {
  /**
   * Called before the first choice, and whenever candidates come or go or a weight is set. What is known of
   * those that stay MUST be kept: a change of one endpoint gives no other a second turn.
   * @param candidates in the order of the configuration, none twice; may be empty. It is not changed afterwards.
   */
  update(candidates: readonly Candidate[]): void
  /**
   * MUST return one that is open, whenever there is one; allocates nothing and waits for nothing.
   * @returns undefined if none is open.
   */
  choose(choice: Choice): Candidate | undefined
  /**
   * For a balancer that has a place for each request, whatever others are where: what `choose` would return, but
   * nobody goes there, so that no turn is used up. Live sessions are then rebalanced to their places, and
   * not to equal shares.
   * @returns undefined if none is open, or one is as good as another.
   */
  place?(choice: Choice): Candidate | undefined
}

export interface BalancerHost {
  /** From 0 up to 1, without 1. */
  random(): number
}

export type BalancerExtension = Extension<Balancer, BalancerHost>
