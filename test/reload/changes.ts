/**
 * Random configurations: each next one differs from the one before in a few places, as files do that people change.
 */
import type { Random } from '../support/random.ts'
import {
  listenerNames,
  places,
  servers,
  type ListenerSetup,
  type RouteSetup,
  type Setup,
  type UpstreamSetup,
} from './setups.ts'

const upstreamNames = ['x', 'y', 'z']
const routeNames = ['one', 'two', 'three', 'four', 'five']
const paths = ['/p', '/q', '/r/*', '/s/:id', '/*', '/*', '/*']
const hosts = [undefined, 'h.test']

const upstreamKeys: Readonly<Record<string, readonly unknown[]>> = {
  balancer: [
    'round-robin',
    'least-connections',
    'first',
    'random-two',
    { hash: '$request.query.k' },
  ],
  failover: [
    'close',
    'notify',
    'transparent',
    { mode: 'transparent', on: ['lost', 1012], wait: '20s' },
  ],
  health: [
    { tcp: true, interval: '100ms', healthy: 1 },
    { path: '/', interval: '150ms', healthy: 1 },
    { tcp: true, interval: '100ms', healthy: 1, unhealthy: 1, move: true },
  ],
  sticky: [{ cookie: 'sluice' }, { cookie: 'other' }, { by: '$request.query.k' }],
  eject: ['off', { failures: 2, for: '1s' }],
  drain: [{ rate: '1000/s', settle: '0ms' }],
  rebalance: [{ rate: '50/s' }],
  queue: [{ sessions: 5, wait: '100ms' }],
  'slow-start': ['1s'],
  retry: [{ dials: 2 }],
  timeout: [{ connect: '2s' }],
  'keep-alive': [{ connections: 0 }, { connections: 2, idle: '1s' }],
}

const routeKeys: Readonly<Record<string, readonly unknown[]>> = {
  limits: [
    { messages: '1000/s' },
    { message: '1KB' },
    { message: '2KB', frame: '1KB' },
    { pending: '8KB', bytes: '1MB/s' },
  ],
  timeout: [{ idle: '1h' }, { age: '2h', send: '20s' }, { handshake: '5s' }],
  heartbeat: [{ client: '20s' }, { client: '30s', upstream: '10s' }],
  compression: ['off', 'gateway', { threshold: '1B', level: 2 }],
  origins: ['*', ['http://page.test']],
  answer: [{ headers: { set: { 'x-more': '1' } } }],
}

const moreKeys: Readonly<Record<string, readonly unknown[]>> = {
  secret: ['a secret that is long enough for it', 'another secret that is long enough'],
  limits: [{ 'compression-memory': '1MB' }],
}

export function firstSetup(random: Random): Setup {
  const bare: Setup = {
    listeners: [{ name: 'a', place: 0, certificate: undefined, handshakes: undefined }],
    upstreams: [
      { name: 'x', endpoints: [0, 1].map((server) => ({ server, weight: 1 })), keys: {} },
    ],
    routes: [routeOf('one', '/*', { x: 1 })],
    more: {},
  }
  let setup = bare
  for (let left = 6; left > 0; left--) setup = changed(setup, random)
  return setup
}

/** The same, with some things otherwise. */
export function changed(setup: Setup, random: Random): Setup {
  let next = setup
  for (let left = 1 + random.below(4); left > 0; left--) next = random.pick(changes)(next, random)
  return sound(next)
}

type Change = (setup: Setup, random: Random) => Setup

const changes: readonly Change[] = [
  (setup, random) => ({ ...setup, listeners: changedListeners(setup.listeners, random) }),
  (setup, random) => ({ ...setup, upstreams: changedUpstreams(setup.upstreams, random) }),
  (setup, random) => ({ ...setup, upstreams: changedUpstreams(setup.upstreams, random) }),
  (setup, random) => ({ ...setup, routes: changedRoutes(setup, random) }),
  (setup, random) => ({ ...setup, routes: changedRoutes(setup, random) }),
  (setup, random) => ({ ...setup, more: withOneOf(setup.more, moreKeys, random) }),
]

function changedListeners(all: Setup['listeners'], random: Random): Setup['listeners'] {
  const one = random.pick(all)
  const others = all.filter((each) => each !== one)
  switch (random.below(6)) {
    case 0:
      return others.length > 0 ? others : all
    case 1:
      return [...all, { ...one, name: random.pick(listenerNames), place: random.below(places) }]
    case 2:
      return [...others, { ...one, name: random.pick(listenerNames) }]
    case 3:
      return [...others, { ...one, place: random.below(places) }]
    case 4: {
      // Two change their names.
      const [other, ...rest] = others
      if (other === undefined) return all
      return [{ ...one, name: other.name }, { ...other, name: one.name }, ...rest]
    }
    default:
      return [
        ...others,
        {
          ...one,
          certificate: anyOf(random, [undefined, undefined, 0, 1]),
          handshakes: anyOf(random, [undefined, 50]),
        },
      ]
  }
}

