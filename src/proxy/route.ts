/**
 * A route as requests meet it: compiled from the configuration, with the pools it leads to. It stays the
 * same object for its sessions when the configuration changes.
 */
import type { RouteConfig } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'
import type { Pool } from '../upstream/pool.ts'
import type { FrameRules } from '../wire/frame-header.ts'
import { HeaderRewriter } from './header-rewrite.ts'
import { Quota, type QuotaLimits } from './quota.ts'
import { Redirect } from './redirect.ts'
import type { RequestFacts } from './request-facts.ts'
import { Split } from './split.ts'
import { stuckPool } from './stickiness.ts'

/** By the name of their upstream. */
type Pools = ReadonlyMap<string, Pool>

/** What a configuration of it comes to. Never changed: whoever came by it can keep it. */
export interface RouteTerms {
  readonly config: RouteConfig
  /** What is done to the headers of requests on their way to an endpoint, and of answers on theirs back. */
  readonly requestHeaders: HeaderRewriter
  readonly answerHeaders: HeaderRewriter
  /** For a route that sends its requests elsewhere. */
  readonly redirect: Redirect | undefined
}

/** Of all its sessions of one kind: one object, so that they follow when it changes. */
type LiveRules = { -readonly [Key in keyof FrameRules]: FrameRules[Key] }

export class Route implements RouteTerms {
  /** Open sessions, and handshakes that may become one. */
  readonly sessions: Quota
  /** Handshakes under way. */
  readonly handshakes = new Set<RequestFacts>()
  /** It is in no table any more: whoever comes to it late has to go. */
  isRemoved = false
  #terms: RouteTerms
  /** Where it leads. */
  #pools: readonly Pool[]
  #split: Split<Pool>
  readonly #rules: readonly (readonly LiveRules[])[]

  /** @param pools by the name of their upstream: at least those the route leads to. */
  constructor(config: RouteConfig, pools: Pools) {
    this.sessions = new Quota(quotaLimits(config))
    this.#terms = termsOf(config)
    this.#pools = poolsOf(config, pools)
    this.#split = splitOf(config, pools)
    this.#rules = [false, true].map((isMasked) =>
      [false, true].map((mayCompress) => ({ isMasked, mayCompress, ...sizesOf(config) })),
    )
  }

  /**
   * Makes ready for another configuration, which sessions that are open see at once where they ask for it.
   * @param hasNewSplit else an administrator's shares stay. @param addresses of its sessions.
   * @returns what makes it so.
   */
  prepare(
    config: RouteConfig,
    all: Pools,
    { hasNewSplit, addresses }: { hasNewSplit: boolean; addresses: () => Iterable<string> },
  ): () => void {
    const terms = termsOf(config)
    const pools = poolsOf(config, all)
    const split = hasNewSplit ? splitOf(config, all) : undefined
    return () => {
      this.#terms = terms
      this.#pools = pools
      this.#split = split ?? this.#split
      const underWay = () => Array.from(this.handshakes, ({ address }) => address)
      this.sessions.follow(quotaLimits(config), () => [...addresses(), ...underWay()])
      for (const rules of this.#rules.flat()) Object.assign(rules, sizesOf(config))
    }
  }

  /** Those of now. */
  get terms(): RouteTerms {
    return this.#terms
  }

  get config(): RouteConfig {
    return this.#terms.config
  }

  get requestHeaders(): HeaderRewriter {
    return this.#terms.requestHeaders
  }

  get answerHeaders(): HeaderRewriter {
    return this.#terms.answerHeaders
  }

  get redirect(): Redirect | undefined {
    return this.#terms.redirect
  }

  /** The names of those that clients are told to come back with, which is for its upstreams to say. */
  get ownCookies(): readonly string[] {
    return this.#pools.flatMap(({ sticky }) => (sticky?.kind === 'cookie' ? [sticky.name] : []))
  }

  /** Whether nothing is known yet of endpoints it leads to: then what a request sticks to may not be there yet. */
  get isDiscovering(): boolean {
    return this.#pools.some((pool) => pool.isDiscovering)
  }

  /** Until something is known, or for five seconds. @throws the signal's reason. */
  async untilDiscovered(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#pools.flatMap((pool) => pool.untilDiscovered(signal) ?? []))
  }

  /**
   * Where this request goes: by what it sticks to, by its value of `split-by`, or by turn.
   * @throws GatewayError NO_ENDPOINT where the route leads nowhere any more.
   */
  pickPool(facts: RequestFacts): Pool {
    const key = this.config.splitBy?.render(facts) ?? ''
    const stuck = this.#pools.length > 1 ? stuckPool(facts, this.#pools, key !== '') : undefined
    const pool = stuck ?? (key === '' ? this.#split.next() : this.#split.of(key))
    // It may have been told to answer by itself while the request waited for endpoints to be found.
    if (pool === undefined) throw new GatewayError('NO_ENDPOINT')
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

function termsOf(config: RouteConfig): RouteTerms {
  return {
    config,
    requestHeaders: new HeaderRewriter(config.forward.headers),
    answerHeaders: new HeaderRewriter(config.answer.headers),
    redirect: config.redirect && new Redirect(config.redirect.to),
  }
}

function poolsOf({ upstreams }: RouteConfig, pools: Pools): readonly Pool[] {
  return upstreams.map(({ name }) => poolOf(pools, name))
}

function splitOf({ upstreams }: RouteConfig, pools: Pools): Split<Pool> {
  return new Split(
    upstreams.map(({ name, weight }) => ({ name, weight, value: poolOf(pools, name) })),
  )
}

function quotaLimits({ limits }: RouteConfig): QuotaLimits {
  return { total: limits.sessions, perClient: limits.sessionsPerClient }
}

function sizesOf({ limits }: RouteConfig): Pick<FrameRules, 'frameBytes' | 'messageBytes'> {
  return { frameBytes: limits.frameBytes, messageBytes: limits.messageBytes }
}

function poolOf(pools: Pools, name: string): Pool {
  const pool = pools.get(name)
  if (pool === undefined) throw new RangeError(`There is no upstream ${name}`)
  return pool
}
