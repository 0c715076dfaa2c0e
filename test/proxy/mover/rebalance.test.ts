/**
 * Live sessions are spread anew: how evenly, how fast, and that it ends.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { PoolOptions } from '../../../src/upstream/pool-options.ts'
import { checked, Crowd, endpointsOf, urlOf } from '../../support/crowd.ts'
import { endpointOptions } from '../../support/pool.ts'

const [first, second, third] = [urlOf(0), urlOf(1), urlOf(2)]
const spreading: Partial<PoolOptions> = { rebalance: { perSecond: 50 } }

describe('rebalancing by weight', () => {
  test('gives an endpoint that is added its part, at the pace of rebalance.rate', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    crowd.open(first, 300)
    crowd.open(second, 300)
    await crowd.pass(5_000)
    expect(crowd.askedAtMs).toEqual([])
    crowd.pool.add(endpointOptions(third))
    await crowd.pass(1_000)
    for (let passed = 1; passed <= 3; passed++) {
      await crowd.pass(1_000)
      expect(crowd.countAt(third)).toBeGreaterThanOrEqual(50 * passed - 5)
      expect(crowd.countAt(third)).toBeLessThanOrEqual(50 * passed + 5)
    }
    await crowd.pass(5_000)
    for (const url of [first, second, third]) expect(crowd.countAt(url)).toBeGreaterThanOrEqual(196)
    const { cause } = [...crowd.sessions].flatMap(({ asked }) => asked)[0] ?? {}
    expect(cause).toBe('rebalance')
  })

  test('ends with every part within two in a hundred or one session, whatever the weights and counts', async () => {
    const member = fc.record({
      weight: fc.integer({ min: 1, max: 10 }),
      count: fc.nat(80),
      isBackup: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 6 }), async (members) => {
        const endpoints = members.map(({ weight, isBackup }, index) =>
          endpointOptions(urlOf(index), { weight, isBackup }),
        )
        const crowd = new Crowd(endpoints, { rebalance: { perSecond: 1_000 } })
        for (const [index, { count }] of members.entries()) crowd.open(urlOf(index), count)
        await crowd.pass(5_000, 50)
        const primaries = members.filter(({ isBackup }) => !isBackup)
        const inUse = primaries.length > 0 ? primaries : members
        const weights = inUse.reduce((sum, { weight }) => sum + weight, 0)
        for (const [index, each] of members.entries()) {
          const part = inUse.includes(each) ? (crowd.sessions.size * each.weight) / weights : 0
          const off = Math.abs(crowd.countAt(urlOf(index)) - part)
          expect(off).toBeLessThanOrEqual(Math.max(1, 0.02 * part) + 1e-6)
        }
        // And then it rests, and nobody was moved twice.
        const { walks } = crowd
        const { length } = crowd.askedAtMs
        await crowd.pass(100_000, 1_000)
        expect([crowd.walks, crowd.askedAtMs.length]).toEqual([walks, length])
        for (const { asked } of crowd.sessions) expect(asked.length).toBeLessThanOrEqual(1)
        expect(crowd.clock.pending).toBe(1)
      }),
      { numRuns: 60 },
    )
  })

  test('goes by a weight that was set, and empties who weighs nothing', async () => {
    const crowd = new Crowd(endpointsOf(3), spreading)
    for (const url of [first, second, third]) crowd.open(url, 40)
    await crowd.pass(3_000)
    crowd.pool.setWeight(crowd.at(first), 2)
    await crowd.pass(5_000)
    expect(crowd.countAt(first)).toBeGreaterThanOrEqual(58)
    await crowd.pass(60_000, 50)
    crowd.pool.setWeight(crowd.at(first), 0)
    await crowd.pass(10_000, 50)
    expect(crowd.countAt(first)).toBeLessThanOrEqual(1)
  })

  test('moves nobody to a full endpoint, and what that cannot have is shared by the others', async () => {
    const endpoints = [endpointOptions(first), endpointOptions(second, { sessions: 10 })]
    const crowd = new Crowd([...endpoints, endpointOptions(third)], spreading)
    crowd.open(first, 100)
    await crowd.pass(10_000)
    expect(crowd.countAt(second)).toBeLessThanOrEqual(10)
    expect(crowd.countAt(second)).toBeGreaterThanOrEqual(9)
    expect(Math.abs(crowd.countAt(first) - 45)).toBeLessThanOrEqual(1)
  })

  test('gives an endpoint that is well again what it had', async () => {
    const crowd = new Crowd(endpointsOf(2), { ...spreading, health: checked })
    crowd.open(first, 50)
    crowd.open(second, 50)
    crowd.at(first).standing.checked('no answer')
    await crowd.pass(3_000)
    expect(crowd.counts).toEqual({ [second]: 100 })
    crowd.at(first).standing.checked(undefined)
    await crowd.pass(5_000)
    expect(crowd.countAt(first)).toBeGreaterThanOrEqual(49)
  })

  test('neither takes from nor gives to who is ejected or drains', async () => {
    const crowd = new Crowd(endpointsOf(4), spreading)
    crowd.open(first, 40)
    for (let failure = 0; failure < 5; failure++)
      crowd.at(first).standing.failed('request', 'reset')
    crowd.at(second).drain()
    crowd.open(third, 20)
    await crowd.pass(8_000)
    expect(crowd.at(first).standing.state).toBe('ejected')
    expect([crowd.countAt(first), crowd.countAt(second)]).toEqual([40, 0])
    expect(crowd.countAt(third)).toBeLessThanOrEqual(11)
  })

  test('moves nobody for what comes and goes by itself', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    const leavers = crowd.open(first, 100)
    crowd.open(second, 100)
    await crowd.pass(3_000)
    for (const leaver of leavers.slice(0, 30)) leaver.end()
    // Found again, as DNS does every few seconds.
    for (let time = 0; time < 20; time++) {
      crowd.pool.setWeight(crowd.at(first), 1)
      await crowd.pass(2_000, 50)
    }
    expect(crowd.askedAtMs).toEqual([])
  })

  test('spreads what a server left behind that was back before anybody noticed', async () => {
    const crowd = new Crowd(endpointsOf(3), spreading)
    for (const url of [first, second, third]) crowd.open(url, 60)
    await crowd.pass(5_000, 50)
    for (const session of crowd.sessions)
      if (session.endpoint.url === third) session.failOver('lost', 'reset')
    await crowd.pass(100)
    expect(crowd.counts).toEqual({ [first]: 90, [second]: 90 })
    await crowd.pass(20_000, 50)
    expect(crowd.countAt(third)).toBeGreaterThanOrEqual(58)
  })

  test('takes no notice of sessions that have no server, wherever they were', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    crowd.moveMs = 1_000_000
    const lost = crowd.open(first, 40)
    crowd.open(first, 20)
    crowd.open(second, 20)
    for (const session of lost) session.failOver('lost', 'reset')
    await crowd.pass(5_000, 50)
    expect([...crowd.sessions].some(({ asked }) => asked[0]?.cause === 'rebalance')).toBe(false)
  })

  test('moves nobody again within a minute', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    crowd.open(first, 100)
    for (let time = 0; time < 60; time++) {
      crowd.pool.setWeight(crowd.at(first), 1 + 9 * (time % 2))
      crowd.pool.setWeight(crowd.at(second), 10 - 9 * (time % 2))
      await crowd.pass(5_000, 50)
    }
    for (const { asked } of crowd.sessions)
      for (const [index, { atMs }] of asked.entries())
        if (index > 0) expect(atMs - (asked[index - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(60_000)
    expect(crowd.askedAtMs.length).toBeGreaterThan(200)
  })

  test('counts those that cannot be moved, and moves others for them', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    for (const session of crowd.open(first, 40)) session.isMovable = false
    crowd.open(first, 60)
    await crowd.pass(5_000)
    expect(crowd.countAt(second)).toBeGreaterThanOrEqual(49)
  })

  test('gives up on who never moves, and leaves the others at their parts', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    const stubborn = new Set(crowd.open(first, 30))
    crowd.open(first, 30)
    crowd.refuses = (session) => stubborn.has(session)
    await crowd.pass(30_000, 50)
    expect(crowd.countAt(second)).toBeGreaterThanOrEqual(29)
    const { length } = crowd.askedAtMs
    await crowd.pass(60_000, 50)
    expect(crowd.askedAtMs).toHaveLength(length)
  })

  test('comes about though endpoints are found again twice a second', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    crowd.open(first, 50)
    for (let time = 0; time < 20; time++) {
      crowd.pool.setWeight(crowd.at(first), 1)
      await crowd.pass(500, 50)
    }
    expect(crowd.countAt(second)).toBeGreaterThanOrEqual(24)
  })

  test.each(['remove', 'drain', 'fill'] as const)(
    'moves nobody to whom it was to be before somebody did %s it',
    async (change) => {
      const endpoints = [endpointOptions(first), endpointOptions(second, { sessions: 60 })]
      const crowd = new Crowd(endpoints, spreading)
      crowd.open(first, 100)
      await crowd.pass(1_200)
      const endpoint = crowd.at(second)
      if (change === 'remove') crowd.pool.remove(endpoint)
      else if (change === 'drain') endpoint.drain()
      else while (!endpoint.isFull) endpoint.enter(true)
      const moves = () =>
        [...crowd.sessions].flatMap(({ asked }) =>
          asked.filter(({ cause }) => cause === 'rebalance'),
        )
      const { length } = moves()
      expect(length).toBeGreaterThan(0)
      const { walks } = crowd
      await crowd.pass(10_000)
      expect(moves()).toHaveLength(length)
      if (change === 'fill') expect(crowd.walks - walks).toBeLessThanOrEqual(2)
    },
  )

  test('moves nobody who has come there by itself before its turn', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    const sessions = crowd.open(first, 100)
    await crowd.pass(1_020)
    const others = sessions.filter((session) => session.endpoint.url === first)
    expect(others.length).toBeLessThan(100)
    for (const session of others) session.failOver('lost', 'reset')
    await crowd.pass(900)
    for (const { asked } of others) expect(asked.map(({ cause }) => cause)).toEqual(['lost'])
  })

  test('counts a session under way where it is going', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    crowd.open(first, 100)
    crowd.moveMs = 3_000
    await crowd.pass(20_000)
    expect(crowd.countAt(second)).toBeGreaterThanOrEqual(49)
    expect(crowd.askedAtMs.length).toBeLessThanOrEqual(50)
  })

  test('looks at counts alone while all is even', async () => {
    const crowd = new Crowd(endpointsOf(2), spreading)
    crowd.open(first, 5_000)
    crowd.open(second, 5_000)
    await crowd.pass(2_000)
    const { walks } = crowd
    await crowd.pass(100_000, 1_000)
    expect(crowd.walks).toBe(walks)
    expect(walks).toBeLessThanOrEqual(2)
  })
})
