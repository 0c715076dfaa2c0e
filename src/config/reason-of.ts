/**
 * Why code of somebody else's threw: one line, whatever it threw.
 */

/** @returns the first line: what follows is the code around a fault, or which module asked for which. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : textOf(error)
  const [first = ''] = text.split('\n', 1)
  return first === '' ? 'it threw an error without a message' : first
}

/** What cannot be turned into text is shown as the runtime shows it. */
function textOf(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : Bun.inspect(thrown)
}
