/**
 * Makes a Config of what a file says, or tells everything that is wrong with it.
 * Invariant: all issues at once. A listener, upstream or route with a fault of its own is set aside,
 * and the others are still checked against each other; what names a faulty one is not blamed for it.
 */
import type { z } from 'zod'
import { issuesOf, type Issue } from './issue.ts'
import { listenerName, routeName, uniqueNames } from './names.ts'
import { nearest } from './nearest.ts'
import { meant, show } from './reading.ts'
import type { Config, RouteConfig, UpstreamConfig } from './config.ts'
import { configSchema } from './schema.ts'
import { isUrl, readEndpoint } from './schema/endpoint.ts'
import { readName } from './schema/keys.ts'
import { listenerSchema } from './schema/listener.ts'
import { routeSchema } from './schema/route.ts'
import { upstreamOf } from './schema/upstream.ts'
import { listenerTies, nameTies, routeTies, type Item } from './ties.ts'

export type Checked =
  { readonly config: Config; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

type Mapping = Readonly<Record<string, unknown>>
type Written = z.output<typeof configSchema>
type Route = z.output<typeof routeSchema>
type Listener = z.output<typeof listenerSchema>

export function checkConfig(input: unknown): Checked {
  const whole = configSchema.safeParse(input, { reportInput: true })
  const written = isMapping(input) ? input : {}
  const listeners = soundItems(written['listeners'], listenerSchema, 'listeners')
  const routes = soundItems(written['routes'], routeSchema, 'routes')
  const asWritten = writtenRoutes(written['routes'])
  const names = listenerNames(written['listeners'], listeners)
  const issues = [
    ...(whole.success ? [] : issuesOf(whole.error)),
    ...nameTies(listeners),
    ...listenerTies(listeners),
    ...nameTies(routes),
    ...routeTies(routes),
    ...destinationIssues(asWritten),
    ...upstreamIssues(asWritten, written['upstreams'] ?? {}),
    ...(names === undefined ? [] : listenerIssues(asWritten, names)),
  ]
  if (!whole.success || issues.length > 0) return { issues }
  return { config: configOf(whole.data) }
}

/** The items of a list that have no fault of their own, with their places. */
function soundItems<T>(list: unknown, schema: z.ZodType<T>, key: string): Item<T>[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item, index) => {
    const { data } = schema.safeParse(item)
    return data === undefined ? [] : { path: [key, index], value: data }
  })
}

/** The names that routes may use; undefined where a faulty listener's name cannot be told. */
function listenerNames(list: unknown, sound: readonly Item<Listener>[]): string[] | undefined {
  if (!Array.isArray(list)) return undefined
  const names = uniqueNames(
    sound.map((each) => each.value),
    listenerName,
  )
  const soundIndexes = new Set(sound.map((each) => each.path[1]))
  for (const [index, item] of list.entries()) {
    if (soundIndexes.has(index)) continue
    const name: unknown = isMapping(item) ? item['name'] : undefined
    if (typeof name !== 'string') return undefined
    names.push(name)
  }
  return names
}

/** The routes as written, so that a fault in one key of a route hides none in another. */
function writtenRoutes(list: unknown): Item<Mapping>[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((value: unknown, index) =>
    isMapping(value) ? { path: ['routes', index], value } : [],
  )
}

function destinationIssues(routes: readonly Item<Mapping>[]): Issue[] {
  return routes.flatMap(({ path, value }): Issue[] => {
    const [hasUpstream, hasRespond] = [
      Object.hasOwn(value, 'upstream'),
      Object.hasOwn(value, 'respond'),
    ]
    if (hasUpstream && hasRespond) {
      return [
        {
          path: [...path, 'respond'],
          message: 'a route has upstream or respond, not both',
          isAboutKey: true,
        },
      ]
    }
    if (hasUpstream || hasRespond) return []
    return [{ path, message: 'the route leads nowhere', suggestion: 'give it upstream or respond' }]
  })
}

