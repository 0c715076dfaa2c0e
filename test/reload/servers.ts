/** What servers do: they die, come back, and tell everybody to go. */
import { isClosed } from './visiting.ts'
import { canMove, hasPlace, type Stay, type World } from './world.ts'

export async function restart(world: World): Promise<void> {
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

export async function tellToGo(world: World): Promise<void> {
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
