/** What who changes the file does: another one is taken, given up, or cannot be had. */
import { copyFileSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { readYaml } from '../support/reload.ts'
import { changed } from './changes.ts'
import { yamlOf, type Setup } from './setups.ts'
import { patienceMs } from './visitor.ts'
import { isClosed, open, someTarget } from './visiting.ts'
import { canMove, type World } from './world.ts'

export async function reload(world: World): Promise<void> {
  const before = world.setup
  const next = changed(before, world.random)
  await swap(world, before, next)
}

async function swap(world: World, before: Setup, next: Setup): Promise<void> {
  const { live, random } = world
  for (const { visitor } of world.stays.values())
    for (let left = random.below(3); left > 0; left--) visitor.say(2 + 2 * random.below(300))
  const config = readYaml(yamlOf(next, world.places))
  const prepared = live.gateway.prepareReload(config)
  world.same('what is foreseen', prepared.changes, live.gateway.foreseeReload(config))
  for (const { what, change, note } of prepared.changes)
    world.tell(`  ${what}: ${change} ${note ?? ''}`)
  if (random.below(4) === 0) await Bun.sleep(random.below(5))
  if (random.below(4) === 0) await open(world)
  const known = ages(world)
  const seen = live.events.length
  prepared.commit()
  const aged = ages(world)
  for (const event of live.events.slice(seen))
    if (event.type === 'endpoint-changed') known.delete(`${event.upstream} ${event.endpoint}`)
  for (const [endpoint, stateMs] of known)
    if ((aged.get(endpoint) ?? Infinity) < stateMs)
      world.fail(`${endpoint} is not the endpoint that it was`)
  await taken(world, before, next)
}

/** How long endpoints are as they are: less than before only where it is another one, or something was told of it. */
function ages({ live }: World): Map<string, number> {
  const upstreams = live.gateway.upstreams.list()
  return new Map(
    upstreams.flatMap(({ name, endpoints }) =>
      endpoints.map(({ url, stateMs }) => [`${name} ${url}`, stateMs] as const),
    ),
  )
}

async function taken(world: World, before: Setup, next: Setup): Promise<void> {
  world.setup = next
  world.learnUpstreams(before.upstreams)
  const fresh = world.fresh
  world.fresh = world.startFresh()
  await fresh[Symbol.asyncDispose]()
  for (const stay of world.stays.values()) {
    const isThere = next.routes.some(({ name }) => name === stay.route)
    if (!isThere) await isClosed(world, stay, 1012)
  }
}

export async function abandon(world: World): Promise<void> {
  const next = changed(world.setup, world.random)
  const before = shape(world)
  const config = readYaml(yamlOf(next, world.places))
  const prepared = world.live.gateway.prepareReload(config)
  if (world.random.below(2) === 0) await Bun.sleep(1)
  prepared.abandon()
  world.same('after it was abandoned', shape(world), before)
  const was = new Set(world.setup.listeners.map(({ place }) => place))
  for (const { place } of next.listeners)
    if (!was.has(place)) await isFree(world, world.places.ports[place] ?? 0)
}

export async function fail(world: World): Promise<void> {
  const { random, places, live } = world
  const next = changed(world.setup, random)
  const before = shape(world)
  const text = JSON.parse(yamlOf(next, places))
  const cert = `${places.certificates[0]?.cert}.gone`
  if (random.below(2) === 0)
    text.listeners.push({ name: 'taken', address: '127.0.0.1', port: places.servers[0]?.port })
  else {
    copyFileSync(places.certificates[0]?.cert ?? '', cert)
    text.upstreams.last = { endpoints: ['wss://127.0.0.1:1'], tls: { ca: cert } }
  }
  const config = readYaml(JSON.stringify(text))
  if (text.upstreams.last !== undefined) unlinkSync(cert)
  let problem: unknown
  try {
    live.gateway.prepareReload(config)
  } catch (error) {
    problem = error
  }
  world.tell(`  ${String(problem)}`)
  if (!(problem instanceof Error)) world.fail('it was taken')
  world.same('after it has failed', shape(world), before)
  const was = new Set(world.setup.listeners.map(({ place }) => place))
  for (const { place } of next.listeners)
    if (!was.has(place)) await isFree(world, places.ports[place] ?? 0)
}

/** What must not change by what is not taken. */
function shape({ live }: World) {
  const { listeners, upstreams, sessions } = live.gateway
  return {
    listeners: listeners.map(({ name, port, inheritance, address }) => ({
      name,
      port,
      fd: inheritance?.fd,
      address,
    })),
    upstreams: upstreams.list().map(({ name, balancer, failover, endpoints }) => ({
      name,
      balancer,
      failover,
      endpoints: endpoints.map(({ url, weight, limit, source, isToldToDrain }) => ({
        url,
        weight,
        limit,
        source,
        isToldToDrain,
      })),
    })),
    sessions,
    events: live.events.filter(({ type }) => type === 'listening' || type.startsWith('certificate'))
      .length,
  }
}

async function isFree(world: World, port: number): Promise<void> {
  const server = createServer()
  const fault = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve)
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)))
  })
  if (fault !== undefined) world.fail(`${port} is not free: ${fault.message}`)
}

