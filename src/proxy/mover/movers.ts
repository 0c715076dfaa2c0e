/**
 * The movers of a gateway: one for each upstream whose sessions can go on at another endpoint.
 */
import type { ConfigChange } from '../../core/reload.ts'
import type { Pool } from '../../upstream/pool.ts'
import type { MovingHost } from './movable.ts'
import { Mover } from './mover.ts'

/** Keys of an upstream by which a mover is made. */
const ownKeys = ['failover', 'drain', 'rebalance', 'balancer', 'sticky']

export class Movers {
  readonly #host: Omit<MovingHost, 'pool'>
  /** By the name of their upstream. */
  readonly #all = new Map<string, Mover>()
  #isStopped = true

  constructor(host: Omit<MovingHost, 'pool'>) {
    this.#host = host
  }

  get(upstream: string): Mover | undefined {
    return this.#all.get(upstream)
  }

  /** From now on sessions are moved. */
  start(pools: ReadonlyMap<string, Pool>): void {
    this.#isStopped = false
    for (const pool of pools.values()) this.#add(pool)
  }

  /** @param pools those that there are now. @param changes that led to them. */
  follow(pools: ReadonlyMap<string, Pool>, changes: readonly ConfigChange[]): void {
    if (this.#isStopped) return
    for (const { part, name, kind, keys } of changes) {
      if (part !== 'upstream') continue
      if (kind === 'changed' && !ownKeys.some((key) => keys.has(key))) continue
      this.#all.get(name)?.stop()
      this.#all.delete(name)
      const pool = pools.get(name)
      if (pool !== undefined) this.#add(pool)
    }
  }

  /** Something about the endpoints of an upstream has changed. */
  onChange(upstream: string): void {
    this.#all.get(upstream)?.onChange()
  }

  /** Who is about to be closed is moved no more. */
  stop(): void {
    this.#isStopped = true
    for (const mover of this.#all.values()) mover.stop()
    this.#all.clear()
  }

  #add(pool: Pool): void {
    if (!pool.mayMove) return
    const mover = new Mover({ ...this.#host, pool })
    this.#all.set(pool.name, mover)
    mover.onChange()
  }
}
