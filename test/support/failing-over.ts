/** Gateways whose sessions outlive their servers. */
import type { RunningGateway } from './gateway.ts'

/**
 * The first server that can be had gets every session.
 *
 * @param failover as in YAML: `transparent`, or a mapping in flow style. @param route more keys of the route, in flow style.
 */
export function failingOver(
  servers: readonly { readonly url: string }[],
  failover = 'transparent',
  { upstream = '', route = '' } = {},
): string {
  return `
listeners: ["127.0.0.1:0"]
upstreams:
  chat: { endpoints: [${servers.map(({ url }) => JSON.stringify(url)).join(', ')}], balancer: first, failover: ${failover}, ${upstream} }
routes:
  - { upstream: chat, ${route} }
`
}

/** When sessions have moved so many times in all: what is said from then on reaches somebody. */
export async function moves(gateway: RunningGateway, count: number): Promise<void> {
  let seen = 0
  await gateway.event('session-moved', () => ++seen === count)
}
