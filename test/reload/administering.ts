/** What administrators change while a gateway runs. */
import { readYaml } from '../support/reload.ts'
import type { World } from './world.ts'

export async function weigh(world: World): Promise<void> {
  const found = someEndpoint(world)
  if (found === undefined) return
  const { name, url, upstream } = found
  const weight = 1 + world.random.below(5)
  world.tell(`  ${name} ${url} ${weight}`)
  world.live.gateway.upstreams.change(name, { kind: 'weigh', url, weight })
  upstream.weights.set(url, weight)
  await Promise.resolve()
}

export async function drain(world: World): Promise<void> {
  const found = someEndpoint(world)
  if (found === undefined) return
  const { name, url, upstream } = found
  const kind = world.random.pick(['drain', 'undrain', 'undrain'] as const)
  world.tell(`  ${kind} ${name} ${url}`)
  world.live.gateway.upstreams.change(name, { kind, url })
  if (kind === 'drain') upstream.drained.add(url)
  else upstream.drained.delete(url)
  await Promise.resolve()
}

export async function addEndpoint(world: World): Promise<void> {
  const { random, places, live } = world
  const upstream = random.pick([...world.upstreams.values()])
  const url = random.pick(places.urls)
  const parsed = readYaml(
    JSON.stringify({ listeners: [1], upstreams: { x: [url] }, routes: [{ upstream: 'x' }] }),
  )
  const options = parsed.upstreams[0]?.endpoints[0]
  if (options === undefined) throw new Error('no endpoint')
  const answer = live.gateway.upstreams.change(upstream.name, { kind: 'add', options })
  const isKnown = upstream.endpoints.has(url)
  world.tell(`  ${upstream.name} ${url} ${JSON.stringify(answer)}`)
  world.same('an endpoint is added', 'objection' in answer, isKnown)
  if (isKnown || 'objection' in answer) return
  upstream.endpoints.set(url, { source: 'admin', weight: options.weight })
  await Promise.resolve()
}

export async function removeEndpoint(world: World): Promise<void> {
  const found = someEndpoint(world)
  if (found === undefined) return
  const { name, url, upstream } = found
  world.tell(`  ${name} ${url}`)
  const answer = world.live.gateway.upstreams.change(name, { kind: 'remove', url })
  world.same('an endpoint is removed', 'objection' in answer, false)
  upstream.endpoints.delete(url)
  upstream.weights.delete(url)
  upstream.drained.delete(url)
  await Promise.resolve()
}

function someEndpoint({ upstreams, random }: World) {
  const upstream = random.pick([...upstreams.values()])
  const all = [...upstream.endpoints]
  if (all.length === 0) return undefined
  const [url] = random.pick(all)
  return { name: upstream.name, upstream, url }
}

export async function split(world: World): Promise<void> {
  const { setup, random, live } = world
  const splits = setup.routes.filter(({ upstream = {} }) => Object.keys(upstream).length > 1)
  if (splits.length === 0) return
  const { name, upstream = {} } = random.pick(splits)
  const shares = Object.fromEntries(
    Object.keys(upstream).map((each) => [each, 1 + random.below(4)]),
  )
  live.gateway.upstreams.setSplit(name, shares)
  await Promise.resolve()
}
