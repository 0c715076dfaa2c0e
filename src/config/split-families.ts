/**
 * The upstreams of a split take the same requests, so all of them must speak the same.
 */
import type { EndpointConfig } from './config.ts'
import type { Issue, Item } from './issue.ts'
import type { Destination } from './schema/destination.ts'

type Family = EndpointConfig['scheme']

/** @param families of the sound upstreams, by name. */
export function splitIssues(
  routes: readonly Item<{ readonly upstreams: readonly Destination[] }>[],
  families: ReadonlyMap<string, Family>,
): Issue[] {
  return routes.flatMap(({ path, value: { upstreams } }): Issue[] => {
    const known = upstreams.flatMap(({ name, endpoint }) => {
      const family = endpoint?.scheme ?? families.get(name)
      return family === undefined ? [] : { name, family }
    })
    const [first] = known
    const other = known.find(({ family }) => family !== first?.family)
    if (first === undefined || other === undefined) return []
    const message = `the upstreams of a split speak the same; ${first.name} speaks ${first.family}, this one ${other.family}`
    return [{ path: [...path, 'upstream', other.name], message, isAboutKey: true }]
  })
}
