/**
 * A route as requests meet it: compiled from the configuration once, with the pool it leads to.
 */
import type { RouteConfig } from '../config/config.ts'
import type { Pool } from '../upstream/pool.ts'
import type { FrameRules } from '../wire/frame-scanner.ts'
import { Quota } from './quota.ts'

export class Route {
  readonly config: RouteConfig
  /** Where requests go; undefined for a route that answers by itself. */
  readonly pool: Pool | undefined
  /** Open sessions, and handshakes that may become one. */
  readonly sessions: Quota

  constructor(config: RouteConfig, pool: Pool | undefined) {
    this.config = config
    this.pool = pool
    const { sessions: total, sessionsPerClient: perClient } = config.limits
    this.sessions = new Quota({ total, perClient })
    this.#rules = [false, true].map((isMasked) =>
      [false, true].map((mayCompress) => ({
        isMasked,
        mayCompress,
        frameBytes: config.limits.frameBytes,
        messageBytes: config.limits.messageBytes,
      })),
    )
  }

  readonly #rules: readonly (readonly FrameRules[])[]

  /** What frames must be like; one shared object for all sessions of a kind. */
  frameRules(isMasked: boolean, mayCompress: boolean): FrameRules {
    const rules = this.#rules[Number(isMasked)]?.[Number(mayCompress)]
    if (rules === undefined) throw new RangeError('No frame rules')
    return rules
  }

  /** Whether a page of this origin may connect. A request without origin does not come from a page. */
  allowsOrigin(origin: string | undefined): boolean {
    const { origins } = this.config
    if (typeof origins === 'string' || origin === undefined) return true
    return origins.includes(origin.toLowerCase())
  }
}
