/**
 * A change of one place in the sources, which is to be noticed.
 *
 * The place must be found exactly once: what was named must not go untried because the code has moved.
 */

export interface Mutation {
  /** Below `src/`. */
  readonly file: string
  readonly replace: string
  readonly by: string
}

/** @param what stands in that place, for the error. @returns the text of the file with the change. */
export function mutate(
  text: string,
  { file, replace, by }: Mutation,
  what: 'defence' | 'code',
): string {
  const parts = text.split(replace)
  if (parts.length === 2) return parts.join(by)
  const times = parts.length - 1
  throw new Error(`The ${what} has moved: src/${file} has ${times} times, not once:\n${replace}`)
}
