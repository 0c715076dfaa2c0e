/**
 * What listeners and routes are called: by their given name, or by what they are.
 * Invariant: no two of one list are called the same, and a default name gives way to a given one.
 */
/** The names of a list's items, in its order; a default name that is taken gets `-2`, `-3`, … */
export function uniqueNames<T extends { readonly name?: string | undefined }>(
  items: readonly T[],
  defaultName: (item: T) => string,
): string[] {
  const taken = new Set(items.map((item) => item.name))
  const times = new Map<string, number>() // the last number given, so that a thousand alike stay cheap
  return items.map((item) => {
    if (item.name !== undefined) return item.name
    const base = defaultName(item)
    let number = times.get(base) ?? 1
    let name = number === 1 ? base : `${base}-${number}`
    while (taken.has(name)) name = `${base}-${++number}`
    times.set(base, number)
    taken.add(name)
    return name
  })
}

export function listenerName(listener: {
  readonly port?: number | undefined
  readonly unix?: string | undefined
}): string {
  return listener.unix ?? String(listener.port)
}

export function routeName(route: {
  readonly host: readonly string[]
  readonly path: string
}): string {
  return route.host.join(',') + route.path
}
