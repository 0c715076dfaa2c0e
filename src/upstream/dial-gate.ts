/**
 * Bounds the dials to one endpoint that are under way at once; the others wait in line.
 *
 * After a dial that timed out one probe at a time is let through, until a dial is answered: an endpoint
 * that swallows packets shall hold up nobody but those who come first.
 */

/** More would only queue in its backlog. */
const maxUnderWay = 64

export class DialGate {
  #underWay = 0
  /** That may be. One where a dial timed out, and none was answered since. */
  #most = maxUnderWay
  readonly #line: Waiting[] = []

  /** Whether dials hang: only a probe may find out that they do not. */
  get isSuspect(): boolean {
    return this.#most < maxUnderWay
  }

  get hasRoom(): boolean {
    return this.#underWay < this.#most
  }

  /** Resolves when a dial may start; rejects with the signal's reason when that is aborted before. */
  enter(signal: AbortSignal): Promise<void> | undefined {
    if (this.hasRoom && !signal.aborted) {
      this.#underWay++
      return undefined
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        enter: () => {
          signal.removeEventListener('abort', waiting.giveUp)
          resolve()
        },
        giveUp: () => {
          const place = this.#line.indexOf(waiting)
          if (place >= 0) this.#line.splice(place, 1)
          reject(signal.reason)
        },
      }
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', waiting.giveUp, { once: true })
      this.#line.push(waiting)
    })
  }

  /** The dial was answered, by a connection or a refusal. */
  answered(): void {
    this.#most = maxUnderWay
    this.leave()
  }

  /** Somebody who did not come through here was answered. */
  trust(): void {
    this.#most = maxUnderWay
    this.#letIn()
  }

  /** The dial took too long. */
  timedOut(): void {
    this.#most = 1
    this.leave()
  }

  /** No dial was made after all, or nobody wanted it any more. */
  leave(): void {
    this.#underWay--
    this.#letIn()
  }

  #letIn(): void {
    while (this.#line.length > 0 && this.hasRoom) {
      this.#underWay++
      this.#line.shift()?.enter()
    }
  }
}

interface Waiting {
  readonly enter: () => void
  readonly giveUp: () => void
}
