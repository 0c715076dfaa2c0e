// Where a request has to go because of an earlier one, by what the client brings along.

import { describe, expect, test } from 'bun:test'
import type { EndpointState } from '../../src/core/events.ts'
import {
  stickinessOf,
  stuckPool,
  type StickyEndpoint,
  type StickyPool,
} from '../../src/proxy/stickiness.ts'
import type { StickyOptions } from '../../src/upstream/pool-options.ts'
import { accepted, readRequest } from '../support/reading.ts'

const cookie: StickyOptions = {
  kind: 'cookie',
  name: 'sluice',
  path: '/',
  maxAgeMs: undefined,
  sameSite: 'Lax',
}
const states: readonly EndpointState[] = ['healthy', 'unhealthy', 'ejected', 'draining']

function endpoint(tag: string, state: EndpointState = 'healthy', isFull = false): StickyEndpoint {
  return { tag, standing: { state }, isFull }
}

function poolOf(sticky: StickyOptions | undefined, ...endpoints: StickyEndpoint[]) {
  const pool: StickyPool<StickyEndpoint> = {
    sticky,
    withTag: (tag) => endpoints.find((each) => each.tag === tag),
  }
  return pool
}

interface Asked {
  readonly target?: string
  readonly cookie?: string
  readonly scheme?: 'http' | 'https'
}

function factsOf({ target = '/', cookie: value = '', scheme = 'http' }: Asked) {
  const request = readRequest(`GET ${target} HTTP/1.1`, 'Host: a.test', `Cookie: ${value}`)
  return { head: accepted(request), scheme }
}

test('nothing sticks where nothing is asked to', () => {
  const asked = { cookie: 'sluice=AAAAAAAA', target: '/?EIO=4&transport=polling&sid=a.AAAAAAAA' }
  const pool = poolOf(undefined, endpoint('AAAAAAAA'))
  const stuck = stickinessOf(factsOf(asked), pool, true)
  expect(stuck).toMatchObject({ endpoint: undefined, isBound: false, opensSession: false })
  expect(stuck.cookieFor(endpoint('AAAAAAAA'))).toBeUndefined()
})

describe('by cookie', () => {
  const [first, second] = [endpoint('AAAAAAAA'), endpoint('BBBBBBBB')]
  const pool = poolOf(cookie, first, second)

  test('a client without one goes where the balancer says, and is told how to come back', () => {
    const stuck = stickinessOf(factsOf({}), pool, true)
    expect(stuck).toMatchObject({ endpoint: undefined, isBound: false, target: undefined })
    expect(stuck.cookieFor(second)).toBe('sluice=BBBBBBBB; Path=/; HttpOnly; SameSite=Lax')
  })

  test('it comes back, and is told nothing more', () => {
    const stuck = stickinessOf(factsOf({ cookie: 'a=1; sluice=BBBBBBBB' }), pool, true)
    expect(stuck.endpoint).toBe(second)
    expect(stuck.isBound).toBe(false)
    expect(stuck.cookieFor(second)).toBeUndefined()
  })

  test('it is told anew where it is sent elsewhere all the same', () => {
    const stuck = stickinessOf(factsOf({ cookie: 'sluice=BBBBBBBB', scheme: 'https' }), pool, true)
    expect(stuck.cookieFor(first)).toContain('sluice=AAAAAAAA')
    expect(stuck.cookieFor(first)).toContain('Secure')
  })

  test('of several the first counts that leads somewhere', () => {
    const value = 'sluice=forged; sluice=; sluice=BBBBBBBB; sluice=AAAAAAAA'
    expect(stickinessOf(factsOf({ cookie: value }), pool, true).endpoint).toBe(second)
    expect(stickinessOf(factsOf({ cookie: 'sluice=forged' }), pool, true).endpoint).toBeUndefined()
  })

  test.each(states)('an endpoint that is %s is led to only for what it still takes', (state) => {
    const [old, other] = [endpoint('AAAAAAAA', state), endpoint('BBBBBBBB')]
    const facts = factsOf({ cookie: 'sluice=AAAAAAAA' })
    const session = stickinessOf(facts, poolOf(cookie, old, other), true)
    expect(session.endpoint).toBe(state === 'healthy' ? old : undefined)
    const request = stickinessOf(facts, poolOf(cookie, old, other), false)
    expect(request.endpoint).toBe(state === 'healthy' || state === 'draining' ? old : undefined)
    expect(session.cookieFor(other)).toContain('sluice=BBBBBBBB')
  })

  test('a full endpoint takes requests, and no session', () => {
    const full = endpoint('AAAAAAAA', 'healthy', true)
    const facts = factsOf({ cookie: 'sluice=AAAAAAAA' })
    expect(stickinessOf(facts, poolOf(cookie, full), true).endpoint).toBeUndefined()
    expect(stickinessOf(facts, poolOf(cookie, full), false).endpoint).toBe(full)
  })
})

