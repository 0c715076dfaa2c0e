/** A pool that takes other options while it serves, key by key: what a key says is so from then on. */
import { describe, expect, test } from 'bun:test'
import type { Ask } from '../../src/upstream/chooser.ts'
import { endpointTag } from '../../src/upstream/endpoint-tag.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import { changePool, Checks, prepareChange, there } from '../support/changed-pool.ts'
import { settle } from '../support/discovering.ts'
import { factsOf } from '../support/facts.ts'
import { balancerNamed, endpointOptions, noFailover, startPool } from '../support/pool.ts'

const [a = '', b = '', c = ''] = [1, 2, 3].map((number) => `ws://10.0.0.${number}:9000`)
const ask: Ask = { request: factsOf(), isSession: true, sticksTo: undefined, tried: [] }
const never = new AbortController().signal

/** Where so many go, one after another, who leave again at once. */
function visits(pool: Pool, times: number): (string | undefined)[] {
  return Array.from({ length: times }, () => {
    const endpoint = pool.enterNow(ask)
    endpoint?.leave(true)
    return endpoint?.url
  })
}

describe('another balancer', () => {
  test('chooses from then on, and the same one goes on with its turn', () => {
    const { pool } = startPool([a, b, c].map((url) => endpointOptions(url)))
    expect(visits(pool, 1)).toEqual([a])
    changePool(pool, { retry: { dials: 1, budget: 0, statuses: [] } })
    expect(visits(pool, 3)).toEqual([b, c, a])
    changePool(pool, { balancer: balancerNamed('first') })
    expect([visits(pool, 3), pool.hasPlaces]).toEqual([[a, a, a], true])
    pool.leave()
  })
})

describe('other checks', () => {
  test('are made at once, and what was found before holds until they say otherwise', async () => {
    const [old, next] = [new Checks(), new Checks()]
    old.fault = 'answered 404'
    const { pool, clock } = startPool([endpointOptions(a)], { health: old.options() })
    const { standing } = there(pool, a)
    clock.advance(0)
    await settle()
    expect(standing.state).toBe('unhealthy')
    changePool(pool, { health: next.options({ intervalMs: 1_000, healthy: 1 }) })
    expect([standing.state, next.asked]).toEqual(['unhealthy', 0])
    clock.advance(0)
    await settle()
    expect([standing.state, next.asked, old.asked]).toEqual(['healthy', 1, 1])
    clock.advance(5_500)
    await settle()
    expect([next.asked > 1, old.asked]).toEqual([true, 1])
    pool.leave()
  })

  test('that are none make whoever was unhealthy count as healthy, and the first of later ones decides alone', async () => {
    const checks = new Checks()
    checks.fault = 'answered 503'
    const { pool, clock, events } = startPool([endpointOptions(a)], { health: checks.options() })
    const { standing } = there(pool, a)
    clock.advance(0)
    await settle()
    changePool(pool, { health: undefined })
    const reason = 'not checked any more'
    expect(standing).toMatchObject({ state: 'healthy', reason, fault: undefined })
    expect(events.at(-1)).toMatchObject({ type: 'endpoint-changed', state: 'healthy', reason })
    expect(clock.pending).toBe(0)
    changePool(pool, { health: checks.options() })
    clock.advance(0)
    await settle()
    expect([standing.state, checks.asked]).toEqual(['unhealthy', 2])
    pool.leave()
    expect(clock.pending).toBe(0)
  })

  test('of a pool that has not started wait for its start', async () => {
    const checks = new Checks()
    const { pool, clock } = startPool([endpointOptions(a)])
    pool.leave()
    changePool(pool, { health: checks.options() })
    expect(clock.pending).toBe(0)
  })
})

describe('ejection', () => {
  test('that is off brings back whoever was ejected', () => {
    const { pool, clock, events } = startPool([a, b].map((url) => endpointOptions(url)))
    const { standing } = there(pool, a)
    for (let time = 0; time < 5; time++) standing.failed('request', 'refused')
    changePool(pool, { eject: undefined })
    expect([standing.state, standing.reason]).toEqual(['healthy', 'not ejected any more'])
    expect(events.map(({ type }) => type)).toEqual(['endpoint-changed', 'endpoint-changed'])
    for (let time = 0; time < 9; time++) standing.failed('request', 'refused')
    expect([standing.reason, clock.pending]).toEqual(['not ejected any more', 0])
    pool.leave()
  })

  test('after fewer failures counts those that there were', () => {
    const eject = { failures: 3, withinMs: 10_000, forMs: 1_000, atMost: 1 }
    const { pool, clock } = startPool(
      [a, b].map((url) => endpointOptions(url)),
      { eject },
    )
    const { standing } = there(pool, a)
    standing.failed('request', 'refused')
    changePool(pool, { eject: { ...eject, failures: 2, forMs: 4_000 } })
    standing.failed('request', 'refused')
    expect(standing.state).toBe('ejected')
    changePool(pool, { eject: { ...eject, forMs: 1 } })
    clock.advance(3_999)
    expect(standing.state).toBe('ejected')
    clock.advance(1)
    expect(standing.state).toBe('healthy')
    pool.leave()
  })

  test('of a greater share is allowed at once', () => {
    const eject = { failures: 1, withinMs: 10_000, forMs: 60_000, atMost: 0.1 }
    const { pool } = startPool(
      [a, b, c].map((url) => endpointOptions(url)),
      { eject },
    )
    const fail = (url: string) => there(pool, url).standing.failed('request', 'refused')
    const states = () => Array.from(pool.endpoints, ({ standing }) => standing.state)
    fail(a)
    fail(b)
    expect(states()).toEqual(['ejected', 'healthy', 'healthy'])
    changePool(pool, { eject: { ...eject, atMost: 1 } })
    fail(b)
    expect(states()).toEqual(['ejected', 'ejected', 'healthy'])
    pool.leave()
  })
})