function upstreamIssues(routes: readonly Item<Mapping>[], upstreams: unknown): Issue[] {
  if (!isMapping(upstreams)) return []
  return routes.flatMap(({ path, value }): Issue[] => {
    const name = value['upstream']
    if (typeof name !== 'string' || isUrl(name) || Object.hasOwn(upstreams, name)) return []
    const suggestion = meantUpstream(name, Object.keys(upstreams))
    return [{ path: [...path, 'upstream'], message: `unknown upstream ${show(name)}`, suggestion }]
  })
}

function meantUpstream(name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known)
  if (near !== undefined) return meant(near)
  const looksLikeHost = /[:.]|^localhost$/.test(name)
  const url = `ws://${name}`
  if (looksLikeHost && readEndpoint(url).problem === undefined) return meant(url)
  return known.length === 0 ? 'there are no upstreams' : listOf(known, 'the upstreams are')
}

function listenerIssues(routes: readonly Item<Mapping>[], known: readonly string[]): Issue[] {
  return routes.flatMap(({ path, value: { listeners } }) => {
    if (!Array.isArray(listeners)) return []
    return listeners.flatMap((listener: unknown, index): Issue[] => {
      const name = readName(listener)
      if (name.problem !== undefined || known.includes(name.value)) return []
      const near = nearest(name.value, known)
      const suggestion = near === undefined ? listOf(known, 'the listeners are') : meant(near)
      return [
        {
          path: [...path, 'listeners', index],
          message: `unknown listener ${show(name.value)}`,
          suggestion,
        },
      ]
    })
  })
}

const listedNames = 8 // a line's worth; beyond that a list helps nobody find the right one

function listOf(names: readonly string[], opening: string): string | undefined {
  return names.length <= listedNames ? `${opening} ${names.join(', ')}` : undefined
}

function configOf({ listeners, upstreams, routes, leave, log }: Written): Config {
  const [listenerNames, routeNames] = [
    uniqueNames(listeners, listenerName),
    uniqueNames(routes, routeName),
  ]
  return {
    listeners: listeners.map((each, index) => ({
      ...each,
      name: listenerNames[index] ?? '',
      unix: undefined,
      tls: undefined,
      proxyProtocol: false,
      trustedProxies: [],
      redirectPort: undefined,
      limits: { ...each.limits, handshakes: undefined },
      timeout: { ...each.timeout, tlsMs: 10_000 },
    })),
    upstreams: upstreamsOf(upstreams, routes),
    routes: routes.map((each, index) => routeOf(each, routeNames[index] ?? '')),
    leave: { delayMs: leave.delay, windowMs: leave.window },
    admin: undefined,
    log: { level: log.level, format: log.format },
  }
}

const plainTls = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  isVerified: true,
}

function upstreamsOf(declared: Written['upstreams'], routes: readonly Route[]): UpstreamConfig[] {
  const all = new Map(Object.entries(declared))
  for (const { upstream } of routes) {
    if (upstream?.endpoint !== undefined) all.set(upstream.name, upstreamOf([upstream.endpoint]))
  }
  return [...all].map(([name, upstream]) => ({
    name,
    ...upstream,
    tls: plainTls,
    endpoints: upstream.endpoints.map((each) => ({ ...each, isTls: false, unix: undefined })),
  }))
}

const noRewrite = { set: [], remove: [] }

function routeOf({ upstream, respond, origins, ...route }: Route, name: string): RouteConfig {
  return {
    ...route,
    name,
    match: { header: {}, query: {}, subprotocol: [] },
    upstreams: upstream === undefined ? [] : [{ name: upstream.name, weight: 1 }],
    splitBy: undefined,
    respond,
    redirect: undefined,
    forward: { path: undefined, host: 'client', headers: noRewrite },
    answer: { headers: noRewrite },
    origins: origins ?? 'any',
    compression: 'pass',
    limits: {
      ...route.limits,
      sessionsPerClient: undefined,
      messages: undefined,
      bytes: undefined,
    },
    heartbeat: { clientMs: undefined, upstreamMs: undefined, timeoutMs: 10_000 },
  }
}

function isMapping(input: unknown): input is Mapping {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}
