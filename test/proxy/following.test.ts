/**
 * Sessions that are open when their route is told something else: what holds from that moment on.
 */
import { describe, expect, test } from 'bun:test'
import { formatProblems } from '../../src/config/report.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { SessionEnd } from '../../src/core/events.ts'
import { framingOf, ExtensionOffer } from '../../src/proxy/framing.ts'
import { planOf } from '../../src/proxy/plan.ts'
import { Session } from '../../src/proxy/session.ts'
import { Opcode } from '../../src/wire/opcode.ts'
import { Compression } from '../../src/wire/compression.ts'
import { factsOf, sessionFacts } from '../support/facts.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeStream } from '../support/fake-stream.ts'
import { frame, someKey } from '../support/frames.ts'
import { relayTo } from '../support/gateway.ts'
import { heardIn } from '../support/heard.ts'
import { loadConfig } from '../support/load-config.ts'
import { quietHost } from '../support/pool-host.ts'
import { accepted, readResponse } from '../support/reading.ts'

function configOf(keys: string) {
  const yaml = relayTo('ws://127.0.0.1:1', keys)
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems, { colours: false }))
  return loaded.config
}

/** @param keys of the route. */
function open(keys: string) {
  const clock = new FakeClock()
  const plan = planOf(configOf(keys), { ...quietHost, clock })
  const [route] = plan.all
  const [pool] = plan.pools.values()
  const request = factsOf()
  const endpoint = pool?.enterNow({ request, isSession: true, sticksTo: undefined, tried: [] })
  if (route === undefined || pool === undefined || endpoint === undefined)
    throw new Error('there is no route')
  const compression = new Compression(1e7)
  const answer = accepted(readResponse('HTTP/1.1 101 Switching Protocols'))
  const offer = new ExtensionOffer(request, route, compression)
  const [client, upstream] = [new FakeStream(), new FakeStream()]
  const ends: SessionEnd[] = []
  const session = new Session({
    id: 's',
    route,
    pool,
    endpoint,
    facts: sessionFacts,
    client,
    upstream,
    directions: framingOf(request, answer, { route, compression, offer }),
    redialler: undefined,
    host: { clock, emit() {}, onClose: (_, end) => void ends.push(end) },
  })
  session.begin(undefined, false)
  /** As a reload does. */
  const tell = (others: string, notBeforeMs = 0) => {
    const [next] = configOf(others).routes
    if (next === undefined) throw new Error('there is no route')
    route.prepare(next, plan.pools, { hasNewSplit: false, addresses: () => [] })()
    session.follow(notBeforeMs)
  }
  const say = (text: string) => client.receive(message(text))
  const heard = () =>
    heardIn(Buffer.from(upstream.written, 'latin1')).map(({ payload }) => String(payload))
  return { clock, client, upstream, session, ends, tell, say, heard }
}

function message(text: string): string {
  return frame({ opcode: Opcode.text, payload: text, key: someKey }).toString('latin1')
}

/** What was written last to a client is a Close with this code. */
function closeCode({ written }: FakeStream): number {
  return Buffer.from(written.slice(-200), 'latin1').readUInt16BE(
    written.slice(-200).lastIndexOf('\x88') + 2,
  )
}

