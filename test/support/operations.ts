/**
 * Operations that do nothing but what a test tells them, and remember what they were asked.
 */
import type { Operations, UpgradeStep } from '../../src/core/operations.ts'
import type { ReloadChange, ReloadResult } from '../../src/core/reload.ts'

export const limitsChange: ReloadChange = {
  what: 'route chat',
  change: 'limits.messages 50/s → 80/s',
  sessions: { count: 412, fate: 'follow' },
  note: undefined,
}
export const routeRemoval: ReloadChange = {
  what: 'route lobby',
  change: 'removed',
  sessions: { count: 1, fate: 'leave' },
  note: undefined,
}

/** Steps that are told one by one. */
export class Steps implements AsyncIterable<UpgradeStep> {
  readonly #told: UpgradeStep[]
  #more = Promise.withResolvers<void>()
  #isOver = false
  readonly #taken = Promise.withResolvers<void>()

  constructor(...steps: readonly UpgradeStep[]) {
    this.#told = [...steps]
  }

  tell(...steps: readonly UpgradeStep[]): void {
    this.#told.push(...steps)
    this.#more.resolve()
  }

  /** Nothing more comes. @returns when all of it was taken. */
  end(): Promise<void> {
    this.#isOver = true
    this.#more.resolve()
    return this.#taken.promise
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<UpgradeStep> {
    for (;;) {
      const step = this.#told.shift()
      if (step !== undefined) yield step
      else if (this.#isOver) return this.#taken.resolve()
      else {
        await this.#more.promise
        this.#more = Promise.withResolvers()
      }
    }
  }
}

/** @param result of every reload. @param steps of every upgrade, or why there is none. */
export function fakeOperations({
  result = { outcome: 'reloaded', changes: [] },
  steps = 'this test has no upgrade',
}: {
  readonly result?: ReloadResult
  readonly steps?: AsyncIterable<UpgradeStep> | string
} = {}): Operations & { readonly asked: readonly string[] } {
  const asked: string[] = []
  return {
    asked,
    reload({ isDryRun }) {
      asked.push(isDryRun ? 'dry run' : 'reload')
      return Promise.resolve(result)
    },
    upgrade() {
      asked.push('upgrade')
      return steps
    },
  }
}
