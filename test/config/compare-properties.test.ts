/**
 * What holds between any two files: the same says nothing however it is put, what comes to another thing is
 * told, and nothing that came from a variable is.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compareConfigs } from '../../src/config/compare.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf } from './checking.ts'

/** A mapping in which each key may be missing. */
function some(keys: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc.record(keys, { requiredKeys: [] })
}

const words = (...all: unknown[]) => fc.constantFrom(...all)

/** Whether it says the same in two ways or another thing, chance decides. */
const shared = {
  route: {
    host: words('a.com', 'A.com', ['a.com'], ['b.com', 'a.com'], []),
    origins: words('own', '*', ['https://a.com'], ['https://a.com', 'https://b.com']),
    limits: some({
      sessions: words(1, '1', 2, 'off'),
      message: words('1KB', '1024B', '2KB', '1MB'),
      messages: words('off', '5/s', { rate: '5/s' }, { rate: '5/s', burst: 5, over: 'close' }),
    }),
    timeout: some({ idle: words('60s', '1m', 'off'), age: words('1d', '24h', '2d') }),
    match: some({
      header: some({ 'x-a': words(1, '1', [1], true), 'X-B': words('b') }),
      subprotocol: words('a', ['a'], ['b', 'a']),
    }),
    forward: some({
      path: words('/a', '/{request.path}'),
      headers: some({
        set: some({ 'x-a': words('a', '$request.host') }),
        remove: words('b', ['B']),
      }),
    }),
    compression: words('gateway', 'off', { threshold: '1KB' }, { level: 3 }, {}),
  },
  upstream: {
    balancer: words(
      'round-robin',
      'first',
      { hash: '$request.host' },
      { hash: { by: '$request.host' } },
    ),
    'slow-start': words('off', '1s', '1000ms'),
    queue: words('off', {}, { sessions: 100 }, { wait: '1s' }),
    sticky: words('off', { cookie: 'a' }, { cookie: { name: 'a' } }, { by: '$request.host' }),
    health: words('off', { path: '/a' }, { path: { path: '/a' }, interval: '5s' }, { tcp: true }),
    eject: words('off', {}, { failures: 5 }, { 'at-most': '10%' }),
    failover: words('off', 'close', { mode: 'close' }, { mode: 'close', on: ['lost'] }),
    timeout: some({ connect: words('5s', '5000ms', '1s') }),
  },
}

const endpoints = fc.uniqueArray(
  words('ws://a', 'WS://A:80/', 'ws://b', { url: 'ws://c', weight: 2 }, { url: 'ws://c' }),
  {
    minLength: 1,
    selector: (each) => JSON.stringify(each).toLowerCase().match(/\/\/./)?.[0],
  },
)

const upstream = fc.oneof(
  words('ws://a'),
  endpoints,
  fc.tuple(endpoints, some(shared.upstream)).map(([all, rest]) => ({ endpoints: all, ...rest })),
)

const upstreamOfRoute = words('chat', 'ws://z', { chat: 1 }, { chat: 1, 'ws://y': 2 })

const route = fc
  .tuple(upstreamOfRoute, some(shared.route))
  .map(([to, rest]) => ({ upstream: to, ...rest }))

const listener = fc.oneof(
  words(8080, '127.0.0.1:8080'),
  some({
    limits: some({ head: words('16KB', '32KB') }),
    'trusted-proxies': words('private', ['10.0.0.0/8']),
  }).map((rest) => ({ port: 8080, ...rest })),
)

interface File {
  readonly [key: string]: unknown
  readonly upstreams: Readonly<Record<string, unknown>>
  readonly routes: readonly object[]
}

const file: fc.Arbitrary<File> = fc
  .tuple(
    listener,
    upstream,
    upstream,
    fc.array(route, { minLength: 1, maxLength: 3 }),
    some({
      defaults: some({
        route: some(shared.route),
        upstream: some(shared.upstream),
        listener: some({ timeout: some({ idle: words('75s', '5s') }) }),
      }),
      leave: some({ window: words('10s', '10000ms', '1s') }),
      workers: words(1, 2, '1'),
      log: some({ level: words('info', 'debug') }),
      admin: words(9090, { port: 9090 }, { port: 9090, token: '0123456789abcdef' }),
      limits: some({ 'compression-memory': words('64MB', '1GB') }),
      secret: words('0123456789abcdef', 'fedcba9876543210'),
    }),
  )
  .map(([one, chat, other, routes, rest]) => ({
    listeners: [one],
    upstreams: { chat, other },
    routes: routes.map((each, index) => ({ name: `r${index}`, path: `/${index}`, ...each })),
    ...rest,
  }))

interface Loaded {
  readonly said: File
  readonly config: Config
}

/** Of those that load: some keys do not go together. */
const loaded: fc.Arbitrary<Loaded> = file
  .map((said) => ({ said, config: loadIfSound(said) }))
  .filter((each): each is Loaded => each.config !== undefined)

function loadIfSound(said: File, env?: Readonly<Record<string, string>>): Config | undefined {
  try {
    return load(said, env)
  } catch {
    return undefined
  }
}

function load(each: File, env: Readonly<Record<string, string>> = {}): Config {
  return configOf(JSON.stringify(each), { env })
}

