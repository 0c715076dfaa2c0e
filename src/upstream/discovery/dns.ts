/**
 * `discover: { dns: name, port }`: each address of a name is an endpoint.
 */
import { discoveredEndpoint, isDialable, sortedEndpoints } from './discovered-endpoint.ts'
import { refresh, type Refreshed } from './refresh.ts'
import type { DiscoveredForm, Discovery, DiscoveryHost } from './source.ts'

export interface DnsOptions extends DiscoveredForm {
  readonly name: string
  readonly port: number
}

export function discoverByDns(options: DnsOptions, host: DiscoveryHost): Discovery {
  const { name, port, everyMs, resolvers } = options

  async function ask(signal: AbortSignal): Promise<Refreshed> {
    const answer = await host.query({ name, wanted: 'addresses', resolvers }, signal)
    if (answer.addresses.length === 0)
      throw new Error(answer.exists ? `${name} has no address` : `${name} does not exist`)
    const endpoints = answer.addresses
      .filter(isDialable)
      .map((address) =>
        discoveredEndpoint(options, { address, port, name, weight: 1, isBackup: false }),
      )
    if (endpoints.length === 0) throw new Error(`${name} has no address that can be dialled`)
    return { endpoints: sortedEndpoints(endpoints), ttlMs: answer.ttlMs }
  }

  return {
    source: 'dns',
    start: (listener) => refresh({ everyMs, ask }, host, listener),
  }
}
