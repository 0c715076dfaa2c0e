/**
 * Who is asked to take a session over, for how long and after whom: real servers, by a clock that stands still.
 */
import { describe, expect, test } from 'bun:test'
import type { GatewayEvent } from '../../../src/core/events.ts'
import { KeptRequest } from '../../../src/proxy/failover/kept-request.ts'
import type { MovingSession } from '../../../src/proxy/failover/moving-session.ts'
import { discard, Search, type NextServer } from '../../../src/proxy/failover/redialler.ts'
import { planOf } from '../../../src/proxy/plan.ts'
import type { Endpoint } from '../../../src/upstream/endpoint.ts'
import { Compression } from '../../../src/wire/compression.ts'
import { startBareServer } from '../../support/bare-peers.ts'
import { factsOf, sessionFacts } from '../../support/facts.ts'
import { failingOver } from '../../support/failing-over.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { loadConfig } from '../../support/load-config.ts'
import { endpointOptions } from '../../support/pool.ts'
import { quietHost } from '../../support/pool-host.ts'
import { accepted, readResponse } from '../../support/reading.ts'
import { listenTcp } from '../../support/tcp.ts'
import type { SeenHead } from '../../support/witness.ts'

/** Sessions at the first of these. */
function setUp(servers: readonly { readonly url: string }[], failover = 'transparent') {
  const yaml = failingOver(servers, failover, { upstream: 'eject: off' })
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error(`the configuration is not one: ${Bun.inspect(loaded.problems)}`)
  const clock = new FakeClock()
  const plan = planOf(loaded.config, { ...quietHost, clock })
  const [route] = plan.all
  const [pool] = plan.pools.values()
  const [from] = pool?.endpoints ?? []
  if (route === undefined || pool === undefined || from === undefined)
    throw new Error('there is no route')
  const events: GatewayEvent[] = []
  let onEvent = () => {}
  const emit = (event: GatewayEvent) => {
    events.push(event)
    onEvent()
  }
  const host = { clock, emit, compression: new Compression(1e7) }
  const sessionAt = (endpoint: Endpoint): MovingSession => ({
    id: 's',
    route,
    pool,
    endpoint,
    facts: sessionFacts,
    host,
    isEnding: false,
    outbound: { messages: 0, bytes: 0 },
    close() {},
    leaveEndpoint() {},
    joined() {},
  })
  /** Looks for another server. @param subprotocol what was agreed with the first. */
  const redial = async (search: Search, { subprotocol = '', isPatient = true, at = from } = {}) => {
    const lines = subprotocol === '' ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]
    const facts = factsOf([
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...lines,
    ])
    const answer = accepted(readResponse('HTTP/1.1 101 Switching Protocols', ...lines))
    const kept = new KeptRequest(facts, answer, route, host)
    return kept.redial({ session: sessionAt(at), moves: 1, isPatient, search })
  }
  /** When so many attempts have failed in all. */
  const failures = async (count: number) => {
    const failed = () => events.filter(({ type }) => type === 'attempt-failed')
    while (failed().length < count) await new Promise<void>((resolve) => (onEvent = resolve))
    return failed()
  }
  return { clock, pool, from, redial, failures }
}

/** Where it leads; nothing is left open. */
async function urlOf(found: Promise<NextServer>): Promise<string> {
  const next = await found
  discard(next)
  return next.endpoint.url
}

/** One that takes connections and says nothing; it tells when somebody has asked. */
async function startHanging() {
  let asked = Promise.withResolvers<void>()
  const server = await listenTcp(async (connection) => {
    await connection.until(/\r\n\r\n/)
    asked.resolve()
    asked = Promise.withResolvers()
  })
  return {
    url: `ws://${server.host}`,
    asked: () => asked.promise,
    [Symbol.dispose]: () => server[Symbol.dispose](),
  }
}

describe('a server that hangs', () => {
  // It was taken for the last one to be asked, and got all the time there was.
  test('gets two seconds though nobody but the lost one is left to be asked', async () => {
    await using lost = await startBareServer()
    using hanging = await startHanging()
    const { clock, redial } = setUp([lost, hanging])
    const asked = hanging.asked()
    const found = urlOf(redial(new Search()))
    await asked
    clock.advance(1_999)
    await Bun.sleep(0)
    expect(lost.ends).toHaveLength(0)
    clock.advance(1)
    expect(await found).toBe(lost.url)
  })

  test('gets a quarter of `wait` where that is shorter', async () => {
    await using lost = await startBareServer()
    using hanging = await startHanging()
    const { clock, redial } = setUp([lost, hanging], '{ mode: transparent, wait: 1s }')
    const asked = hanging.asked()
    const found = urlOf(redial(new Search()))
    await asked
    clock.advance(250)
    expect(await found).toBe(lost.url)
  })
})

describe('a session that no server fits', () => {
  // Whoever found nobody shut the gate, though all that did not fit was its own subprotocol.
  test('does not make others wait', async () => {
    const answer = (head: SeenHead): Readonly<Record<string, string>> =>
      head.all('Sec-WebSocket-Protocol').length > 0 ? { 'Sec-WebSocket-Protocol': 'new' } : {}
    await using one = await startBareServer({ answer })
    await using two = await startBareServer({ answer })
    const { pool, redial, failures } = setUp([one, two])
    const search = new Search()
    const misfit = redial(search, { subprotocol: 'old, new' }).catch((error: unknown) => error)
    expect(await failures(2)).toMatchObject([
      { endpoint: two.url, code: 'UPSTREAM_BAD_HANDSHAKE' },
      { endpoint: one.url, code: 'UPSTREAM_BAD_HANDSHAKE' },
    ])
    await Bun.sleep(0)
    expect(pool.redialGate.enter(() => AbortSignal.abort())).toBeUndefined()
    expect(await urlOf(redial(new Search()))).toBe(two.url)
    search.end(new Error('enough'))
    expect(await misfit).toEqual(new Error('enough'))
  })
})

describe('a session that leaves its server in order', () => {
  // What was removed and added again is another object at the same address.
  test('is never moved to the address it is at', async () => {
    await using one = await startBareServer()
    const { pool, from, redial } = setUp([one])
    pool.remove(from)
    pool.add(endpointOptions(one.url))
    expect(pool.endpoint(one.url)).not.toBe(from)
    const found = redial(new Search(), { isPatient: false, at: from })
    expect(await found.then(({ endpoint }) => endpoint.url, String)).toContain('no other endpoint')
    expect(one.ends).toHaveLength(0)
  })

  test('does not wait behind those that have none', async () => {
    await using one = await startBareServer()
    await using two = await startBareServer()
    const { pool, redial } = setUp([one, two])
    pool.redialGate.failed()
    expect(await urlOf(redial(new Search(), { isPatient: false }))).toBe(two.url)
  })
})
