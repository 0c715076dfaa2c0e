/** Small configurations of a gateway, as values and as YAML. */
export interface ListenerSetup {
  readonly name: string
  /** Which of the world's ports. */
  readonly place: number
  /** Which of the world's certificates; undefined: plain. */
  readonly certificate: number | undefined
  readonly handshakes: number | undefined
}

export interface EndpointSetup {
  /** Which of the world's servers. */
  readonly server: number
  readonly weight: number
}

export interface UpstreamSetup {
  readonly name: string
  readonly endpoints: readonly EndpointSetup[]
  /** The rest, as in files. */
  readonly keys: Readonly<Record<string, unknown>>
}

export interface RouteSetup {
  readonly name: string
  readonly path: string
  readonly host: string | undefined
  readonly listener: string | undefined
  /** Shares by names; undefined: it answers by itself. */
  readonly upstream: Readonly<Record<string, number>> | undefined
  readonly sessions: number | undefined
  readonly perClient: number | undefined
  readonly keys: Readonly<Record<string, unknown>>
}

export interface Setup {
  readonly listeners: readonly ListenerSetup[]
  readonly upstreams: readonly UpstreamSetup[]
  readonly routes: readonly RouteSetup[]
  readonly more: Readonly<Record<string, unknown>>
}

export const listenerNames = ['a', 'b', 'c']
export const places = 4
export const servers = 3
/** What requests ask for. */
export const targets = ['/p', '/q', '/r/1', '/s/1', '/t'].flatMap((path) =>
  ['h.test', 'other.test'].map((host) => ({ path, host })),
)

/** What the places, servers and certificates of a setup are. */
export interface Surroundings {
  readonly ports: readonly number[]
  readonly urls: readonly string[]
  readonly certificates: readonly { readonly cert: string; readonly key: string }[]
}

/** JSON, which is YAML. @param ports 0 for each: any free one. */
export function yamlOf(setup: Setup, { ports, urls, certificates }: Surroundings): string {
  return JSON.stringify({
    ...setup.more,
    leave: { window: '0s' },
    listeners: setup.listeners.map(({ name, place, certificate, handshakes }) => ({
      name,
      address: '127.0.0.1',
      port: ports[place],
      ...(certificate !== undefined && { tls: certificates[certificate] }),
      ...(handshakes !== undefined && { limits: { handshakes } }),
    })),
    upstreams: Object.fromEntries(
      setup.upstreams.map(({ name, endpoints, keys }) => [
        name,
        {
          endpoints: endpoints.map(({ server, weight }) => ({ url: urls[server], weight })),
          ...keys,
        },
      ]),
    ),
    routes: setup.routes.map(routeYaml),
  })
}

function routeYaml(route: RouteSetup) {
  const { name, path, host, listener, upstream, sessions, perClient, keys } = route
  const { limits = {}, ...rest } = keys
  const bounds = {
    ...Object(limits),
    ...(sessions !== undefined && { sessions }),
    ...(perClient !== undefined && { 'sessions-per-client': perClient }),
  }
  const where = {
    name,
    path,
    ...(host !== undefined && { host }),
    ...(listener !== undefined && { listeners: [listener] }),
  }
  if (upstream === undefined) return { ...where, respond: { body: name } }
  const isSplit = Object.keys(upstream).length > 1
  return {
    ...where,
    upstream: isSplit ? upstream : Object.keys(upstream)[0],
    ...rest,
    ...(Object.keys(bounds).length > 0 && { limits: bounds }),
  }
}
