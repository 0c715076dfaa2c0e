/**
 * A few pieces of work at once, the others in their turn: on two cores more would only slow each other down.
 */
export function turnsFor(
  mostAtOnce: number,
): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let busy = 0
  const line: (() => void)[] = []
  return async (work) => {
    if (busy >= mostAtOnce) await new Promise<void>((resolve) => line.push(resolve))
    else busy++
    try {
      return await work()
    } finally {
      const next = line.shift()
      if (next === undefined) busy--
      else next()
    }
  }
}
