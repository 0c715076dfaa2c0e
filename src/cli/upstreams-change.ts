/**
 * `sluice upstreams add`, `remove`, `weight`, `drain` and `undrain`: changes the endpoints of the running
 * gateway, until it ends.
 */
import type { EndpointInfo } from '../proxy/upstream-info.ts'
import { findAdmin, type AdminOptions } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'
import { readable } from './readable.ts'
import { pathOf, type NamedEndpoint } from './upstreams.ts'

/** What is said of an endpoint that is added. */
export interface Addition {
  readonly weight?: string
  readonly backup?: boolean
  readonly sessions?: string
}

/** @returns the exit code. */
export function add(
  endpoint: NamedEndpoint,
  file: string,
  options: AdminOptions & Addition,
): Promise<number> {
  const { weight, backup, sessions } = options
  const path = pathOf(endpoint, {
    ...(weight !== undefined && { weight }),
    ...(backup === true && { backup: 'true' }),
    ...(sessions !== undefined && { sessions }),
  })
  return change(file, options, 'POST', path, ({ url }) => {
    return `${url} is an endpoint of ${endpoint.upstream}, until the gateway ends`
  })
}

/** @returns the exit code. */
export function remove(
  endpoint: NamedEndpoint,
  file: string,
  options: AdminOptions,
): Promise<number> {
  return change(file, options, 'DELETE', pathOf(endpoint), (removed) => {
    const end = removed.source === 'file' ? ', until the gateway ends' : ''
    return `${removed.url} is no endpoint of ${endpoint.upstream} any more${end}${rest(removed)}`
  })
}

/** @returns the exit code. */
export function weigh(
  endpoint: NamedEndpoint,
  weight: string,
  file: string,
  options: AdminOptions,
): Promise<number> {
  return change(file, options, 'PATCH', pathOf(endpoint, { weight }), (changed) => {
    return `${changed.url} has weight ${changed.weight}, until the gateway ends`
  })
}

/** @returns the exit code. */
export function drain(
  endpoint: NamedEndpoint,
  isDraining: boolean,
  file: string,
  options: AdminOptions,
): Promise<number> {
  const path = pathOf(endpoint, { drain: String(isDraining) })
  return change(file, options, 'PATCH', path, (changed) => {
    const { url, state, reason } = changed
    if (state === 'draining')
      return `${url} gets no new sessions, until the gateway ends${rest(changed)}`
    return state === 'healthy' ? `${url} takes sessions again` : `${url} is ${state}: ${reason}`
  })
}

/** @param describe what the endpoint is now, as a clause. */
async function change(
  file: string,
  options: AdminOptions,
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string,
  describe: (endpoint: EndpointInfo) => string,
): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const changed = await askAdmin<EndpointInfo>(place, method, path)
  if (changed === undefined) return 1
  console.info(options.json === true ? JSON.stringify(changed) : `✔ ${readable(describe(changed))}`)
  return 0
}

function rest({ sessions }: EndpointInfo): string {
  if (sessions === 0) return ''
  return sessions === 1 ? '; the one it has goes on' : `; the ${sessions} it has go on`
}