function changedUpstreams(all: Setup['upstreams'], random: Random): Setup['upstreams'] {
  const one = random.pick(all)
  const others = all.filter((each) => each !== one)
  switch (random.below(6)) {
    case 0:
      return others.length > 0 ? others : all
    case 1:
      return [...all, { ...one, name: random.pick(upstreamNames) }]
    case 2:
    case 3: {
      const endpoints = one.endpoints.filter(() => random.below(3) > 0)
      endpoints.push({ server: random.below(servers), weight: 1 + random.below(3) })
      return [...others, { ...one, endpoints }]
    }
    default:
      return [...others, { ...one, keys: withOneOf(one.keys, upstreamKeys, random) }]
  }
}

function changedRoutes({ routes: all, ...setup }: Setup, random: Random): Setup['routes'] {
  const one = random.pick(all)
  const others = all.filter((each) => each !== one)
  const upstream = () => random.pick(setup.upstreams).name
  switch (random.below(8)) {
    case 0:
      return others.length > 0 ? others : all
    case 1:
    case 2:
      return [...all, routeOf(random.pick(routeNames), random.pick(paths), { [upstream()]: 1 })]
    case 3:
      return [...others, { ...one, path: random.pick(paths), host: anyOf(random, hosts) }]
    case 4: {
      const shares = { [upstream()]: 1 + random.below(3), [upstream()]: 1 + random.below(3) }
      return [...others, { ...one, upstream: random.below(4) === 0 ? undefined : shares }]
    }
    case 5:
      return [
        ...others,
        {
          ...one,
          listener: anyOf(random, [undefined, ...setup.listeners.map(({ name }) => name)]),
        },
      ]
    case 6:
      return [
        ...others,
        {
          ...one,
          sessions: anyOf(random, [undefined, 1, 3, 50]),
          perClient: anyOf(random, [undefined, undefined, 2, 60]),
        },
      ]
    default:
      return [...others, { ...one, keys: withOneOf(one.keys, routeKeys, random) }]
  }
}

function routeOf(name: string, path: string, upstream: Record<string, number>): RouteSetup {
  const limits = { sessions: undefined, perClient: undefined }
  return { name, path, host: undefined, listener: undefined, upstream, ...limits, keys: {} }
}

/** One of the keys is said otherwise, or no more. */
function withOneOf(
  keys: Readonly<Record<string, unknown>>,
  choices: Readonly<Record<string, readonly unknown[]>>,
  random: Random,
): Record<string, unknown> {
  const all = Object.keys(choices)
  // Of what is agreed in a handshake most could go wrong.
  const agreed = all.find((each) => each === 'failover' || each === 'compression')
  const key = agreed !== undefined && random.below(3) === 0 ? agreed : random.pick(all)
  const { [key]: was, ...rest } = keys
  const value = anyOf(random, [undefined, ...(choices[key] ?? [])])
  return value === undefined || value === was ? rest : { ...rest, [key]: value }
}

/** Without what a file may not say: the same twice, what leads nowhere, keys that mean nothing beside others. */
function sound({ listeners, upstreams, routes, more }: Setup): Setup {
  const kept = distinct(
    distinct(listeners, ({ name }) => name),
    ({ place }) => String(place),
  )
  const pools = distinct(upstreams, ({ name }) => name).map((each) => ({
    ...each,
    endpoints: distinct(each.endpoints, ({ server }) => String(server)),
    keys: soundKeys(each.keys),
  }))
  const leading = routes.map((route) => soundRoute(route, kept, pools))
  const all = distinct(
    distinct(leading, ({ name }) => name),
    ({ path, host }) => `${host} ${path}`,
  )
  return { listeners: kept, upstreams: pools, routes: all, more }
}

function soundKeys(keys: UpstreamSetup['keys']): UpstreamSetup['keys'] {
  const failover = keys['failover']
  const mayMove = failover !== undefined && failover !== 'close'
  if (mayMove) return keys
  const { drain: _, rebalance: __, ...rest } = keys
  const health = rest['health']
  const moves = typeof health === 'object' && health !== null && 'move' in health
  return moves ? { ...rest, health: { ...health, move: false } } : rest
}

function soundRoute(
  route: RouteSetup,
  listeners: readonly ListenerSetup[],
  upstreams: readonly UpstreamSetup[],
): RouteSetup {
  const isThere = listeners.some(({ name }) => name === route.listener)
  const shares = Object.entries(route.upstream ?? {}).filter(([name]) =>
    upstreams.some((each) => each.name === name),
  )
  return {
    ...route,
    listener: isThere ? route.listener : undefined,
    upstream: shares.length === 0 ? undefined : Object.fromEntries(shares),
  }
}

/** One of them, `undefined` being one, too. */
function anyOf<T>(random: Random, items: readonly T[]): T | undefined {
  return items[random.below(items.length)]
}

/** The first of each. */
function distinct<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return items.filter(
    (item, index) => items.findIndex((other) => keyOf(other) === keyOf(item)) === index,
  )
}
