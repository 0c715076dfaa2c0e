// Gateways with what a test cares about said in one place: a listener, and one route to one server.

import type { Config, ListenerConfig, RouteConfig } from '../../src/config/config.ts'
import { relayTo, startGatewayHere, type RunningGateway } from './gateway.ts'
import { dialTcp, type HttpMessage } from './tcp.ts'

export type RouteChange = Partial<Omit<RouteConfig, 'forward'>> & {
  readonly forward?: Partial<RouteConfig['forward']>
}

/** @param host where the route leads. */
export function startRouting(
  host: string,
  route: RouteChange = {},
  listener: Partial<ListenerConfig> = {},
): RunningGateway {
  return startGatewayHere(relayTo(`ws://${host}`), {}, (config) => ({
    ...config,
    listeners: config.listeners.map((each) => ({ ...each, ...listener })),
    routes: config.routes.map((each) => changed(each, route)),
  }))
}

function changed(route: RouteConfig, { forward, ...change }: RouteChange): RouteConfig {
  return { ...route, ...change, forward: { ...route.forward, ...forward } }
}

/** Several upstreams of one server each, and one route whose shares they have. */
export function startSplit(
  hosts: Readonly<Record<string, string>>,
  weights: Readonly<Record<string, number>>,
  route: RouteChange = {},
): RunningGateway {
  const yaml = `
listeners: ["127.0.0.1:0"]
upstreams: ${JSON.stringify(Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, `ws://${host}`])))}
routes: [{ upstream: ${Object.keys(hosts)[0] ?? ''} }]
`
  const upstreams = Object.entries(weights).map(([name, weight]) => ({ name, weight }))
  return startGatewayHere(yaml, {}, (config: Config) => ({
    ...config,
    routes: config.routes.map((each) => changed(each, { ...route, upstreams })),
  }))
}

/** Sends a request on a connection of its own. */
export async function ask(gateway: RunningGateway, request: string): Promise<HttpMessage> {
  using client = await dialTcp(gateway.port)
  client.send(request)
  return await client.message()
}

/** A request for a page. @param lines header lines beside `Host`. */
export function pageRequest(target: string, ...lines: readonly string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: gateway.test', ...lines, '', ''].join('\n')
}
