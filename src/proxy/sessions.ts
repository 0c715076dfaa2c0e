/**
 * The open sessions of this process.
 */
import type { Session } from './session.ts'

export class Sessions {
  readonly #open = new Set<Session>()
  #onEmpty: (() => void) | undefined
  #isLeaving = false

  get size(): number {
    return this.#open.size
  }

  add(session: Session): void {
    this.#open.add(session)
    // Its handshake was under way when the others were told.
    if (this.#isLeaving) session.close('LEAVING')
  }

  delete(session: Session): void {
    this.#open.delete(session)
    if (this.#open.size === 0) this.#onEmpty?.()
  }

  /** Closes all sessions, spread evenly over a while so that their clients do not all come back at once. */
  closeAll(windowMs: number): void {
    this.#isLeaving = true
    const sessions = [...this.#open]
    for (const [index, session] of sessions.entries()) {
      setTimeout(() => session.close('LEAVING'), (windowMs * index) / sessions.length)
    }
  }

  /** Resolves when the last session is over. */
  async emptied(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve))
  }

  /** Cuts what is left. */
  destroyAll(): void {
    for (const session of this.#open) session.destroy()
  }
}
