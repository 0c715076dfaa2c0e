/** What is done to a gateway while visitors are there, step by step. */
import { addEndpoint, drain, removeEndpoint, split, weigh } from './administering.ts'
import { abandon, fail, reload, reloadAmidHandshake } from './changing.ts'
import { restart, tellToGo } from './servers.ts'
import { close, leave, openSome } from './visiting.ts'
import type { World } from './world.ts'

type Step = (world: World) => Promise<void>

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

export async function step(world: World): Promise<void> {
  const next = world.random.pick(steps)
  world.tell(next.name)
  await next(world)
}