/** All that a gateway is told, whatever the order of what has names. */
function toldToGateway(config: Config): string {
  const byName = <T extends { readonly name: string }>(all: readonly T[]) =>
    all.toSorted((left, right) => (left.name < right.name ? -1 : 1))
  const pairs = (headers: object) =>
    byName(Object.entries(headers).map(([name, values]) => ({ name, values: values as unknown })))
  return JSON.stringify({
    ...config,
    written: undefined,
    registry: undefined,
    upstreams: byName(config.upstreams),
    routes: byName(config.routes).map((each) => ({
      ...each,
      upstreams: byName(each.upstreams),
      match: { ...each.match, header: pairs(each.match.header) },
    })),
  })
}

/** The same, with all keys and all routes in another order. */
function turnedRound(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((each) => turnedRound(each))
    return key === 'routes' ? items.toReversed() : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, each]) => [name, turnedRound(each, name)])
  return Object.fromEntries(entries.toReversed())
}

const numRuns = 25

describe('between two files', () => {
  test('that are one nothing differs, and neither where keys and routes stand in another order', () => {
    fc.assert(
      fc.property(loaded, ({ said, config }) => {
        expect(compareConfigs(config, config)).toEqual([])
        expect(compareConfigs(config, load(said))).toEqual([])
        expect(compareConfigs(config, load(turnedRound(said) as File))).toEqual([])
      }),
      { numRuns },
    )
  }, 60_000)

  test('something is told exactly if the gateway is told something else', () => {
    const key = fc.constantFrom(...Object.keys(shared.route))
    fc.assert(
      fc.property(loaded, loaded, key, some(shared.route), (first, second, name, others) => {
        const [one, ...more] = first.said.routes
        const value: unknown = Reflect.get(others, name)
        // Files that differ in one key, too: of any two there are few that do not differ.
        const near = loadIfSound({ ...first.said, routes: [{ ...one, [name]: value }, ...more] })
        for (const after of [second.config, near ?? first.config]) {
          const isSame = toldToGateway(first.config) === toldToGateway(after)
          expect(compareConfigs(first.config, after).length === 0).toBe(isSame)
        }
      }),
      { numRuns: 2 * numRuns },
    )
  }, 60_000)

  test('a change has keys and words if something has changed, and neither if it has come or gone', () => {
    const keyless = ['secret', 'workers', 'plugins']
    fc.assert(
      fc.property(loaded, loaded, (first, second) => {
        for (const each of compareConfigs(first.config, second.config)) {
          const isChanged = each.kind === 'changed'
          expect(each.words !== '').toBe(isChanged)
          expect(each.keys.size > 0).toBe(isChanged && !keyless.includes(each.part))
        }
      }),
      { numRuns },
    )
  }, 60_000)
})

/** The places of values in a file that are no names, and none of those of another item. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null)
    return path.includes('name') || path.at(-1) === 'upstream' ? [] : [path]
  return Object.entries(value).flatMap(([key, each]) => placesIn(each, [...path, key]))
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: string): unknown {
  if (key === undefined) return by
  if (Array.isArray(value))
    return value.map((each, index) => (String(index) === key ? replaced(each, rest, by) : each))
  const entries = Object.entries(value ?? {})
  return Object.fromEntries(
    entries.map(([name, each]) => [name, name === key ? replaced(each, rest, by) : each]),
  )
}

/** By what stood there: two values of its kind that can be known again. */
const recognisable: readonly (readonly [RegExp, string, string])[] = [
  [/^\d+(ms|s|m|h|d)$/, '7001ms', '7002ms'],
  [/^\d+(B|KB|MB|GB)$/, '7001KB', '7002KB'],
  [/^\d+\/s$/, '7001/s', '7002/s'],
  [/^ws:/i, 'ws://zq7001', 'ws://zq7002'],
  [/^https:/, 'https://zq7001.com', 'https://zq7002.com'],
  [/^[a-z]+\.com$/i, 'zq7001.com', 'zq7002.com'],
  [/^\//, '/zq7001', '/zq7002'],
  [/^\d$/, '7001', '7002'],
  [/^[a-z]$/i, 'zq7001', 'zq7002'],
  [/^[0-9a-f]{16}$/, 'zq7001zq7001zq7001', 'zq7002zq7002zq7002'],
]

test('nothing that came from a variable is told, wherever it stands', () => {
  let tried = 0
  fc.assert(
    fc.property(loaded, loaded, fc.nat(), ({ said, config }, other, choice) => {
      const places = placesIn(said).flatMap((place) => {
        const was = place.reduce<unknown>((held, key) => Reflect.get(Object(held), key), said)
        const values = recognisable.find(([pattern]) => pattern.test(String(was)))
        return values === undefined ? [] : [[place, values] as const]
      })
      const [place, values] = places[choice % places.length] ?? []
      if (place === undefined || values === undefined) return
      const referring = replaced(said, place, '${env:X}') as File
      const [before, after] = values.slice(1).map((X) => loadIfSound(referring, { X: String(X) }))
      if (before === undefined || after === undefined) return
      tried++
      const pairs: readonly (readonly [Config, Config])[] = [
        [before, after],
        [before, other.config],
        [config, after],
      ]
      for (const [left, right] of pairs)
        for (const { words: told } of compareConfigs(left, right))
          expect(told).not.toMatch(/700[12]/)
    }),
    { numRuns: 2 * numRuns },
  )
  expect(tried).toBeGreaterThan(numRuns / 2)
}, 60_000)
