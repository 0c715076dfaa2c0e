/**
 * The parameters of a query, read strictly: one that is not known or not understood is refused, as an
 * answer to another question would be taken for one to this.
 */

/** @returns what is wrong, as a sentence; undefined where only known ones are given, each once. */
export function parameterFault(
  query: URLSearchParams,
  known: readonly string[],
): string | undefined {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      const there = known.length === 0 ? 'this takes none' : `there are ${known.join(', ')}`
      return `There is no parameter "${name}"; ${there}`
    }
    if (query.getAll(name).length > 1) return `The parameter ${name} is given more than once`
  }
  return undefined
}

/** @returns undefined for what is no whole number. */
export function readWhole(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** @returns undefined for what is neither `true` nor `false`. */
export function readFlag(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined
}
