/**
 * What a sound file says → the Config: names given, files absolute, upstreams in one list.
 * Invariant: nothing is refused here; whatever could be wrong has been told before.
 */
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import type {
  AdminConfig,
  Config,
  DiscoverConfig,
  EndpointConfig,
  ListenerConfig,
  RouteConfig,
  TlsConfig,
  UpstreamConfig,
} from './config.ts'
import { framingOf } from './framing.ts'
import { listenerName, routeName, uniqueNames } from './names.ts'
import { endpointsReader } from './endpoints-file.ts'
import type { Schemas } from './schema.ts'
import type { Discover } from './schema/discover.ts'
import { inFolder } from './schema/endpoint.ts'
import { upstreamOf } from './schema/upstream.ts'

type Written = z.output<Schemas['config']>
type File = (path: string) => string
type Family = EndpointConfig['scheme']

/** @param folder what relative paths start from; absolute. */
export function compose(written: Written, folder: string): Omit<Config, 'written' | 'registry'> {
  const file: File = (path) => resolve(folder, path)
  const { secret, listeners, routes, leave, workers, limits, admin, log } = written
  const [listenerNames, routeNames] = [
    uniqueNames(listeners, listenerName),
    uniqueNames(routes, routeName),
  ]
  return {
    secret,
    listeners: listeners.map((each, index) => listenerOf(each, listenerNames[index] ?? '', file)),
    upstreams: upstreamsOf(written, folder),
    routes: routes.map((each, index) => routeOf(each, routeNames[index] ?? '')),
    leave: { delayMs: leave.delay, windowMs: leave.window },
    workers,
    limits: { compressionBytes: limits['compression-memory'] },
    admin: admin && adminOf(admin, folder),
    log: { level: log.level, format: log.format },
  }
}

/** @param folder as for `compose`. */
export function adminOf(
  { address, port, unix, token }: NonNullable<Written['admin']>,
  folder: string,
): AdminConfig {
  return { address, port: port ?? 0, unix: unix && resolve(folder, unix), token }
}

function listenerOf(
  {
    address,
    port,
    unix,
    tls,
    redirect,
    proxyProtocol,
    trustedProxies,
    limits,
    timeout,
  }: Written['listeners'][number],
  name: string,
  file: File,
): ListenerConfig {
  return {
    name,
    address,
    port: port ?? 0,
    unix: unix && file(unix),
    tls: tls?.map((each) => tlsOf(each, file)),
    proxyProtocol,
    trustedProxies,
    redirectPort: redirect,
    limits,
    timeout,
  }
}

function tlsOf({ cert, key, client, ...rest }: TlsConfig, file: File): TlsConfig {
  return {
    ...rest,
    cert: file(cert),
    key: file(key),
    client: client && { ...client, ca: file(client.ca) },
  }
}

/** The named ones, then those that a route gives by URL. */
function upstreamsOf({ upstreams, routes, defaults }: Written, folder: string): UpstreamConfig[] {
  const all = new Map(Object.entries(upstreams))
  for (const { name, endpoint } of routes.flatMap((route) => route.upstreams)) {
    if (endpoint !== undefined)
      all.set(name, upstreamOf({ endpoints: [endpoint] }, defaults.upstream))
  }
  const file: File = (path) => resolve(folder, path)
  return [...all].map(([name, { tls, endpoints, discover, ...rest }]) => ({
    ...rest,
    name,
    endpoints: endpoints.map((each) => inFolder(each, folder)),
    discover: discover && discoverOf(discover, endpoints[0]?.scheme, file),
    tls: {
      ...tls,
      ca: tls.ca && file(tls.ca),
      cert: tls.cert && file(tls.cert),
      key: tls.key && file(tls.key),
    },
  }))
}

function discoverOf(discover: Discover, scheme: Family | undefined, file: File): DiscoverConfig {
  if (discover.kind !== 'file') return discover
  const path = file(discover.file)
  return { kind: 'file', file: path, read: endpointsReader({ folder: dirname(path), scheme }) }
}

function routeOf(route: Written['routes'][number], name: string): RouteConfig {
  const { upstreams, respond, redirect, forward } = route
  return {
    ...route,
    ...framingOf(route),
    name,
    upstreams: upstreams.map((each) => ({ name: each.name, weight: each.weight })),
    respond,
    redirect,
    forward: { path: forward.path, host: forward.host, headers: forward.headers },
  }
}
