/**
 * Runs one schedule from its beginning until nothing is left of it, and judges what came of it.
 */
import { Route } from '../../src/proxy/route.ts'
import { Sessions } from '../../src/proxy/sessions.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { Compression } from '../../src/wire/compression.ts'
import type { Config } from '../../src/config/config.ts'
import { relayTo } from '../support/gateway.ts'
import { loadConfig } from '../support/load-config.ts'
import { judge } from './judge.ts'
import { eventfulMs, scheduleOf, type Incident, type Schedule } from './schedule.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { Stay } from './stay.ts'
import { World } from './world.ts'

export interface Outcome {
  readonly schedule: Schedule
  readonly violations: readonly string[]
  readonly events: readonly GatewayEvent[]
  /** Messages the clients got back, and those nobody ever will. */
  readonly echoed: number
  readonly lost: number
  /** What happened, where it was asked for. */
  readonly story: readonly string[]
}

/** Long enough for all that is slow, timeouts included. */
const patienceMs = 60_000

export async function simulate(seed: number, isTold = false): Promise<Outcome> {
  const schedule = scheduleOf(seed)
  const world = new World(schedule, isTold)
  const route = new Route(routeConfigOf(schedule), new Map([[world.pool.name, world.pool]]))
  const compression = new Compression(1e9)
  const stays: Stay[] = []
  const stayOf = (id: string) => stays.find(({ session }) => session?.id === id)
  const emit = (event: GatewayEvent) => {
    world.emit(event)
    if (event.type !== 'session-moved') return
    const stay = stayOf(event.session)
    const link = world.links.findLast(
      ({ session, url, isJoined }) => session === event.session && url === event.to && !isJoined,
    )
    if (stay === undefined || link === undefined)
      return world.violate(`session ${event.session} moved to where it was not dialled for`)
    stay.moved(link, event)
  }
  const sessions = new Sessions({ emit, clock: world.ownClock, compression })
  for (const [number, plan] of schedule.clients.entries())
    stays.push(new Stay(number, plan, { world, route, sessions, compression }))

  let opened = 0
  for (const stay of stays) void open(stay, world).then(() => opened++)
  await world.advance(1_000, () => opened === stays.length)
  for (const incident of schedule.incidents) plan(incident, world, stays)
  await world.advance(eventfulMs)
  // From here on all is well, and whoever is there goes on.
  world.isOver = true
  for (const server of world.servers) heal(server, world)
  await world.advance(4_000)
  // What is said to who is gone is lost until somebody finds out.
  const isCut = () => [...world.network.open.keys()].some((stream) => stream.isCut)
  await world.advance(patienceMs, () => !isCut())
  await world.advance(1_000)
  await probe(stays, world)
  for (const { client } of stays) client?.leave('close')
  await world.advance(patienceMs, () => sessions.size === 0 && world.network.open.size === 0)
  await world.advance(5_000)
  judge({ world, stays, sessions, compression })
  const echoes = stays.map(
    ({ client }) =>
      client?.heard.filter((each) => each !== 'notice' && each.from === 'client').length ?? 0,
  )
  const handed = stays.flatMap(({ links }) => links.map((link) => link.handed.length))
  for (const stay of stays) stay.release()
  for (const link of world.links) link.release()
  const echoed = sum(echoes)
  const { violations, events, story = [] } = world
  return { schedule, violations, events, echoed, lost: sum(handed) - echoed, story }
}

async function open(stay: Stay, world: World): Promise<void> {
  await stay.open(world.schedule.framing.client)
  const id = stay.session?.id
  const link = world.links.findLast(({ session }) => session !== undefined && session === id)
  if (link !== undefined) {
    link.isJoined = true
    stay.links.push(link)
  }
}

