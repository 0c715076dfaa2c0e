/**
 * How an upgrade gets on, told to whoever asked for it, at their pace. It is bounded: of how many sessions
 * are left only the latest number is kept for who does not read.
 */
import type { UpgradeStep } from '../../core/operations.ts'

export class UpgradeProgress implements AsyncIterable<UpgradeStep> {
  readonly #unread: UpgradeStep[] = []
  #isOver = false
  #news = Promise.withResolvers<void>()

  tell(step: UpgradeStep): void {
    if (step.step === 'leaving' && this.#unread.at(-1)?.step === 'leaving') this.#unread.pop()
    this.#unread.push(step)
    this.#news.resolve()
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true
    this.#news.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<UpgradeStep> {
    for (;;) {
      const step = this.#unread.shift()
      if (step !== undefined) yield step
      else if (this.#isOver) return
      else {
        await this.#news.promise
        this.#news = Promise.withResolvers()
      }
    }
  }
}
