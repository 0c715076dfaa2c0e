/**
 * A route as requests meet it: compiled from the configuration once, with the pools it leads to.
 */
import type { RouteConfig } from '../config/config.ts'
import type { Pool } from '../upstream/pool.ts'
import type { FrameRules } from '../wire/frame-header.ts'
import { HeaderRewriter } from './header-rewrite.ts'
import { Quota } from './quota.ts'
import { Redirect } from './redirect.ts'
import type { RequestFacts } from './request-facts.ts'
import { Split } from './split.ts'
import { stuckPool } from './stickiness.ts'

export class Route {
  readonly config: RouteConfig
  /** What is done to the headers of requests on their way to an endpoint, and of answers on theirs back. */
  readonly requestHeaders: HeaderRewriter
  readonly answerHeaders: HeaderRewriter
  /** For a route that sends its requests elsewhere. */
  readonly redirect: Redirect | undefined
  /** Open sessions, and handshakes that may become one. */
  readonly sessions: Quota
  /** The names of those that clients are told to come back with. */
  readonly ownCookies: readonly string[]
  /** Where it leads. */
  readonly #pools: readonly Pool[]
  readonly #split: Split<Pool>
  readonly #rules: readonly (readonly FrameRules[])[]

  /** @param pools by the name of their upstream: at least those the route leads to. */
  constructor(config: RouteConfig, pools: ReadonlyMap<string, Pool>) {
    this.config = config
    const { sessions: total, sessionsPerClient: perClient } = config.limits
    this.sessions = new Quota({ total, perClient })
    this.requestHeaders = new HeaderRewriter(config.forward.headers)
    this.answerHeaders = new HeaderRewriter(config.answer.headers)
    this.redirect = config.redirect && new Redirect(config.redirect.to)
    this.#pools = config.upstreams.map(({ name }) => poolOf(pools, name))
    this.ownCookies = this.#pools.flatMap(({ sticky }) =>
      sticky?.kind === 'cookie' ? [sticky.name] : [],
    )
    this.#split = new Split(
      config.upstreams.map(({ name, weight }) => ({ name, weight, value: poolOf(pools, name) })),
    )
    this.#rules = [false, true].map((isMasked) =>
      [false, true].map((mayCompress) => ({
        isMasked,
        mayCompress,
        frameBytes: config.limits.frameBytes,
        messageBytes: config.limits.messageBytes,
      })),
    )
  }

  /** Whether nothing is known yet of endpoints it leads to: then what a request sticks to may not be there yet. */
  get isDiscovering(): boolean {
    return this.#pools.some((pool) => pool.isDiscovering)
  }

  /** Until something is known, or for five seconds. @throws the signal's reason. */
  async untilDiscovered(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#pools.flatMap((pool) => pool.untilDiscovered(signal) ?? []))
  }

  /** Where this request goes: by what it sticks to, by its value of `split-by`, or by turn. */
  pickPool(facts: RequestFacts): Pool {
    const key = this.config.splitBy?.render(facts) ?? ''
    const stuck = this.#pools.length > 1 ? stuckPool(facts, this.#pools, key !== '') : undefined
    const pool = stuck ?? (key === '' ? this.#split.next() : this.#split.of(key))
    if (pool === undefined) throw new RangeError(`The route ${this.config.name} leads nowhere`)
    return pool
  }

  /** What share of its requests goes to which upstream. */
  get shares(): Readonly<Record<string, number>> {
    return this.#split.weights
  }

  /** @param shares by the names of all its upstreams; not all 0. */
  setShares(shares: Readonly<Record<string, number>>): void {
    this.#split.setWeights(shares)
  }

  /** What frames must be like; one shared object for all sessions of a kind. */
  frameRules(isMasked: boolean, mayCompress: boolean): FrameRules {
    const rules = this.#rules[Number(isMasked)]?.[Number(mayCompress)]
    if (rules === undefined) throw new RangeError('No frame rules')
    return rules
  }
}

function poolOf(pools: ReadonlyMap<string, Pool>, name: string): Pool {
  const pool = pools.get(name)
  if (pool === undefined) throw new RangeError(`There is no upstream ${name}`)
  return pool
}