describe('a session follows its route:', () => {
  test('a rate that is raised lets at once what waited for the old one', () => {
    const { say, heard, tell } = open('limits: { messages: { rate: 1/s, burst: 1 } }')
    for (const text of ['a', 'b', 'c']) say(text)
    expect(heard()).toEqual(['a'])
    tell('limits: { messages: { rate: 1/s, burst: 1, over: delay } }')
    expect(heard()).toEqual(['a'])
    tell('')
    expect(heard()).toEqual(['a', 'b', 'c'])
    say('d')
    expect(heard()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a rate that is new holds back what comes from now on', () => {
    const { say, heard, tell, clock } = open('')
    for (const text of ['a', 'b', 'c']) say(text)
    tell('limits: { messages: { rate: 1/s, burst: 2 } }')
    for (const text of ['d', 'e', 'f', 'g']) say(text)
    expect(heard()).toEqual(['a', 'b', 'c', 'd', 'e'])
    clock.advance(2_000)
    expect(heard()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  })

  test('what was said ahead of a rate stays a debt when the rate changes', () => {
    const { say, heard, tell, clock } = open('limits: { messages: { rate: 10/s, burst: 2 } }')
    for (const text of ['a', 'b']) say(text)
    tell('limits: { messages: { rate: 20/s, burst: 2 } }')
    say('c')
    expect(heard()).toEqual(['a', 'b'])
    clock.advance(100)
    expect(heard()).toEqual(['a', 'b', 'c'])
  })

  test.each(['', 'compression: { threshold: 1KB }'])(
    'a smaller message limit holds for the next message (%s)',
    (framing) => {
      const { say, tell, client, heard, clock } = open(framing)
      say('x'.repeat(2_000))
      tell(`limits: { message: 1KB, frame: 1KB }\n    ${framing}`)
      say('y'.repeat(1_024))
      expect(heard()).toEqual(['x'.repeat(2_000), 'y'.repeat(1_024)])
      say('z'.repeat(1_025))
      clock.advance(1_000) // for the last words of its server
      expect(closeCode(client)).toBe(1009)
    },
  )

  test('pending: a slower reader stops the other side sooner', () => {
    const { client, upstream, tell, say } = open('')
    upstream.bufferedBytes = 10_000
    say('a')
    expect(client.isPaused).toBeFalse()
    tell('limits: { pending: 4KB }')
    say('b')
    expect(client.isPaused).toBeTrue()
  })

  test('an age that is new counts from the opening', () => {
    const { clock, tell, client } = open('')
    clock.advance(30_000)
    tell('timeout: { age: 1m }')
    clock.advance(29_999)
    expect(client.written).toBe('')
    clock.advance(1)
    expect(closeCode(client)).toBe(1001)
  })

  test('an age that is over already closes in turn, and not all at once', () => {
    const { clock, tell, client } = open('')
    clock.advance(120_000)
    tell('timeout: { age: 1m }', 5_000)
    clock.advance(4_999)
    expect(client.written).toBe('')
    clock.advance(1)
    expect(closeCode(client)).toBe(1001)
  })

  test('an age that is gone ends nobody', () => {
    const { clock, tell, client } = open('timeout: { age: 1m }')
    tell('')
    clock.advance(120_000)
    expect(client.written).toBe('')
  })

  test('idleness that nobody asked about before counts from now on', () => {
    const { clock, tell, client, say } = open('')
    clock.advance(120_000)
    tell('timeout: { idle: 1m }')
    clock.advance(59_999)
    say('still here')
    clock.advance(59_999)
    expect(client.written).toBe('')
    clock.advance(1)
    expect(closeCode(client)).toBe(1001)
  })

  test('a heartbeat that is new pings, and one that is gone does not', () => {
    const { clock, tell, client } = open('')
    tell('heartbeat: { client: 10s, timeout: 5s }')
    clock.advance(10_000)
    expect(client.written).not.toBe('')
    const { written } = client
    client.receive(
      frame({ opcode: Opcode.pong, payload: written.slice(2), key: someKey }).toString('latin1'),
    )
    tell('')
    clock.advance(60_000)
    expect(client.written).toBe(written)
  })

  test('one whose client is silent is found so, however often other things are changed', () => {
    const beat = 'heartbeat: { client: 10s, timeout: 5s }'
    const { clock, tell, client } = open(beat)
    for (let second = 1; second < 15; second++) {
      clock.advance(1_000)
      tell(`limits: { message: ${second}MB }\n    ${beat}`)
    }
    expect(client.isDestroyed).toBeFalse()
    clock.advance(1_000)
    expect(client.isDestroyed).toBeTrue()
  })

  test('one that is ending is left alone', () => {
    const { session, tell, client } = open('')
    session.close('CLOSED_BY_ADMIN')
    const { written } = client
    tell('limits: { messages: { rate: 1/s, burst: 1 } }\n    timeout: { age: 1s, idle: 1s }')
    expect(client.written).toBe(written)
  })
})

// It was a mistake once, and was answered with 500.
test('a request that has waited for a route that answers by itself now is told that there is nobody', () => {
  const plan = planOf(configOf(''), quietHost)
  const [route] = plan.all
  const [next] = configOf('').routes
  if (route === undefined || next === undefined) throw new Error('there is no route')
  expect(route.pickPool(factsOf()).name).toBe('ws://127.0.0.1:1')
  const told = { hasNewSplit: true, addresses: () => [] }
  route.prepare({ ...next, upstreams: [] }, plan.pools, told)()
  expect(() => route.pickPool(factsOf())).toThrow(new GatewayError('NO_ENDPOINT'))
})
