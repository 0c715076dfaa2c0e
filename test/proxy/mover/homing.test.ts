/**
 * Live sessions that have a place, by a key or an order, come home once endpoints have changed.
 */
import { describe, expect, test } from 'bun:test'
import type { PoolOptions } from '../../../src/upstream/pool-options.ts'
import { Crowd, endpointsOf, urlOf } from '../../support/crowd.ts'
import { balancerNamed, endpointOptions } from '../../support/pool.ts'
import { template } from '../../support/template.ts'

const [first, second, third] = [urlOf(0), urlOf(1), urlOf(2)]
const rebalance = { perSecond: 50 }
const by = template('$request.header.x-key')
const pools: [string, Partial<PoolOptions>][] = [
  ['by hash', { rebalance, balancer: balancerNamed('hash', { by }) }],
  ['sticky by an expression', { rebalance, sticky: { kind: 'expression', by } }],
]

/** How many sessions are not where their keys lead. */
function astray({ sessions }: Crowd): number {
  return [...sessions].filter((each) => each.placeNow() !== each.endpoint).length
}

describe.each(pools)('an upstream %s', (_, options) => {
  test('moves those whose key leads elsewhere now, and no others, at the pace of rebalance.rate', async () => {
    const crowd = new Crowd(endpointsOf(2), options)
    const sessions = crowd.openByKey(600)
    await crowd.pass(5_000)
    crowd.pool.add(endpointOptions(third))
    const strangers = sessions.filter((each) => each.placeNow() !== each.endpoint)
    expect(strangers.length).toBeGreaterThan(150)
    await crowd.pass(3_000)
    expect(crowd.countAt(third)).toBeGreaterThan(80)
    expect(crowd.countAt(third)).toBeLessThanOrEqual(110)
    await crowd.pass(10_000)
    expect(astray(crowd)).toBe(0)
    for (const session of sessions)
      expect(session.asked.length).toBe(strangers.includes(session) ? 1 : 0)
    expect(sessions.flatMap(({ asked }) => asked)[0]?.cause).toBe('rebalance')
  })

  test('then asks nobody but once a minute', async () => {
    const crowd = new Crowd(endpointsOf(2), options)
    crowd.openByKey(100)
    await crowd.pass(20_000, 50)
    const { asks } = crowd
    await crowd.pass(120_000, 50)
    expect(crowd.asks - asks).toBe(200)
    expect([crowd.askedAtMs, crowd.clock.pending]).toEqual([[], 1])
  })

  test('leaves those without a key where they are', async () => {
    const crowd = new Crowd(endpointsOf(2), options)
    crowd.open(first, 50)
    crowd.pool.add(endpointOptions(third))
    await crowd.pass(20_000, 50)
    expect(crowd.counts).toEqual({ [first]: 50 })
  })

  test('brings those back that a server left behind which was away for a moment', async () => {
    const crowd = new Crowd(endpointsOf(2), options)
    crowd.openByKey(100)
    await crowd.pass(3_000, 50)
    for (const session of crowd.sessions)
      if (session.endpoint.url === first) session.failOver('lost', 'reset')
    await crowd.pass(1_000, 50)
    expect(crowd.counts).toEqual({ [second]: 100 })
    await crowd.pass(70_000, 50)
    expect(astray(crowd)).toBe(0)
  })

  test('asks some hundred at a time', async () => {
    const crowd = new Crowd(endpointsOf(2), options)
    crowd.openByKey(2_000)
    const { asks } = crowd
    await crowd.pass(1_000, 50)
    expect(crowd.asks - asks).toBe(500)
    await crowd.pass(50, 50)
    expect(crowd.asks - asks).toBe(1_000)
  })

  test('moves nobody to who has no room, or from who is ejected', async () => {
    const crowd = new Crowd(endpointsOf(2), options)
    crowd.openByKey(100)
    await crowd.pass(3_000, 50)
    for (let failure = 0; failure < 5; failure++)
      crowd.at(first).standing.failed('request', 'reset')
    crowd.pool.add(endpointOptions(third, { sessions: 4 }))
    const before = crowd.countAt(first)
    await crowd.pass(15_000, 50)
    expect(crowd.countAt(first)).toBe(before)
    expect(crowd.countAt(third)).toBe(4)
  })
})

test('where the first endpoint with room is taken, sessions come back to it', async () => {
  const crowd = new Crowd(endpointsOf(2, { sessions: 30 }), {
    rebalance,
    balancer: balancerNamed('first'),
  })
  const leavers = crowd.open(first, 30)
  crowd.open(second, 20)
  await crowd.pass(5_000, 50)
  expect(crowd.askedAtMs).toEqual([])
  for (const leaver of leavers.slice(0, 12)) leaver.end()
  crowd.pool.setWeight(crowd.at(first), 2)
  await crowd.pass(5_000, 50)
  expect(crowd.counts).toEqual({ [first]: 30, [second]: 8 })
})
