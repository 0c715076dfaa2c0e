/** Pools whose options change, as when a file is loaded again. */
import type { Prepared } from '../../src/core/reload.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { HealthOptions } from '../../src/upstream/health-watches.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import type { PoolOptions } from '../../src/upstream/pool-options.ts'

/** As files have them. */
const keyOf: Partial<Record<keyof PoolOptions, string>> = {
  slowStartMs: 'slow-start',
  keepAlive: 'keep-alive',
}

export function prepareChange(pool: Pool, more: Partial<PoolOptions>): Prepared {
  const names = Object.keys(more) as (keyof PoolOptions)[]
  const keys = new Set(names.map((name) => keyOf[name] ?? name))
  return pool.prepare({ ...pool.options, ...more }, keys)
}

export function changePool(pool: Pool, more: Partial<PoolOptions>): void {
  prepareChange(pool, more).commit()
}

/** Checks that end at once, as the test says. */
export class Checks {
  fault: string | undefined
  asked = 0

  options(more: Partial<HealthOptions> = {}): HealthOptions {
    const check = async (): Promise<undefined> => {
      this.asked++
      if (this.fault !== undefined) throw new Error(this.fault)
    }
    return {
      check: { type: 'mine', options: {}, create: () => ({ check }) },
      intervalMs: 5_000,
      timeoutMs: 2_000,
      healthy: 2,
      unhealthy: 3,
      movesSessions: false,
      ...more,
    }
  }
}

export function there(pool: Pool, url: string): Endpoint {
  const endpoint = pool.endpoint(url)
  if (endpoint === undefined) throw new Error(`${url} is not there`)
  return endpoint
}
