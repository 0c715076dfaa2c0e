/**
 * Lines on standard output, with its pressure told: Bun keeps what nobody reads yet, without bound.
 */

/** What is kept for a reader that is slow, such as a pager, before the source is to stop. */
const fullBytes = 1024 * 1024

export interface LineOutputEvents {
  /** It is full, until `onRoom`: nothing more should come. */
  readonly onFull: () => void
  readonly onRoom: () => void
  /** Nobody reads any more, as behind `| head`. */
  readonly onGone: () => void
}

export class LineOutput {
  readonly #events: LineOutputEvents
  #pendingBytes = 0
  #isFull = false
  /** Nobody reads it any more. */
  isGone = false
  #flushed: PromiseWithResolvers<void> | undefined

  constructor(events: LineOutputEvents) {
    this.#events = events
    // Without a listener it would be an uncaught error; each write hears of it by itself.
    process.stdout.on('error', () => {})
  }

  print(line: string): void {
    if (this.isGone) return
    const bytes = Buffer.from(`${line}\n`)
    this.#pendingBytes += bytes.length
    process.stdout.write(bytes, (error) => this.#onWritten(bytes.length, error))
    if (this.#isFull || this.#pendingBytes <= fullBytes) return
    this.#isFull = true
    this.#events.onFull()
  }

  /** Resolves when everything is out, or nobody reads it. */
  flush(): Promise<void> {
    if (this.#pendingBytes === 0 || this.isGone) return Promise.resolve()
    this.#flushed ??= Promise.withResolvers()
    return this.#flushed.promise
  }

  #onWritten(bytes: number, error: Error | null | undefined): void {
    this.#pendingBytes -= bytes
    if (error && !this.isGone) {
      this.isGone = true
      this.#events.onGone()
    }
    if (this.#isFull && (this.#pendingBytes <= fullBytes || this.isGone)) {
      this.#isFull = false
      this.#events.onRoom()
    }
    if (this.#pendingBytes === 0 || this.isGone) this.#flushed?.resolve()
  }
}
