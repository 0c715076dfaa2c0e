/** What is done to a gateway while visitors are there: by them, by administrators, by servers, by who changes its file. */
import { copyFileSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { readYaml } from '../support/reload.ts'
import { changed, targets, yamlOf, type Setup } from './setups.ts'
import { patienceMs, type Visitor } from './visitor.ts'
import { canMove, hasPlace, type Stay, type Target, type World } from './world.ts'

type Step = (world: World) => Promise<void>

export async function step(world: World): Promise<void> {
  const { random } = world
  const next = random.pick(steps)
  world.tell(`${next.name}`)
  await next(world)
}

const credentials: readonly Record<string, string>[] = [
  {},
  {},
  { origin: 'http://page.test' },
  { origin: 'http://page.test', cookie: 'sluice=1' },
  { origin: 'http://page.test', cookie: 'other=1; sluice=2' },
]

/** Of a route, mostly. */
function someTarget({ random, setup }: World): Target {
  const headers = random.pick(credentials)
  const route = random.pick(setup.routes)
  const isFor = ({ path, host }: Target) =>
    path.startsWith(route.path.slice(0, 2)) && host === (route.host ?? host)
  const fitting = targets.filter(isFor)
  const { path, host } = random.pick(fitting.length > 0 && random.below(8) > 0 ? fitting : targets)
  return { path: `${path}?k=${random.below(5)}`, host, headers }
}

async function openSome(world: World): Promise<void> {
  for (let left = 1 + world.random.below(4); left > 0; left--) await open(world)
}

async function open(world: World): Promise<void> {
  const { live, fresh, setup, random } = world
  const index = random.below(setup.listeners.length)
  const target = someTarget(world)
  const seenFresh = fresh.events.length
  const other = world.visit(fresh, index, target)
  const should = await world.outcome(fresh, seenFresh)
  other.socket.terminate()
  const seen = live.events.length
  const visitor = world.visit(live, index, target)
  const is = await world.outcome(live, seen)
  world.tell(
    `  at ${setup.listeners[index]?.name} ${JSON.stringify(target)}: ${JSON.stringify(is)}`,
  )
  await take(world, visitor, () => {
    if (
      should.type === 'session-opened' &&
      is.type !== 'session-opened' &&
      is.route !== undefined
    ) {
      const route = setup.routes.find(({ name }) => name === is.route)
      const leadsTo = Object.keys(route?.upstream ?? {})
      if (is.what === 'NO_ENDPOINT' && leadsTo.some((each) => !world.canServe(each))) return
      const count = world.countOf(is.route)
      if (count >= (route?.sessions ?? Infinity))
        return world.same('refusal', is.what, 'TOO_MANY_SESSIONS')
      if (count >= (route?.perClient ?? Infinity))
        return world.same('refusal', is.what, 'TOO_MANY_SESSIONS_OF_CLIENT')
    }
    world.same('handshake', { ...is, upstream: '' }, { ...should, upstream: '' })
  })
}

/** One that may have opened is of the model from now on. @param judge what became of it. */
async function take(
  world: World,
  visitor: Visitor,
  judge: () => void,
): Promise<string | undefined> {
  const id = await Promise.race([visitor.opened, Bun.sleep(patienceMs).then(() => 'late')])
  if (id === 'late') world.fail('a handshake comes to nothing')
  judge()
  if (id === undefined) return undefined
  const session = world.live.gateway.session(id)
  if (session === undefined) world.fail(`${id} is not there`)
  const route = world.setup.routes.find(({ name }) => name === session.route)
  if (route === undefined) world.fail(`${session.route} is not there`)
  const upstream = world.upstreams.get(session.upstream)
  if (upstream === undefined) world.fail(`${session.upstream} is not there`)
  world.tell(`  ${id} of ${session.route} at ${session.upstream}`)
  world.stays.set(id, { visitor, id, route: session.route, upstream, mayMove: canMove(upstream) })
  return id
}

async function leave(world: World): Promise<void> {
  const stay = someStay(world)
  if (stay === undefined) return
  world.tell(`  ${stay.id}`)
  stay.visitor.socket.close(1000)
  await world.until('its close is answered', () => stay.visitor.closed !== undefined)
  world.stays.delete(stay.id)
}

async function close(world: World): Promise<void> {
  const stay = someStay(world)
  if (stay === undefined) return
  world.tell(`  ${stay.id}`)
  world.live.gateway.closeSession(stay.id)
  await isClosed(world, stay, 1008)
}

async function isClosed(world: World, { visitor, id }: Stay, code: number): Promise<void> {
  await world.until(`${id} is closed`, () => visitor.closed !== undefined)
  world.same(`the code of ${id}`, visitor.closed?.code, code)
  world.stays.delete(id)
}

function someStay({ stays, random }: World): Stay | undefined {
  return stays.size === 0 ? undefined : random.pick([...stays.values()])
}

// By administrators.

async function weigh(world: World): Promise<void> {
  const found = someEndpoint(world)
  if (found === undefined) return
  const { name, url, upstream } = found
  const weight = 1 + world.random.below(5)
  world.tell(`  ${name} ${url} ${weight}`)
  world.live.gateway.upstreams.change(name, { kind: 'weigh', url, weight })
  upstream.weights.set(url, weight)
  await Promise.resolve()
}

async function drain(world: World): Promise<void> {
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

async function addEndpoint(world: World): Promise<void> {
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

async function removeEndpoint(world: World): Promise<void> {
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

async function split(world: World): Promise<void> {
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

// By servers.

async function restart(world: World): Promise<void> {
  const { random, places } = world
  const server = random.pick(places.servers)
  if (!(await everybodyHasMoved(world))) return
  const there = staysAt(world, server.url)
  if (there.some(({ upstream }) => !hasPlace(upstream))) return
  world.tell(`  ${server.name} with ${there.map(({ id }) => id).join(', ')}`)
  await server.kill()
  if (random.below(2) === 0) await Bun.sleep(random.below(30))
  server.start()
  for (const stay of there) await afterLoss(world, stay, 1006)
}

async function tellToGo(world: World): Promise<void> {
  const server = world.random.pick(world.places.servers)
  if (!(await everybodyHasMoved(world))) return
  const there = staysAt(world, server.url)
  if (there.some(({ upstream }) => !hasPlace(upstream))) return
  world.tell(`  ${server.name} with ${there.map(({ id }) => id).join(', ')}`)
  server.tellToGo()
  for (const stay of there) await afterLoss(world, stay, 1012)
}

/** Off the endpoints that are being left; what a server takes that goes while a session comes to it may be lost. */
async function everybodyHasMoved({ stays, live }: World): Promise<boolean> {
  const isLeaving = ({ id, upstream, mayMove }: Stay) => {
    const url = live.gateway.session(id)?.endpoint ?? ''
    const { endpoints, drained } = upstream
    return mayMove && canMove(upstream) && (!endpoints.has(url) || drained.has(url))
  }
  for (let tries = 0; [...stays.values()].some(isLeaving); tries++) {
    if (tries === 300) return false
    await Bun.sleep(1)
  }
  return true
}

function staysAt({ stays, live }: World, url: string): Stay[] {
  return [...stays.values()].filter(({ id }) => live.gateway.session(id)?.endpoint === url)
}

/** It moves, or is closed as its upstream says now. @param code that it is closed with where nothing is said. */
async function afterLoss(world: World, stay: Stay, code: number): Promise<void> {
  const { visitor, upstream, mayMove, id } = stay
  if (!mayMove || !canMove(upstream))
    return isClosed(world, stay, upstream.mode === 'close' ? 1012 : code)
  // What a dying server took is lost; what is said later is not.
  if (!(await visitor.goesOn())) world.fail(`${id} was lost: ${Bun.inspect(visitor.closed)}`)
}

// By who changes the file.

async function reload(world: World): Promise<void> {
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
  prepared.commit()
  await taken(world, before, next)
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

async function abandon(world: World): Promise<void> {
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

async function fail(world: World): Promise<void> {
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
async function reloadAmidHandshake(world: World): Promise<void> {
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

const steps: readonly Step[] = [
  openSome,
  openSome,
  openSome,
  leave,
  close,
  weigh,
  drain,
  addEndpoint,
  removeEndpoint,
  split,
  restart,
  tellToGo,
  reload,
  reload,
  reload,
  reload,
  abandon,
  fail,
  reloadAmidHandshake,
  reloadAmidHandshake,
]
