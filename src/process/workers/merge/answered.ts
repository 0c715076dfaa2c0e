/**
 * What was asked of all workers, and what of it has come.
 */
export interface Answered<Value> {
  /** From 1 on. */
  readonly worker: number
  readonly value: Value
}

/** Beside what the others have answered: the numbers of workers that have not answered in time; absent where all have. */
export interface Silence {
  readonly silent?: readonly number[]
}

export function silence(workers: readonly number[]): Silence {
  return workers.length === 0 ? {} : { silent: workers }
}

/** `worker 2`, `workers 1, 2`. */
export function nameWorkers(workers: readonly number[]): string {
  return `${workers.length === 1 ? 'worker' : 'workers'} ${workers.join(', ')}`
}

/** In the order of their keys' first appearance. */
export function groupBy<Each>(
  all: Iterable<Each>,
  keyOf: (each: Each) => string,
): readonly (readonly [Each, ...Each[]])[] {
  const groups = new Map<string, [Each, ...Each[]]>()
  for (const each of all) {
    const group = groups.get(keyOf(each))
    if (group === undefined) groups.set(keyOf(each), [each])
    else group.push(each)
  }
  return [...groups.values()]
}

export function sum<Each>(all: readonly Each[], pick: (each: Each) => number): number {
  return all.reduce((total, each) => total + pick(each), 0)
}