describe('by Engine.IO', () => {
  const [first, second] = [endpoint('AAAAAAAA'), endpoint('BBBBBBBB')]
  const pool = poolOf({ kind: 'engine.io' }, first, second)
  const session = '/socket.io/?EIO=4&transport=websocket&sid=abc.BBBBBBBB'

  test('a first poll goes where the balancer says, and its sid is to be tagged', () => {
    const facts = factsOf({ target: '/socket.io/?EIO=4&transport=polling' })
    const stuck = stickinessOf(facts, pool, false)
    expect(stuck).toMatchObject({ endpoint: undefined, isBound: false, opensSession: true })
    expect(stuck.cookieFor(first)).toBeUndefined()
  })

  test.each([false, true])('a session is bound to its endpoint, upgrade: %p', (isHandshake) => {
    const stuck = stickinessOf(factsOf({ target: session }), pool, isHandshake)
    expect(stuck).toMatchObject({ isBound: true, opensSession: false })
    expect(stuck.endpoint).toBe(second)
    expect(stuck.target).toBe('/socket.io/?EIO=4&transport=websocket&sid=abc')
  })

  test.each([
    '/socket.io/?EIO=4&transport=websocket',
    '/socket.io/?EIO=3&transport=polling',
    '/socket.io/?EIO=3&transport=polling&sid=abc.BBBBBBBB',
    '/socket.io/socket.io.js',
  ])('%s may go anywhere', (target) => {
    const stuck = stickinessOf(factsOf({ target, cookie: 'sluice=AAAAAAAA' }), pool, false)
    expect(stuck).toMatchObject({
      endpoint: undefined,
      isBound: false,
      target: undefined,
      opensSession: false,
    })
  })

  test.each(['abc', 'abc.forged00', 'abc.', 'a.AAAAAAAA&sid=a.AAAAAAAA'])(
    'a session %s is unknown',
    (sid) => {
      const target = `/socket.io/?EIO=4&transport=polling&sid=${sid}`
      expect(() => stickinessOf(factsOf({ target }), pool, false)).toThrow('Session ID unknown')
    },
  )

  test.each(states)('the sessions of an endpoint that is %s are there or nowhere', (state) => {
    const old = endpoint('BBBBBBBB', state, true)
    const attempt = () =>
      stickinessOf(factsOf({ target: session }), poolOf({ kind: 'engine.io' }, old), true)
    if (state === 'unhealthy') expect(attempt).toThrow('Session ID unknown')
    else expect(attempt().endpoint).toBe(old)
  })
})

describe('of a split', () => {
  const byCookie = [poolOf(cookie, endpoint('AAAAAAAA')), poolOf(cookie, endpoint('BBBBBBBB'))]
  const sessions = { kind: 'engine.io' } as const
  const bySession = [poolOf(sessions, endpoint('AAAAAAAA')), poolOf(sessions, endpoint('BBBBBBBB'))]

  test('the upstream is found where a cookie leads, unless there is a key to decide by', () => {
    const facts = factsOf({ cookie: 'sluice=BBBBBBBB' })
    expect(stuckPool(facts, byCookie, false)).toBe(byCookie[1])
    expect(stuckPool(facts, byCookie, true)).toBeUndefined()
    expect(stuckPool(factsOf({ cookie: 'sluice=forged' }), byCookie, false)).toBeUndefined()
  })

  test('none is found where the endpoint of a cookie takes nothing', () => {
    const pools = [poolOf(cookie, endpoint('AAAAAAAA', 'unhealthy'))]
    expect(stuckPool(factsOf({ cookie: 'sluice=AAAAAAAA' }), pools, false)).toBeUndefined()
  })

  test('the upstream of a session is found whatever there is to decide by', () => {
    const facts = factsOf({ target: '/?EIO=4&transport=polling&sid=abc.BBBBBBBB' })
    expect(stuckPool(facts, bySession, true)).toBe(bySession[1])
    expect(
      stuckPool(factsOf({ target: '/?EIO=4&transport=polling' }), bySession, false),
    ).toBeUndefined()
    expect(stuckPool(facts, [poolOf(undefined, endpoint('BBBBBBBB'))], false)).toBeUndefined()
  })
})
