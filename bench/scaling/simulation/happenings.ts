// What happens to a world: machines are lost and leave, servers die.
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

/** Sessions get so long after the window, as in src/gateway.ts. */
const lastWordsMs = 5000

/** Without a word: everybody who is there has to come back. */
export function loseMachine(world: World, machine: number): void {
  const { network, balancer } = world.settings
  const processes = world.processesOf(machine)
  for (const process of processes) process.die()
  for (const { place } of processes) {
    for (const client of world.population.at(place)) world.lose(client, network.noticeMs)
  }
  world.engine.after(balancer.noticesMs, () => world.list(machine, false))
}

export interface Leave {
  windowMs: number
  /** A new process takes over on the same machine and the same core; otherwise nobody is let in until then. */
  isTakenOver: boolean
  /** From the last close until the new one listens. */
  restartMs: number
}

/** In order: sessions are closed over the window. @param done when the new processes listen. */
export function leaveMachine(world: World, machine: number, leave: Leave, done: () => void): void {
  const { engine } = world
  const processes = world.processesOf(machine)
  if (!leave.isTakenOver) {
    // leave.delay is as long as the balancer takes to notice, so it is known there before.
    world.list(machine, false)
    for (const process of processes) process.isListening = false
  }
  let open = processes.length
  const onClosed = () => {
    if (--open > 0) return
    if (leave.isTakenOver) return done()
    engine.after(leave.restartMs, () => {
      for (const process of processes) process.restart()
      world.list(machine, true)
      done()
    })
  }
  for (const process of processes) closeAll(world, process, leave.windowMs, onClosed)
}

/** One machine after the other, with a pause between them. */
export function upgradeAll(world: World, leave: Leave, pauseMs: number, done: () => void): void {
  const next = (machine: number) => {
    if (machine === world.settings.machines) return done()
    leaveMachine(world, machine, leave, () => world.engine.after(pauseMs, () => next(machine + 1)))
  }
  next(0)
}

/** As src/proxy/sessions.ts does: one after the other, evenly; what is open long after the window is cut. */
function closeAll(
  world: World,
  process: SimulatedProcess,
  windowMs: number,
  done: () => void,
): void {
  const { engine, population, settings } = world
  const clients = population.at(process.place)
  const eachMs = windowMs / Math.max(1, clients.length)
  let closed = 0
  const closeNext = () => {
    const client = clients[closed++]
    if (client !== undefined) world.lose(client)
    if (closed === clients.length) done()
  }
  const beginNext = (index: number) => {
    if (index === clients.length) return
    process.work(settings.costs.closeUs, closeNext)
    engine.after(eachMs, () => beginNext(index + 1))
  }
  if (clients.length === 0) return done()
  beginNext(0)
  engine.after(windowMs + lastWordsMs, () => {
    while (closed < clients.length) closeNext()
  })
}

/** With failover: its sessions are dialled anew, their clients stay. */
export function loseServer(world: World, server: number): void {
  const { population, settings, processes, servers } = world
  servers.kill(server)
  for (const client of population.ofServer(server)) {
    const process = processes[population.places[client] ?? 0]
    if (process === undefined || !population.isConnected(client)) continue
    world.between++
    process.work(settings.costs.redialUs, () =>
      process.dial((next) =>
        process.work(0, () => {
          world.between--
          population.servers[client] = next
        }),
      ),
    )
  }
}

/** A process is killed, and another one listens in its place after a while. */
export function restartProcess(world: World, place: number, downMs: number): void {
  const process = world.processes[place]
  if (process === undefined) throw new RangeError(`there is no process ${place}`)
  process.die()
  for (const client of world.population.at(place)) world.lose(client)
  world.engine.after(downMs, () => process.restart())
}
