/**
 * "Did you mean": the known name nearest to a mistyped one.
 * Invariant: a suggestion is at most one slip for every three characters away, so that it never
 * sounds like a guess.
 */
/** The candidate with the fewest slips (a letter missing, added, wrong, or two swapped), if near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let fewest = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue
    const slips = distance(name.toLowerCase(), candidate.toLowerCase())
    if (slips < fewest && slips < candidate.length) [best, fewest] = [candidate, slips]
  }
  return best
}

/** Damerau-Levenshtein distance, each pair of letters swapped at most once. */
function distance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1]
      let slips = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      )
      const isSwap = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (row > 1 && column > 1 && isSwap)
        slips = Math.min(slips, (beforeLast[column - 2] ?? 0) + 1)
      current.push(slips)
    }
    ;[beforeLast, last] = [last, current]
  }
  return last[right.length] ?? 0
}
