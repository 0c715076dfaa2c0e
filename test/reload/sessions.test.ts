/**
 * Sessions, without sockets, whose routes and upstreams are told otherwise: who follows, and how fast whoever has
 * to go does.
 */
import { describe, expect, test } from 'bun:test'
import { compareConfigs } from '../../src/config/compare.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { ExtensionOffer, framingOf } from '../../src/proxy/framing.ts'
import { nextPlan } from '../../src/proxy/next-plan.ts'
import { planOf } from '../../src/proxy/plan.ts'
import { Session } from '../../src/proxy/session.ts'
import { Sessions } from '../../src/proxy/sessions.ts'
import { Compression } from '../../src/wire/compression.ts'
import { factsOf, sessionFacts } from '../support/facts.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeStream } from '../support/fake-stream.ts'
import { relayTo } from '../support/gateway.ts'
import { quietHost } from '../support/pool-host.ts'
import { accepted, readResponse } from '../support/reading.ts'
import { readYaml } from '../support/reload.ts'

const nobody: ReadonlySet<string> = new Set()

function configOf(keys: string) {
  return readYaml(relayTo('ws://127.0.0.1:1', keys))
}

/** Sessions of one route. @param keys of the route. */
function openSessions(keys = '') {
  const clock = new FakeClock()
  const events: GatewayEvent[] = []
  const emit = (event: GatewayEvent) => void events.push(event)
  const compression = new Compression(1e7)
  const sessions = new Sessions({ emit, clock, compression })
  const host = { ...quietHost, clock }
  const before = configOf(keys)
  const plan = planOf(before, host)
  const [route] = plan.all
  const [pool] = plan.pools.values()
  const [endpoint] = pool?.endpoints ?? []
  if (route === undefined || pool === undefined || endpoint === undefined)
    throw new Error('there is no route')
  const open = (id: string) => {
    const request = factsOf()
    const answer = accepted(readResponse('HTTP/1.1 101 Switching Protocols'))
    const offer = new ExtensionOffer(request, route, compression)
    route.sessions.enter(sessionFacts.address)
    endpoint.enter(true)
    const session = new Session({
      id,
      route,
      pool,
      endpoint,
      facts: sessionFacts,
      client: new FakeStream(),
      upstream: new FakeStream(),
      directions: framingOf(request, answer, { route, compression, offer }),
      redialler: undefined,
      host: sessions,
    })
    sessions.add(session)
    session.begin(undefined, false)
    return session
  }
  /** What the route says from now on; nobody is told. */
  const tell = (others: string) => {
    const config = configOf(others)
    const changes = compareConfigs(before, config)
    nextPlan(plan, { config, changes, host, addressesOf: () => [] }).commit()
  }
  /** How many have been told to go so far. */
  const told = () => [...sessions.all()].filter(({ isEnding }) => isEnding).length
  return { clock, events, sessions, route, pool, open, tell, told }
}

/** How many are told at first, and after each quarter of the window of four seconds. */
function tellOverTime({ clock, told }: ReturnType<typeof openSessions>): number[] {
  clock.advance(0)
  const counts = [told()]
  for (let quarter = 0; quarter < 3; quarter++) {
    clock.advance(1_000)
    counts.push(told())
  }
  return counts
}

describe('sessions that are all too old at once', () => {
  const names = ['a', 'b', 'c', 'd']
  test.each(['age', 'idle'])('go one after the other, by %s', (reason) => {
    const testing = openSessions(`timeout: { ${reason}: 1h }`)
    const { clock, sessions, route, open, tell } = testing
    for (const name of names) open(name)
    clock.advance(60_000)
    tell(`timeout: { ${reason}: 1s }`)
    sessions.follow({ routes: new Set([route.config.name]), upstreams: nobody }, 4_000)
    expect(tellOverTime(testing)).toEqual([1, 2, 3, 4])
  })
})

describe('a session follows', () => {
  const age = 'timeout: { age: 1s }'

  test('its route, and its upstream', () => {
    for (const part of ['routes', 'upstreams'] as const) {
      const { clock, sessions, route, pool, open, tell, told } = openSessions()
      open('a')
      tell(age)
      const changed = new Set([part === 'routes' ? route.config.name : pool.name])
      sessions.follow({ routes: nobody, upstreams: nobody, [part]: changed }, 0)
      clock.advance(2_000)
      expect(told()).toBe(1)
    }
  })

  test('nobody else', () => {
    const { clock, sessions, open, tell, told } = openSessions()
    open('a')
    tell(age)
    const others = new Set(['other'])
    sessions.follow({ routes: others, upstreams: others }, 0)
    clock.advance(2_000)
    expect(told()).toBe(0)
  })
})

test('a session whose handshake was under way when its route went is told to go, once it is there', () => {
  const { route, open, told } = openSessions()
  route.isRemoved = true
  const session = open('late')
  expect([session.isEnding, told()]).toEqual([true, 1])
})
