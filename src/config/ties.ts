/**
 * What two items may not both claim: a name, a port, the same requests.
 * Invariant: the later one in the file is told, and the earlier one is named with it.
 */
import { isIP } from 'node:net'
import type { Issue, Path } from './issue.ts'

/** An item of a list and where it stands, so that an issue points there. */
export interface Item<T> {
  readonly path: Path
  readonly value: T
}

export function nameTies(items: readonly Item<{ readonly name?: string | undefined }>[]): Issue[] {
  const first = new Map<string, Path>()
  return items.flatMap(({ path, value }) => {
    if (value.name === undefined) return []
    const related = first.get(value.name)
    if (related === undefined) first.set(value.name, path)
    if (related === undefined) return []
    return {
      path: [...path, 'name'],
      message: `${JSON.stringify(value.name)} is already the name of`,
      related,
    }
  })
}

interface Place {
  readonly address: string
  readonly port: number
}

export function listenerTies(listeners: readonly Item<Place>[]): Issue[] {
  const byPort = Map.groupBy(listeners, (each) => each.value.port)
  byPort.delete(0) // any free port: a different one each time
  return [...byPort.values()].flatMap((group) =>
    group.flatMap(({ path, value }, index): Issue[] => {
      const earlier = group
        .slice(0, index)
        .find((other) => overlaps(other.value.address, value.address))
      if (earlier === undefined) return []
      const whole = earlier.value.address === value.address ? '' : ` of ${value.address}`
      return [
        { path, message: `port ${value.port}${whole} is already taken by`, related: earlier.path },
      ]
    }),
  )
}

/** Whether the system would refuse to bind one port to both: a wildcard takes every address it stands for. */
function overlaps(left: string, right: string): boolean {
  if (left === right || left === '::' || right === '::') return true
  const isAnyIPv4 = left === '0.0.0.0' || right === '0.0.0.0'
  return isAnyIPv4 && isIP(left) === 4 && isIP(right) === 4
}

interface Matched {
  readonly listeners: readonly string[]
  readonly host: readonly string[]
  readonly path: string
}

/** Routes between which nothing decides: one listener, one host and one path shape in common. */
export function routeTies(routes: readonly Item<Matched>[]): Issue[] {
  const first = new Map<string, Path>()
  return routes.flatMap(({ path, value }) => {
    // One that names its listeners goes before one that does not: they are no tie.
    const listeners = value.listeners.length === 0 ? [undefined] : value.listeners
    const hosts = value.host.length === 0 ? [''] : value.host
    const keys = listeners.flatMap((listener) =>
      hosts.map((host) => JSON.stringify([listener, host, shape(value.path)])),
    )
    const related = keys.map((key) => first.get(key)).find((claimed) => claimed !== undefined)
    for (const key of keys) if (!first.has(key)) first.set(key, path)
    if (related === undefined) return []
    return { path, message: 'matches the same listener, host and path as', related }
  })
}

/** `/chat/:room` and `/chat/:id` are one shape. */
function shape(path: string): string {
  return path.replace(/:[^/]+/g, ':')
}
