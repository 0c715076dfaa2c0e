/** What visitors do: they come, are let in or not, and go. */
import { targets } from './setups.ts'
import { patienceMs, type Visitor } from './visitor.ts'
import { canMove, type Stay, type Target, type World } from './world.ts'

const credentials: readonly Record<string, string>[] = [
  {},
  {},
  { origin: 'http://page.test' },
  { origin: 'http://page.test', cookie: 'sluice=1' },
  { origin: 'http://page.test', cookie: 'other=1; sluice=2' },
]

/** Of a route, mostly. */
export function someTarget({ random, setup }: World): Target {
  const headers = random.pick(credentials)
  const route = random.pick(setup.routes)
  const isFor = ({ path, host }: Target) =>
    path.startsWith(route.path.slice(0, 2)) && host === (route.host ?? host)
  const fitting = targets.filter(isFor)
  const { path, host } = random.pick(fitting.length > 0 && random.below(8) > 0 ? fitting : targets)
  return { path: `${path}?k=${random.below(5)}`, host, headers }
}

export async function openSome(world: World): Promise<void> {
  for (let left = 1 + world.random.below(4); left > 0; left--) await open(world)
}

export async function open(world: World): Promise<void> {
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

export async function leave(world: World): Promise<void> {
  const stay = someStay(world)
  if (stay === undefined) return
  world.tell(`  ${stay.id}`)
  stay.visitor.socket.close(1000)
  await world.until('its close is answered', () => stay.visitor.closed !== undefined)
  world.stays.delete(stay.id)
}

export async function close(world: World): Promise<void> {
  const stay = someStay(world)
  if (stay === undefined) return
  world.tell(`  ${stay.id}`)
  world.live.gateway.closeSession(stay.id)
  await isClosed(world, stay, 1008)
}

export async function isClosed(world: World, { visitor, id }: Stay, code: number): Promise<void> {
  await world.until(`${id} is closed`, () => visitor.closed !== undefined)
  world.same(`the code of ${id}`, visitor.closed?.code, code)
  world.stays.delete(id)
}

function someStay({ stays, random }: World): Stay | undefined {
  return stays.size === 0 ? undefined : random.pick([...stays.values()])
}
