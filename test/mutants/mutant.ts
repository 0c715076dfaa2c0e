/**
 * A slip somebody could make in the code that reads and writes bytes of strangers, and the tests that must
 * notice it.
 */
import type { Mutation } from '../support/source-mutation.ts'

export interface Mutant extends Mutation {
  /** The files that are run against it, below `test/`: one test of them must fail. */
  readonly tests: readonly string[]
  /** What it would do in the wild. */
  readonly why: string
}

type Slip = Pick<Mutant, 'replace' | 'by' | 'why'>

/** Mutants of one file. */
export function mutantsOf(
  file: string,
  tests: readonly string[],
  slips: readonly Slip[],
): readonly Mutant[] {
  return slips.map((slip) => ({ file, tests, ...slip }))
}
