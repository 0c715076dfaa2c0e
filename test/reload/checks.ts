/** What must hold of a gateway that is told other configurations, after each step. */
import { readYaml } from '../support/reload.ts'
import { targets } from './setups.ts'
import type { Stay, Target, World } from './world.ts'

/** Some of the requests that a new client could make. */
const probes = 4

export async function check(world: World): Promise<void> {
  await endpointsAreWell(world)
  await everybodyIsHeard(world)
  await countsAgree(world)
  endpointsAgree(world)
  for (let left = probes; left > 0; left--) await probe(world)
  const { gateway, events } = world.live
  world.same('changes without a change', gateway.foreseeReload(readYaml(world.yaml)), [])
  const mistake = events.find(({ type }) => type === 'mistake')
  if (mistake?.type === 'mistake') world.fail(Bun.inspect(mistake.error))
}

/** All servers are there: whoever was called ill is well again. */
async function endpointsAreWell(world: World): Promise<void> {
  const { live, fresh } = world
  const states = () =>
    [live, fresh].flatMap(({ gateway }) =>
      gateway.upstreams.list().flatMap(({ endpoints }) => endpoints.map(({ state }) => state)),
    )
  await world.until('every endpoint is well', () => !states().includes('unhealthy'))
}

/** What each says comes back, and what was said before. */
async function everybodyIsHeard(world: World): Promise<void> {
  for (const stay of world.stays.values()) {
    if (stay.visitor.closed !== undefined) failClosed(world, stay)
    stay.visitor.say(2 + 2 * world.random.below(300))
  }
  for (const stay of world.stays.values()) {
    const { visitor } = stay
    await world.until(
      `${stay.id} of ${stay.route} hears what it said (${[...visitor.unanswered].map((each) => each.slice(0, 9)).join()})`,
      () => {
        if (visitor.closed !== undefined) failClosed(world, stay)
        return visitor.unanswered.size === 0
      },
    )
    world.same(`strange words for ${stay.id}`, visitor.strange, [])
  }
}

function failClosed(world: World, { id, route, visitor }: Stay): never {
  const event = world.live.events.find(
    (each) => each.type === 'session-closed' && each.session === id,
  )
  world.fail(`${id} of ${route} was closed: ${Bun.inspect(visitor.closed)} ${Bun.inspect(event)}`)
}

async function countsAgree(world: World): Promise<void> {
  const { gateway, events } = world.live
  const { stays } = world
  await world.until('the sessions are those of the model', () => gateway.sessions === stays.size)
  const told = (type: string) => events.filter((event) => event.type === type).length
  world.same('those told of', told('session-opened') - told('session-closed'), stays.size)
  const { sessions } = gateway.listSessions({ limit: 1_000, after: 0 })
  const inModel = Array.from(stays.values(), ({ id, route }) => `${id} ${route}`)
  world.same(
    'sessions',
    sessions.map(({ id, route }) => `${id} ${route}`).toSorted(),
    inModel.toSorted(),
  )
  const isSettled = () => {
    const { routes, endpoints, upstreams } = gateway.read()
    const between = upstreams.reduce((sum, each) => sum + each.sessionsBetween, 0)
    const at = endpoints.reduce((sum, each) => sum + each.sessions, 0)
    return (
      routes.every(({ handshakes }) => handshakes === 0) &&
      upstreams.every(({ waiting }) => waiting === 0) &&
      between === 0 &&
      at === stays.size
    )
  }
  await world.until('nothing is under way', isSettled)
  for (const { route, sessions: count } of gateway.read().routes)
    world.same(`sessions of ${route}`, count, world.countOf(route))
  await world.until('endpoints have what sessions are at', () =>
    Bun.deepEquals(held(world), counted(world)),
  )
}

/** Sessions by the upstreams' own count. */
function held({ live }: World): Record<string, number> {
  const rows = live.gateway.upstreams
    .list()
    .flatMap(({ name, endpoints, leaving }) => [
      ...endpoints.map(({ url, load }) => [`${name} ${url}`, load] as const),
      ...Object.entries(leaving).map(([url, sessions]) => [`${name} ${url}`, sessions] as const),
    ])
  return Object.fromEntries(rows.filter(([, count]) => count > 0).toSorted(byName))
}

type Row = readonly [name: string, count: number]

function byName([one]: Row, [other]: Row): number {
  return one < other ? -1 : Number(one > other)
}

function counted({ live, stays, upstreams }: World): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { id, upstream } of stays.values()) {
    const session = live.gateway.session(id)
    if (session === undefined || upstreams.get(upstream.name) !== upstream) continue
    const key = `${upstream.name} ${session.endpoint}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return Object.fromEntries([...counts].toSorted(byName))
}

function endpointsAgree(world: World): void {
  const { live, upstreams } = world
  const shown = live.gateway.upstreams.list()
  world.same(
    'upstreams',
    shown.map(({ name }) => name).toSorted(),
    [...upstreams.keys()].toSorted(),
  )
  for (const { name, endpoints, failover } of shown) {
    const model = upstreams.get(name)
    if (model === undefined) continue
    world.same(`failover of ${name}`, failover, model.mode)
    world.same(
      `endpoints of ${name}`,
      Object.fromEntries(endpoints.map(({ url, source, weight }) => [url, { source, weight }])),
      Object.fromEntries(
        Array.from(model.endpoints, ([url, { source, weight }]) => [
          url,
          { source, weight: model.weights.get(url) ?? weight },
        ]),
      ),
    )
  }
}

/** A plain request gets what it would of a gateway that was started with this configuration. */
async function probe(world: World): Promise<void> {
  const { live, fresh, setup, random } = world
  const index = random.below(setup.listeners.length)
  const target: Target = random.pick(targets)
  const should = await world.ask(fresh, index, target)
  const is = await world.ask(live, index, target)
  if (should.upstream !== undefined && is.upstream !== undefined) {
    const { upstream = {} } = setup.routes.find(({ name }) => name === is.route) ?? {}
    if (!(is.upstream in upstream)) world.fail(`${is.route} leads to ${is.upstream}`)
  }
  const leadsTo = Object.keys(setup.routes.find(({ name }) => name === is.route)?.upstream ?? {})
  if (is.type === 'request-refused' && leadsTo.some((each) => !world.canServe(each))) return
  // Of a split it may be another one's turn.
  const shown = is.upstream === should.upstream ? {} : { upstream: '', cookie: '' }
  world.same(
    `${JSON.stringify(target)} at ${setup.listeners[index]?.name}`,
    { ...is, ...shown },
    { ...should, ...shown },
  )
}