describe('what is read anew', () => {
  test('is the time over which a share grows', () => {
    const { pool, clock } = startPool([endpointOptions(a)])
    pool.add(endpointOptions(b, { weight: 100 }))
    const weight = () => there(pool, b).weightAt(clock.now())
    expect(weight()).toBe(100)
    changePool(pool, { slowStartMs: 1_000 })
    expect(weight()).toBeCloseTo(10)
    changePool(pool, { slowStartMs: undefined })
    expect(weight()).toBe(100)
    pool.leave()
  })

  test('is who may wait, and for how long', async () => {
    const { pool, clock } = startPool([endpointOptions(a, { sessions: 1 })])
    there(pool, a).enter(true)
    const failed = async () => {
      const entered = (async () => pool.enter(ask, never, 60_000))()
      const code = entered.then(() => 'served').catch((error) => error.code)
      await settle()
      return code
    }
    expect(await failed()).toBe('ENDPOINTS_FULL')
    changePool(pool, { queue: { sessions: 1, waitMs: 500 } })
    const waiting = failed()
    await settle()
    expect(pool.waiting).toBe(1)
    changePool(pool, { queue: undefined })
    expect(await failed()).toBe('ENDPOINTS_FULL')
    clock.advance(500)
    expect([await waiting, pool.waiting]).toEqual(['ENDPOINTS_FULL', 0])
    pool.leave()
  })

  test('is room: more of it is given at once to those who wait', async () => {
    const { pool } = startPool([endpointOptions(a, { sessions: 1 })], {
      queue: { sessions: 1, waitMs: 500 },
    })
    there(pool, a).enter(true)
    const waiting = pool.enter(ask, never, 60_000)
    changePool(pool, { endpoints: [endpointOptions(a, { sessions: 2 })] })
    expect((await waiting).sessions).toBe(2)
    pool.leave()
  })

  test('is what a request earns for retries, while what was used stays used', () => {
    const { pool } = startPool([endpointOptions(a)])
    while (pool.retryBudget.take());
    changePool(pool, { retry: { dials: 1, budget: 0.5, statuses: [] } })
    expect(pool.retryBudget.take()).toBe(false)
    pool.retryBudget.request()
    pool.retryBudget.request()
    expect([pool.retryBudget.take(), pool.retryBudget.take()]).toEqual([true, false])
    pool.leave()
  })

  test('is by which codes servers say that they leave', () => {
    const { pool } = startPool([endpointOptions(a)])
    expect([...pool.leavingCodes]).toEqual([])
    const failover = { ...noFailover, mode: 'notify' } as const
    changePool(pool, { failover })
    expect([[...pool.leavingCodes], pool.mayMove]).toEqual([[1001, 1012], true])
    changePool(pool, { failover: { ...failover, on: { lost: false, codes: [1013] } } })
    expect([...pool.leavingCodes]).toEqual([1013])
    changePool(pool, { failover: noFailover })
    expect([[...pool.leavingCodes], pool.mayMove]).toEqual([[], false])
    pool.leave()
  })

  test('is how long dials and answers may take', () => {
    const { pool } = startPool([endpointOptions(a)])
    const timeout = { connectMs: 5, answerMs: 6 }
    changePool(pool, { timeout })
    expect(there(pool, a).dialer.timeout).toEqual(timeout)
    pool.leave()
  })
})

describe('tags', () => {
  const sticky = {
    kind: 'cookie',
    name: 's',
    path: '/',
    maxAgeMs: undefined,
    sameSite: 'Lax',
  } as const

  test('come and go with what needs them', () => {
    const { pool } = startPool([endpointOptions(a)])
    const endpoint = there(pool, a)
    expect(endpoint.tag).toBe('')
    changePool(pool, { sticky })
    const { tag } = endpoint
    expect([tag.length, pool.withTag(tag), pool.sticky]).toEqual([8, endpoint, sticky])
    changePool(pool, { sticky: { kind: 'expression', by: { source: '$host', render: () => '' } } })
    expect([endpoint.tag, pool.withTag(tag), pool.withTag('')]).toEqual(['', undefined, undefined])
    pool.leave()
  })

  test('are made with the secret that is known last, of those that come later too', () => {
    const { pool } = startPool([endpointOptions(a)], { sticky }, { secret: 'old' })
    const { tag } = there(pool, a)
    const prepared = prepareChange(pool, { endpoints: [a, b].map((url) => endpointOptions(url)) })
    pool.setSecret('new')
    prepared.commit()
    expect(pool.withTag(tag)).toBeUndefined()
    for (const url of [a, b]) expect(pool.withTag(endpointTag('new', url))).toBe(there(pool, url))
    pool.leave()
  })
})
