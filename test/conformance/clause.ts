/**
 * A clause of an RFC, said in a sentence and shown in each situation it holds in. docs/conformance.md lists
 * them all; a test compares it with the lists that are run.
 */
import { describe, test } from 'bun:test'
import type { Situation } from './situation.ts'

export interface Clause {
  /** `§5.1`. */
  readonly section: string
  /** What is so. */
  readonly says: string
  readonly situations: readonly Situation[]
  show(situation: Situation): Promise<void>
}

/** In what a clause may take: every cutting of a dozen messages, on a machine that does something else too. */
const timeoutMs = 30_000

export function showClauses(rfc: string, clauses: readonly Clause[]): void {
  for (const clause of clauses) {
    describe(`${rfc} ${clause.section}: ${clause.says}`, () => {
      for (const situation of clause.situations)
        test(situation.name, () => clause.show(situation), timeoutMs)
    })
  }
}

/** Names the case that failed. */
export async function inCase<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw new Error(`${name}: ${String(error)}`, { cause: error })
  }
}
