/**
 * Whom somebody is sent to of one upstream, and who waits while nobody has room.
 *
 * Invariant: whoever is given an endpoint is counted there from that moment until it `leave`s it.
 */
import type { Clock } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { RequestContext } from '../core/request-context.ts'
import type { Endpoint } from './endpoint.ts'
import type { Members } from './members.ts'
import type { PoolOptions } from './pool-options.ts'
import type { Tiers } from './tiers.ts'
import { WaitingLine } from './waiting-line.ts'

/** Somebody who wants an endpoint. */
export interface Ask {
  readonly request: RequestContext
  readonly isSession: boolean
  /** Where an earlier request of the same client went, if it can be used. */
  readonly sticksTo: Endpoint | undefined
  /** Those that have failed it. */
  readonly tried: readonly Endpoint[]
}

export interface ChooserParts {
  /** Read anew each time. */
  readonly settings: { readonly options: Pick<PoolOptions, 'sticky' | 'queue'> }
  readonly members: Members
  readonly tiers: Tiers
  readonly clock: Clock
}

export class Chooser {
  /** The moment of the choice under way, by the clock. */
  choosingAtMs = 0
  /** May be replaced. */
  tiers: Tiers
  readonly #settings: ChooserParts['settings']
  readonly #members: Members
  readonly #clock: Clock
  readonly #line: WaitingLine<Endpoint>

  constructor({ settings, members, tiers, clock }: ChooserParts) {
    this.tiers = tiers
    this.#settings = settings
    this.#members = members
    this.#clock = clock
    this.#line = new WaitingLine(clock)
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#line.length
  }

  /** There may be others to choose from. */
  onChange(): void {
    this.tiers.invalidate()
    this.#line.serve()
  }

  /** A place became free. */
  onRoom(): void {
    if (this.#line.length > 0) this.#line.serve()
  }

  /** Nobody waits any more. */
  dismiss(): void {
    this.#line.dismiss()
  }

  /** See `Pool.enter`. */
  enter(ask: Ask, signal: AbortSignal, limitMs: number): Endpoint | Promise<Endpoint> {
    return this.enterInTurn(ask) ?? this.#wait(ask, signal, limitMs)
  }

  /** The same without a wait. @returns undefined if there is none, or others wait for it. */
  enterInTurn(ask: Ask): Endpoint | undefined {
    // Those in line wait for room elsewhere than where somebody sticks.
    const mustWait = ask.isSession && this.#line.length > 0 && !this.#isStillFit(ask)
    return mustWait ? undefined : this.enterNow(ask)
  }

  /** The same before those who wait. @returns undefined if there is none that is fit and has room. */
  enterNow(ask: Ask): Endpoint | undefined {
    const endpoint = this.#choose(ask)
    endpoint?.enter(ask.isSession)
    return endpoint
  }

  /** See `Pool.placeOf`. */
  placeOf(request: RequestContext, from: Endpoint): Endpoint | undefined {
    this.choosingAtMs = this.#clock.now()
    return from.without(() => this.tiers.place(request, this.#keyOf(request)))
  }

  /** Whether one is there, beside these, that could be given to somebody now. */
  hasOther(others: readonly Endpoint[], isSession: boolean): boolean {
    for (const endpoint of this.#members.all()) {
      const { standing, weight, isFull } = endpoint
      const isFit = standing.state === 'healthy' || standing.state === 'ejected'
      if (isFit && weight > 0 && !(isSession && isFull) && !others.includes(endpoint)) return true
    }
    return false
  }

  async #wait(ask: Ask, signal: AbortSignal, limitMs: number): Promise<Endpoint> {
    const { queue } = this.#settings.options
    if (ask.isSession && queue !== undefined && this.#line.length < queue.sessions) {
      const served = await this.#line.wait({
        attempt: () => this.enterNow(ask),
        limitMs: Math.min(queue.waitMs, limitMs),
        signal,
      })
      if (served !== undefined) return served
    }
    const isFull = ask.isSession && this.tiers.isFull
    throw new GatewayError(isFull ? 'ENDPOINTS_FULL' : 'NO_ENDPOINT')
  }

  #choose(ask: Ask): Endpoint | undefined {
    const { request, isSession, sticksTo, tried } = ask
    if (this.#isStillFit(ask)) return sticksTo
    const key = this.#keyOf(request)
    this.choosingAtMs = this.#clock.now()
    return this.tiers.choose({ request, isSession, key, tried })
  }

  /** What a request sticks by; empty: nothing. */
  #keyOf(request: RequestContext): string {
    const { sticky } = this.#settings.options
    return sticky?.kind === 'expression' ? sticky.by.render(request) : ''
  }

  /** Whether it sticks to one that can be used: much may have happened while it waited. */
  #isStillFit({ isSession, sticksTo, tried }: Ask): boolean {
    if (sticksTo === undefined || tried.includes(sticksTo)) return false
    const { state } = sticksTo.standing
    const isUsable = state === 'healthy' || (state === 'draining' && !isSession)
    const isThere = this.#members.get(sticksTo.url) === sticksTo
    return isUsable && isThere && !(isSession && sticksTo.isFull)
  }
}
