/**
 * What is true of an upstream whose file, administrators and discovery say one thing after another: a model to hold a
 * pool against, and what files may say.
 */
import fc from 'fast-check'
import type { EndpointOptions } from '../../src/upstream/endpoint-options.ts'
import type { EndpointSource } from '../../src/core/events.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { HealthOptions } from '../../src/upstream/health-watches.ts'
import type { PoolOptions } from '../../src/upstream/pool-options.ts'
import { balancerNamed, endpointOptions } from './pool.ts'

export const checkEveryMs = 1_000

export const addresses = ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']
export const urlOf = (address: string) => `ws://${address}:9000`
const form = { scheme: 'ws', isTls: false, path: '', everyMs: 500, resolvers: [] } as const
const discoverBy = (name: string) => ({ kind: 'dns', name, port: 9000, ...form }) as const
const cookie = {
  kind: 'cookie',
  name: 's',
  path: '/',
  maxAgeMs: undefined,
  sameSite: 'Lax',
} as const

/** What is true of the upstream, by address. */
export interface Model {
  file: readonly EndpointOptions[]
  found: ReadonlySet<string>
  readonly sources: Map<string, EndpointSource>
  /** Who is in, and has not left. */
  readonly inside: Endpoint[]
  secret: string
  /** Addresses that the checks find ill. */
  readonly ill: Set<string>
  /** Those that were checked since somebody looked last. */
  readonly checked: string[]
}

/** What becomes of the addresses when the file says this. */
export function listInModel(model: Model, { endpoints, discover }: PoolOptions): void {
  const { file, sources, found } = model
  const now = new Map(endpoints.map((each) => [each.url, each]))
  for (const { url } of file) {
    if (now.has(url) || sources.get(url) !== 'file') continue
    if (found.has(url)) sources.set(url, 'dns')
    else sources.delete(url)
  }
  for (const each of endpoints) {
    const before = file.find(({ url }) => url === each.url)
    if (before === undefined || !Bun.deepEquals(before, each)) sources.set(each.url, 'file')
  }
  model.file = endpoints
  if (discover !== undefined) return
  model.found = new Set()
  for (const [url, source] of sources) if (source === 'dns') sources.delete(url)
}

/** Discovery has found these. */
export function findInModel(model: Model, found: readonly string[]): void {
  const { sources } = model
  model.found = new Set(found.map(urlOf))
  for (const [url, source] of sources)
    if (source === 'dns' && !model.found.has(url)) sources.delete(url)
  for (const url of model.found) if (!sources.has(url)) sources.set(url, 'dns')
}

const lists = fc.uniqueArray(
  fc.record({ address: fc.constantFrom(...addresses), weight: fc.nat(3), isRenamed: fc.boolean() }),
  { selector: ({ address }) => address, maxLength: 5 },
)
/** What a file may say otherwise: as much of it as `changeOf` makes options of. */
interface Difference {
  readonly list: readonly { address: string; weight: number; isRenamed: boolean }[]
  /** How many checks must fail; null: none are made. */
  readonly health: number | null
  /** After how many failures; null: never. */
  readonly eject: number | null
  readonly discover: string | null
  readonly isSticky: boolean
  readonly balancer: string
  readonly slowStartMs: number | undefined
}

export const differences: fc.Arbitrary<Partial<Difference>> = fc.record(
  {
    list: lists,
    health: fc.option(fc.integer({ min: 1, max: 2 })),
    eject: fc.option(fc.integer({ min: 1, max: 3 })),
    discover: fc.option(fc.constantFrom('one.test', 'two.test')),
    isSticky: fc.boolean(),
    balancer: fc.constantFrom('round-robin', 'first', 'least-time'),
    slowStartMs: fc.constantFrom(undefined, 2_000),
  },
  { requiredKeys: [] },
)

export function changeOf(difference: Partial<Difference>, model: Model): Partial<PoolOptions> {
  const { list, health, eject, discover, isSticky, balancer, ...rest } = difference
  const listed = list?.map(({ address, weight, isRenamed }) =>
    endpointOptions(urlOf(address), { weight, ...(isRenamed && { authority: `${address}.test` }) }),
  )
  const ejection = (failures: number) => ({ failures, withinMs: 9_000, forMs: 700, atMost: 1 })
  return {
    ...rest,
    ...(listed && { endpoints: listed }),
    ...(health !== undefined && { health: orNone(health, (count) => checksOf(model, count)) }),
    ...(eject !== undefined && { eject: orNone(eject, ejection) }),
    ...(discover !== undefined && { discover: orNone(discover, discoverBy) }),
    ...(isSticky !== undefined && { sticky: isSticky ? cookie : undefined }),
    ...(balancer !== undefined && { balancer: balancerNamed(balancer) }),
  }
}

function orNone<Told, Made>(told: Told | null, make: (told: Told) => Made): Made | undefined {
  return told === null ? undefined : make(told)
}

function checksOf({ ill, checked }: Model, unhealthy: number): HealthOptions {
  const check = async ({ authority }: { authority: string }): Promise<undefined> => {
    checked.push(authority)
    if (ill.has(authority)) throw new Error('answered 503')
  }
  return {
    check: { type: 'mine', options: {}, create: () => ({ check }) },
    intervalMs: checkEveryMs,
    timeoutMs: 60_000,
    healthy: 1,
    unhealthy,
    movesSessions: false,
  }
}
