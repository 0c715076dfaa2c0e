/**
 * Why code of somebody else's threw: one line, whatever it threw.
 */

/** @returns the first line: what follows is the code around a fault, or which module asked for which. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const [first = ''] = text.split('\n', 1)
  return first === '' ? 'it threw an error without a message' : first
}
