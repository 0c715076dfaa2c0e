/**
 * Two listeners, or a listener and `admin`, at one port or one Unix socket; and sockets whose path is
 * too long.
 * Invariant: what the system would refuse for what the file says is told here, and nothing else.
 */
import { isIP } from 'node:net'
import type { Issue, Item, Path } from './issue.ts'

interface Place {
  readonly address: string
  readonly port?: number | undefined
  readonly unix?: string | undefined
}

/** Of listeners, and of `admin` behind them. */
export function placeTies(places: readonly Item<Place>[]): Issue[] {
  return [
    ...portTies(places.filter((each) => each.value.unix === undefined)),
    ...socketTies(places),
  ]
}

function portTies(places: readonly Item<Place>[]): Issue[] {
  const byPort = Map.groupBy(places, (each) => each.value.port)
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

function socketTies(places: readonly Item<Place>[]): Issue[] {
  const first = new Map<string, Path>()
  return places.flatMap(({ path, value: { unix } }): Issue[] => {
    if (unix === undefined) return []
    const related = first.get(unix)
    if (related === undefined) first.set(unix, path)
    return related === undefined
      ? []
      : [{ path, message: 'its socket is already taken by', related }]
  })
}

const maxSocketBytes = 107 // sun_path of Linux, without its end

/** @param sockets absolute paths. */
export function socketIssues(sockets: readonly Item<string | undefined>[]): Issue[] {
  return sockets.flatMap(({ path, value = '' }): Issue[] => {
    const bytes = Buffer.byteLength(value)
    if (bytes <= maxSocketBytes) return []
    const message = `the path of its socket has ${bytes} bytes, and the system takes ${maxSocketBytes}`
    return [{ path, message, suggestion: 'choose a shorter one' }]
  })
}
