/**
 * A session that has left its server, or lost it: the next one is looked for, unless it was found before, until it
 * has taken over or the time for that is up.
 */
import type { Clock } from '../../core/clock.ts'
import { GatewayError } from '../../core/errors.ts'
import { discard, Search, type NextServer, type Redial, type Redialler } from './redialler.ts'

export interface SwitchoverOptions {
  readonly clock: Clock
  readonly waitMs: number
  readonly redialler: Redialler
  readonly redial: Pick<Redial, 'session' | 'moves'>
  /** Before it begins to look. */
  readonly pauseMs: number
  /** One that was found before the last was left. */
  readonly next: NextServer | undefined
  /** Whether all that the last server has sent has passed. */
  readonly isFlushed: () => boolean
  readonly onNext: (next: NextServer) => void
  readonly onFailure: (error: unknown) => void
}

export class Switchover {
  readonly isCommitted = true
  readonly #options: SwitchoverOptions
  readonly #search = new Search()
  readonly #callOffWait: () => void
  #next: NextServer | undefined
  #isCancelled = false
  #callOffPause: (() => void) | undefined

  constructor(options: SwitchoverOptions) {
    const { clock, waitMs, next } = options
    this.#options = options
    this.#next = next
    this.#callOffWait = clock.after(waitMs, () => {
      this.#search.end(
        new GatewayError('NO_ENDPOINT', `no server was found within ${waitMs / 1_000}s`),
      )
    })
  }

  start(): void {
    const { clock, pauseMs } = this.#options
    if (this.#next !== undefined) this.#found()
    else if (pauseMs === 0) void this.#find()
    else this.#callOffPause = clock.after(pauseMs, () => void this.#find())
  }

  /** What the last server has sent may have passed by now. */
  flushed(): void {
    if (this.#next !== undefined) this.#found()
  }

  /** The session is over, or goes on without this. */
  cancel(): void {
    this.#isCancelled = true
    this.#callOffPause?.()
    this.#callOffWait()
    this.#search.end(new GatewayError('CLIENT_GONE'))
    if (this.#next !== undefined) discard(this.#next)
    this.#next = undefined
  }

  async #find(): Promise<void> {
    const { redialler, redial, onFailure } = this.#options
    const search = this.#search
    try {
      const next = await redialler.redial({ ...redial, isPatient: true, search })
      if (search.isOver) {
        discard(next)
        throw search.reason
      }
      this.#next = next
    } catch (error) {
      this.#callOffWait()
      if (!this.#isCancelled) onFailure(error)
      return
    }
    this.#found()
  }

  /** One that has ended meanwhile would take what is written to it, and nobody would know. */
  #found(): void {
    const { isFlushed, onNext } = this.#options
    const next = this.#next
    if (next === undefined || !isFlushed()) return
    this.#next = undefined
    if (next.connection.hasEnded) {
      discard(next)
      return void this.#find()
    }
    this.#callOffWait()
    onNext(next)
  }
}
