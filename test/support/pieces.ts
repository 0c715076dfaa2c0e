// Ways of cutting bytes into the chunks they may arrive in. A way is a list of ascending offsets.

export type Cuts = readonly number[]

/** Up to this length every pair of cuts is tried too. */
const maxLengthForPairs = 70

/** The pieces between the cuts, each with memory of its own, as a socket delivers them. */
export function pieces(bytes: Buffer, cuts: Cuts): Buffer[] {
  const ends = [...cuts, bytes.length]
  return ends.map((end, index) => Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end)))
}

/** One cut at each offset; byte by byte; where the bytes are few, every two cuts. */
export function* everyCutting(length: number): Generator<Cuts> {
  const offsets = Array.from({ length: Math.max(length - 1, 0) }, (_, index) => index + 1)
  yield offsets
  for (const offset of offsets) yield [offset]
  if (length > maxLengthForPairs) return
  for (const first of offsets) for (const second of offsets.slice(first)) yield [first, second]
}
