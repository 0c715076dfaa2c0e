/**
 * The endpoints among which the live sessions of an upstream are spread: the healthy ones. Those that are ejected
 * neither give nor take, as ejection is a guess; from those that are left sessions go anyway.
 */
import type { Endpoint } from '../../upstream/endpoint.ts'
import type { Pool } from '../../upstream/pool.ts'

export class Lineup {
  readonly #pool: Pool
  #before: ReadonlyMap<Endpoint, number> = new Map()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Whether somebody has come or gone, or weighs something else, since this was asked last. */
  hasChanged(): boolean {
    const before = this.#before
    const now = new Map(this.weights())
    this.#before = now
    return (
      now.size !== before.size || [...now].some(([each, weight]) => before.get(each) !== weight)
    )
  }

  /**
   * What each counts for. The full weight while it starts slowly, too: moves are at a pace anyway, and parts that
   * grow by the second would be chased.
   */
  *weights(): IterableIterator<[Endpoint, number]> {
    const healthy = Array.from(this.#pool.endpoints).filter((each) => this.has(each))
    const hasPrimary = healthy.some(({ options, weight }) => !options.isBackup && weight > 0)
    for (const endpoint of healthy)
      // Backups give back what they took.
      yield [endpoint, endpoint.options.isBackup && hasPrimary ? 0 : endpoint.weight]
  }

  has(endpoint: Endpoint): boolean {
    const there = this.#pool.endpoint(endpoint.url)
    return there?.standing.state === 'healthy'
  }

  /** Whether a session may be moved there. */
  takes(endpoint: Endpoint): boolean {
    return this.#pool.endpoint(endpoint.url) === endpoint && this.has(endpoint) && !endpoint.isFull
  }
}