/** Whoever is still there says a last thing, which all that went wrong before must not keep from being answered. */
async function probe(stays: readonly Stay[], world: World): Promise<void> {
  const asked = stays.flatMap((stay) => {
    const { client } = stay
    return client?.isHere === true ? [{ stay, client, number: client.say(60) }] : []
  })
  const isAnswered = () =>
    asked.every(
      ({ client, number }) =>
        !client.isHere ||
        client.heard.some(
          (each) => each !== 'notice' && each.from === 'client' && each.number === number,
        ),
    )
  await world.advance(patienceMs, isAnswered)
  for (const { stay, client, number } of asked) {
    stay.hasBeenAnswered = client.isHere && isAnswered()
    if (stay.hasBeenAnswered) stay.dueAtProbe = client.heard.length
    else if (client.isHere)
      world.violate(
        `client ${client.number} waits for the answer to ${number}, and all servers are well`,
      )
  }
}

function plan(incident: Incident, world: World, stays: readonly Stay[]): void {
  const server = world.servers[incident.server]
  if (server === undefined) return
  world.clock.after(incident.atMs, () => {
    world.tell(() => `incident ${JSON.stringify(incident)}`)
    befall(incident, server, world, stays)
  })
  if (['talk', 'ping', 'rebalance', 'unhealthy'].includes(incident.kind)) return
  world.clock.after(incident.atMs + 1 + incident.forMs, () => heal(server, world))
}

function heal(server: SimulatedServer, world: World): void {
  world.heal(server)
  world.endpointOf(server).undrain()
}

function befall(
  incident: Incident,
  server: SimulatedServer,
  world: World,
  stays: readonly Stay[],
): void {
  const endpoint = world.endpointOf(server)
  const here = stays.flatMap(({ session }) => (session?.endpoint === endpoint ? [session] : []))
  switch (incident.kind) {
    case 'death':
      return server.die(incident.how)
    case 'leave':
      return server.leave(incident.code, incident.isPatient)
    case 'freeze':
      return server.freeze()
    case 'mood':
      return server.fail(incident.mood)
    case 'drain':
      endpoint.drain()
      server.wellSinceMs = undefined
      for (const session of here) void session.move('draining')
      return
    case 'rebalance':
      for (const { session } of stays) void session?.move('rebalance', endpoint)
      return
    case 'unhealthy':
      for (const session of here) session.failOver('unhealthy', 'it is said to be ill')
      return
    case 'talk':
      for (const connection of server.connections) connection.talk()
      return
    case 'ping':
      for (const connection of server.connections) connection.ping()
  }
}

const bases = new Map<string, Config['routes'][number]>()

function routeConfigOf({
  framing,
  pendingBytes,
  heartbeat,
  clients,
}: Schedule): Config['routes'][number] {
  const takeover = framing.client?.serverTakeover === true
  const keys =
    framing.kind === 'tunnel'
      ? 'framed: false'
      : framing.client === undefined
        ? 'framed: true\n    compression: off'
        : `framed: true\n    compression: { threshold: 32B, context-takeover: ${takeover}, upstream: ${framing.upstream} }`
  const base = bases.get(keys) ?? loaded(keys)
  bases.set(keys, base)
  // Nobody else would find out.
  const vanishes = clients.some(({ departure }) => departure?.how === 'vanish')
  return {
    ...base,
    limits: { ...base.limits, pendingBytes },
    // Who takes nothing for so long hangs, also where it cannot be asked, inside of a frame.
    timeout: { ...base.timeout, sendMs: 5_000 },
    heartbeat: {
      clientMs: vanishes ? 1_000 : undefined,
      upstreamMs: heartbeat?.intervalMs,
      timeoutMs: 1_000,
    },
  }
}

function loaded(keys: string): Config['routes'][number] {
  const result = loadConfig(relayTo('ws://10.0.0.1', keys))
  if (!result.ok) throw new Error('the configuration is not one')
  const [route] = result.config.routes
  if (route === undefined) throw new Error('there is no route')
  return { ...route, upstreams: [{ name: 'chat', weight: 1 }] }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
