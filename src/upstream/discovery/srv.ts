/**
 * `discover: { srv: name }`: each address of each target of a service is an endpoint (RFC 2782). Targets of
 * the lowest priority are the primaries, all others backups.
 *
 * An endpoint is called by its target, and that is the name its certificate is for unless the upstream's
 * `tls.server-name` says otherwise.
 */
import type { DnsService } from '../../net/dns-message.ts'
import { discoveredEndpoint, isDialable, sortedEndpoints } from './discovered-endpoint.ts'
import { refresh, type Refreshed } from './refresh.ts'
import type { DiscoveredForm, Discovery, DiscoveryHost } from './source.ts'

export interface SrvOptions extends DiscoveredForm {
  readonly name: string
}

interface Resolved {
  readonly addresses: readonly string[]
  readonly ttlMs: number
}

/** The largest weight an endpoint can have. */
const maxWeight = 1_000

export function discoverBySrv(options: SrvOptions, host: DiscoveryHost): Discovery {
  const { name, everyMs, resolvers } = options

  async function ask(signal: AbortSignal): Promise<Refreshed> {
    const answer = await host.query({ name, wanted: 'services', resolvers }, signal)
    const services = inOrder(answer.services)
    if (services.length === 0)
      throw new Error(answer.exists ? `${name} has no services` : `${name} does not exist`)
    const targets = await resolveTargets(services, signal)
    const first = services[0]?.priority
    const weightOf = weightScale(services)
    const endpoints = services.flatMap((service) =>
      (targets.get(service.target)?.addresses ?? []).filter(isDialable).map((address) =>
        discoveredEndpoint(options, {
          address,
          port: service.port,
          name: service.target,
          weight: weightOf(service),
          isBackup: service.priority !== first,
        }),
      ),
    )
    if (endpoints.length === 0)
      throw new Error(`no target of ${name} has an address that can be dialled`)
    const ttls = [...targets.values()].map(({ ttlMs }) => ttlMs)
    return { endpoints: sortedEndpoints(endpoints), ttlMs: Math.min(answer.ttlMs, ...ttls) }
  }

  /** One that has no address is left out; where there is no answer for one, there is none for all. */
  async function resolveTargets(
    services: readonly DnsService[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Resolved>> {
    const byTarget = new Map(services.map((service) => [service.target, service.addresses]))
    const resolved = [...byTarget].map(async ([target, told]): Promise<[string, Resolved]> => {
      if (told.length > 0) return [target, { addresses: told, ttlMs: Infinity }]
      // Targets are whole names.
      return [
        target,
        await host.query({ name: `${target}.`, wanted: 'addresses', resolvers }, signal),
      ]
    })
    return new Map(await Promise.all(resolved))
  }

  return {
    source: 'srv',
    start: (listener) => refresh({ everyMs, ask }, host, listener),
  }
}

/** The same for the same records in any order; of several that lead to one address the first counts. */
function inOrder(services: readonly DnsService[]): readonly DnsService[] {
  return services.toSorted(
    (one, other) =>
      one.priority - other.priority ||
      other.weight - one.weight ||
      one.port - other.port ||
      (one.target < other.target ? -1 : 1),
  )
}

/** Proportions stay as they are, but none is without any share: a weight of 0 is "the lowest" in RFC 2782. */
function weightScale(services: readonly DnsService[]): (service: DnsService) => number {
  const largest = Math.max(...services.map(({ weight }) => weight))
  const scale = largest > maxWeight ? maxWeight / largest : 1
  return ({ weight }) => Math.max(1, Math.round(weight * scale))
}