/** Somebody's server takes its time, and the file is changed meanwhile. */
export async function reloadAmidHandshake(world: World): Promise<void> {
  const { setup, random, places, fresh, live } = world
  const index = random.below(setup.listeners.length)
  const target = someTarget(world)
  const seenFresh = fresh.events.length
  const other = world.visit(fresh, index, target)
  const should = await world.outcome(fresh, seenFresh)
  other.socket.terminate()
  if (should.type !== 'session-opened') return
  const go = places.servers.map((server) => server.hold())
  const seen = live.events.length
  const visitor = world.visit(live, index, target)
  const isWaiting = () => places.servers.some(({ waiting }) => waiting > 0)
  const isOver = () => live.events.slice(seen).some(({ type }) => type === 'request-refused')
  await world.until('a handshake waits', () => isWaiting() || isOver())
  const isUnderWay = isWaiting()
  const next = changed(setup, random)
  const before = new Map(world.upstreams)
  const modes = new Map(Array.from(before, ([name, each]) => [name, canMove(each)]))
  const prepared = live.gateway.prepareReload(readYaml(yamlOf(next, places)))
  for (const { what, change } of prepared.changes) world.tell(`  ${what}: ${change}`)
  prepared.commit()
  for (const each of go) each()
  const id = await Promise.race([visitor.opened, Bun.sleep(patienceMs).then(() => 'late')])
  if (id === 'late') world.fail('a handshake comes to nothing')
  world.tell(`  ${JSON.stringify(target)} for ${should.route}: ${id}, ${isUnderWay}`)
  const isThere = next.routes.some(({ name }) => name === should.route)
  if (isUnderWay && isThere && id === undefined)
    world.fail(
      `a handshake was lost: ${Bun.inspect(live.events.slice(seen).filter(({ type }) => type.startsWith('request') || type === 'session-closed'))}`,
    )
  if (isUnderWay && !isThere) {
    await world.until('it is closed', () => visitor.closed !== undefined)
    world.same('its code', visitor.closed?.code, 1012)
  } else if (id !== undefined) {
    const session = live.gateway.session(id)
    const upstream = before.get(session?.upstream ?? '')
    if (session === undefined || upstream === undefined) world.fail(`${id} is not there`)
    const stay = { visitor, id, route: session.route, upstream, mayMove: false }
    world.stays.set(id, stay)
    await taken(world, setup, next)
    world.stays.set(id, {
      ...stay,
      mayMove: modes.get(upstream.name) === true && canMove(upstream),
    })
    return
  }
  await taken(world, setup, next)
}
