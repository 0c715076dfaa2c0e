/**
 * An endpoint that was learned from DNS: dialled at an address, spoken to by its name.
 */
import { isIP } from 'node:net'
import type { EndpointOptions } from '../endpoint-options.ts'
import type { DiscoveredForm } from './source.ts'

export interface Discovered {
  /** An IP address, without brackets. */
  readonly address: string
  readonly port: number
  /** What led to the address, with or without trailing dot. */
  readonly name: string
  readonly weight: number
  readonly isBackup: boolean
}

export function discoveredEndpoint(form: DiscoveredForm, found: Discovered): EndpointOptions {
  const { address, port, weight, isBackup } = found
  const { scheme, isTls, path } = form
  const name = found.name.replace(/\.$/, '').toLowerCase()
  return {
    url: `${scheme}${isTls ? 's' : ''}://${authorityOf(address, port, isTls)}${path}`,
    scheme,
    isTls,
    host: address,
    port,
    unix: undefined,
    path,
    authority: authorityOf(name, port, isTls),
    serverName: name === address ? undefined : name,
    weight,
    isBackup,
    sessions: undefined,
  }
}

/** Names of nobody: this very machine would answer for `0.0.0.0`, and nobody for a group. */
export function isDialable(address: string): boolean {
  return !/^(0\.|22[4-9]\.|23\d\.|25[0-5]\.|24\d\.|::$|ff)/i.test(address)
}

/** By URL; of several with the same one the first stays. */
export function sortedEndpoints(endpoints: readonly EndpointOptions[]): readonly EndpointOptions[] {
  const byUrl = new Map<string, EndpointOptions>()
  for (const endpoint of endpoints) if (!byUrl.has(endpoint.url)) byUrl.set(endpoint.url, endpoint)
  return [...byUrl.values()].toSorted((one, other) => (one.url < other.url ? -1 : 1))
}

function authorityOf(host: string, port: number, isTls: boolean): string {
  const shown = isIP(host) === 6 ? `[${host}]` : host
  return port === (isTls ? 443 : 80) ? shown : `${shown}:${port}`
}
