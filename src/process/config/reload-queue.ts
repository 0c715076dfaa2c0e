/**
 * Reloads, strictly one at a time. One more of each kind waits; who comes after that joins the one that
 * waits, which reads the configuration when its turn comes: so nobody's change is missed, and the queue ends.
 */
import type { Operations } from '../../core/operations.ts'

type Reload = Operations['reload']

export class ReloadQueue {
  readonly #reload: Reload
  /** Settles when all that was asked so far is done. */
  #last: Promise<unknown> = Promise.resolve()
  /** By whether it is a dry run. */
  readonly #waiting = new Map<boolean, ReturnType<Reload>>()

  /** @param reload MUST NOT reject. */
  constructor(reload: Reload) {
    this.#reload = reload
  }

  /** Resolves when none is under way or waits. */
  get idle(): Promise<unknown> {
    return this.#last
  }

  add({ isDryRun }: Parameters<Reload>[0]): ReturnType<Reload> {
    const joined = this.#waiting.get(isDryRun)
    if (joined !== undefined) return joined
    const own = this.#last.then(() => {
      this.#waiting.delete(isDryRun)
      return this.#reload({ isDryRun })
    })
    this.#waiting.set(isDryRun, own)
    this.#last = own
    return own
  }
}
