/**
 * From what the configuration says of discovery to what does it.
 */
import { discoverByDns, type DnsOptions } from './dns.ts'
import { discoverByFile, type EndpointsFileOptions } from './endpoints-file.ts'
import type { Discovery, DiscoveryHost } from './source.ts'
import { discoverBySrv, type SrvOptions } from './srv.ts'

export type DiscoverOptions =
  | ({ readonly kind: 'dns' } & DnsOptions)
  | ({ readonly kind: 'srv' } & SrvOptions)
  | ({ readonly kind: 'file' } & EndpointsFileOptions)

export function createDiscovery(options: DiscoverOptions, host: DiscoveryHost): Discovery {
  switch (options.kind) {
    case 'dns':
      return discoverByDns(options, host)
    case 'srv':
      return discoverBySrv(options, host)
    case 'file':
      return discoverByFile(options)
  }
}
