/**
 * Bounds the dials to one endpoint that are under way at once; the others wait in line.
 *
 * A dial cannot be called off, only left behind (`net/connect`), and an endpoint that swallows
 * packets keeps each for minutes. So after a dial that timed out one probe at a time is let through,
 * until a dial is answered.
 */

/** Dials under way to one endpoint: more would only queue in its backlog. */
const maxUnderWay = 64
/** With those left behind, which the kernel still has; at a probe every five seconds about 26 are. */
const maxPending = 128

export class DialGate {
  /** Dials somebody waits for. */
  #underWay = 0
  #leftBehind = 0
  /** A dial timed out, and none was answered since. */
  #isSuspect = false
  readonly #line: Waiting[] = []

  get hasRoom(): boolean {
    const most = this.#isSuspect ? 1 : maxUnderWay
    return this.#underWay < most && this.#underWay + this.#leftBehind < maxPending
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

  /** The dial was answered, by a connection or a refusal, while somebody waited for it. */
  answered(): void {
    this.#isSuspect = false
    this.#underWay--
    this.#letIn()
  }

  /** No dial was made after all. */
  leave(): void {
    this.#underWay--
    this.#letIn()
  }

  /** Nobody waits for the dial any more, but the kernel still has it. */
  leftBehind(isTimeout: boolean): void {
    this.#underWay--
    this.#leftBehind++
    if (isTimeout) this.#isSuspect = true
    this.#letIn()
  }

  /** The kernel has given up, or connected, a dial that was left behind. */
  settledLate(): void {
    this.#leftBehind--
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
