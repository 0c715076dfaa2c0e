/**
 * `sluice upstreams add`, `remove`, `weight` and `undrain`: changes the endpoints of the running
 * gateway, until it ends.
 */
import type { EndpointInfo } from '../proxy/upstream-info.ts'
import { findAdmin, type AdminOptions } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'
import { fateText } from './leaving-endpoint.ts'
import { readable } from './readable.ts'
import { lookAt, pathOf, type NamedEndpoint } from './upstreams.ts'

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
export async function remove(
  endpoint: NamedEndpoint,
  file: string,
  options: AdminOptions,
): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const removed = await askAdmin<EndpointInfo>(place, 'DELETE', pathOf(endpoint))
  if (removed === undefined) return 1
  const upstream = await lookAt(endpoint, place)
  if (upstream === undefined) return 1
  const end = removed.source === 'file' ? ', until the gateway ends' : ''
  const fate = fateText(removed, upstream)
  print(removed, options, `${removed.url} is no endpoint of ${upstream.name} any more${end}${fate}`)
  return 0
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
export function undrain(
  endpoint: NamedEndpoint,
  file: string,
  options: AdminOptions,
): Promise<number> {
  const path = pathOf(endpoint, { drain: 'false' })
  return change(file, options, 'PATCH', path, ({ url, state, reason }) => {
    return state === 'healthy' ? `${url} takes sessions again` : `${url} is ${state}: ${reason}`
  })
}

/** @param describe what the endpoint is now, as a clause. */
async function change(
  file: string,
  options: AdminOptions,
  method: 'POST' | 'PATCH',
  path: string,
  describe: (endpoint: EndpointInfo) => string,
): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const changed = await askAdmin<EndpointInfo>(place, method, path)
  if (changed === undefined) return 1
  print(changed, options, describe(changed))
  return 0
}

function print(endpoint: EndpointInfo, { json }: AdminOptions, sentence: string): void {
  console.info(json === true ? JSON.stringify(endpoint) : `✔ ${readable(sentence)}`)
}
