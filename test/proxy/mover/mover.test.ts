/**
 * Endpoints that are left: whose sessions move when, how fast, and what is told of it. Where sessions and endpoints
 * come and go the pool is a real one; the sessions are played, by a clock that stands still.
 */
import { describe, expect, test } from 'bun:test'
import { checked, Crowd, endpointsOf, urlOf } from '../../support/crowd.ts'
import { endpointOptions } from '../../support/pool.ts'

const [first, second, third] = [urlOf(0), urlOf(1), urlOf(2)]

describe('an endpoint that drains', () => {
  test('is left at the pace of drain.rate, a tenth of a second ahead at most', async () => {
    const crowd = new Crowd(endpointsOf(3), { drain: { perSecond: 100, settleMs: 250 } })
    crowd.open(first, 500)
    crowd.at(first).drain()
    for (let second = 1; second <= 4; second++) {
      await crowd.pass(1_000)
      const moved = 500 - crowd.countAt(first)
      expect(moved).toBeGreaterThanOrEqual(100 * second - 10)
      expect(moved).toBeLessThanOrEqual(100 * second + 10)
    }
    await crowd.pass(1_500)
    expect(crowd.counts).toEqual({ [second]: 250, [third]: 250 })
    const times = crowd.askedAtMs
    for (const fromMs of times)
      expect(times.filter((at) => at >= fromMs && at < fromMs + 100).length).toBeLessThanOrEqual(20)
  })

  test.each([0.5, 3, 15])('is left at %d a second, too', async (perSecond) => {
    const crowd = new Crowd(endpointsOf(2), { drain: { perSecond, settleMs: 250 } })
    crowd.open(first, 50)
    crowd.at(first).drain()
    await crowd.pass(10_000, 50)
    const moved = 50 - crowd.countAt(first)
    expect(moved).toBeGreaterThanOrEqual(Math.min(50, 10 * perSecond * 0.9))
    expect(moved).toBeLessThanOrEqual(Math.min(50, 10 * perSecond + 2))
  })

  test('keeps no timer once it is empty, and no session is walked over any more', async () => {
    const crowd = new Crowd(endpointsOf(2))
    crowd.open(first, 10)
    crowd.at(first).drain()
    await crowd.pass(3_000)
    expect(crowd.counts).toEqual({ [second]: 10 })
    const { walks } = crowd
    expect(crowd.clock.pending).toBe(0)
    crowd.pool.setWeight(crowd.at(second), 2)
    await crowd.pass(60_000, 1_000)
    expect([crowd.walks, crowd.clock.pending]).toEqual([walks, 0])
  })

  test('tells when it begins, once a second, and at its end', async () => {
    const crowd = new Crowd(endpointsOf(2), { drain: { perSecond: 10, settleMs: 250 } })
    crowd.open(first, 25)
    crowd.at(first).drain()
    await crowd.pass(4_000)
    const about = { type: 'endpoint-leaving', upstream: 'chat', endpoint: first, cause: 'draining' }
    const [begin, ...others] = crowd.told
    expect(begin).toEqual({ ...about, moved: 0, left: 25, unmovable: 0 } as never)
    expect(others.map(({ moved }) => moved)).toEqual([10, 20, 25])
    for (const { moved, left } of crowd.told) expect(moved + left).toBe(25)
    expect(crowd.mover.departure(first)).toBeUndefined()
  })

  test('without sessions is no news', async () => {
    const crowd = new Crowd(endpointsOf(2))
    crowd.open(second, 3)
    crowd.at(first).drain()
    await crowd.pass(5_000)
    expect([crowd.told, crowd.walks, crowd.clock.pending]).toEqual([[], 0, 0])
  })

  test('keeps the rest once it takes sessions again', async () => {
    const crowd = new Crowd(endpointsOf(2), { drain: { perSecond: 10, settleMs: 250 } })
    crowd.open(first, 100)
    crowd.at(first).drain()
    await crowd.pass(2_005)
    crowd.at(first).undrain()
    const kept = crowd.countAt(first)
    await crowd.pass(10_000)
    expect(crowd.countAt(first)).toBe(kept)
    expect(kept).toBeGreaterThan(70)
    expect(crowd.told.at(-1)).toMatchObject({ moved: 100 - kept, left: kept })
    expect([crowd.mover.departure(first), crowd.clock.pending]).toEqual([undefined, 0])
  })

  test('is left by a session whose handshake was under way', async () => {
    const crowd = new Crowd(endpointsOf(2))
    const endpoint = crowd.at(first)
    endpoint.enter(true)
    endpoint.drain()
    await crowd.pass(5_500)
    expect(crowd.told).toMatchObject([{ moved: 0, left: 1 }])
    crowd.open(first, 1)
    endpoint.leave(true)
    await crowd.pass(2_000)
    expect([crowd.counts, crowd.clock.pending]).toEqual([{ [second]: 1 }, 0])
  })

  test('keeps its sessions while nobody else is there, and is left once somebody comes', async () => {
    const crowd = new Crowd(endpointsOf(2, { sessions: 20 }))
    crowd.at(second).standing.drain()
    crowd.open(first, 20)
    crowd.at(first).drain()
    await crowd.pass(15_000)
    expect(crowd.askedAtMs).toEqual([])
    expect(crowd.mover.departure(first)).toMatchObject({ moved: 0, left: 20, unmovable: 0 })
    crowd.pool.add(endpointOptions(third))
    await crowd.pass(1_000)
    expect(crowd.counts).toEqual({ [third]: 20 })
  })

  test('is left by who finds room, and by the others when there is some again', async () => {
    const crowd = new Crowd([endpointOptions(first), endpointOptions(second, { sessions: 5 })])
    crowd.open(first, 8)
    crowd.at(first).drain()
    await crowd.pass(12_000)
    expect(crowd.counts).toEqual({ [first]: 3, [second]: 5 })
    expect(crowd.askedAtMs).toHaveLength(5)
    const [one, other] = [...crowd.sessions].filter(({ endpoint }) => endpoint.url === second)
    one?.end()
    other?.end()
    await crowd.pass(12_000)
    expect(crowd.counts).toEqual({ [first]: 1, [second]: 5 })
  })

  test('does not count those that have lost their server meanwhile', async () => {
    const crowd = new Crowd(endpointsOf(2), { drain: { perSecond: 0.1, settleMs: 250 } })
    crowd.moveMs = 60_000
    for (const session of crowd.open(first, 10).slice(0, 3)) session.failOver('lost', 'reset')
    crowd.at(first).drain()
    await crowd.pass(3_000)
    expect(crowd.mover.departure(first)).toMatchObject({ left: 7, unmovable: 0 })
  })

  test('tells of sessions that cannot be moved, and looks for them seldom', async () => {
    const crowd = new Crowd(endpointsOf(2))
    const [stuck] = crowd.open(first, 5)
    if (stuck === undefined) throw new Error('nobody came')
    stuck.isMovable = false
    crowd.at(first).drain()
    await crowd.pass(3_000)
    expect(crowd.mover.departure(first)).toEqual({
      cause: 'draining',
      moved: 4,
      left: 1,
      unmovable: 1,
    })
    const { walks, told } = crowd
    const toldBefore = told.length
    await crowd.pass(100_000, 100)
    expect(crowd.walks - walks).toBeLessThanOrEqual(10)
    expect(told).toHaveLength(toldBefore)
    stuck.isMovable = true
    await crowd.pass(12_000, 100)
    expect(crowd.counts).toEqual({ [second]: 5 })
    expect([told.at(-1)?.left, crowd.clock.pending]).toEqual([0, 0])
  })

  test('by a session that does not move is tried again after a second, then later and later', async () => {
    const crowd = new Crowd(endpointsOf(2))
    const [session] = crowd.open(first, 1)
    crowd.refuses = () => true
    crowd.at(first).drain()
    await crowd.pass(60_000, 50)
    const times = session?.asked.map(({ atMs }) => atMs) ?? []
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    for (const [index, leastMs] of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(leastMs)
      expect(pauses[index]).toBeLessThanOrEqual(leastMs + 1_100)
    }
    crowd.refuses = () => false
    await crowd.pass(12_000, 50)
    expect(crowd.counts).toEqual({ [second]: 1 })
  })

  test('is left by all others while some do not move', async () => {
    const crowd = new Crowd(endpointsOf(2), { drain: { perSecond: 10, settleMs: 250 } })
    const stubborn = new Set(crowd.open(first, 50))
    crowd.open(first, 50)
    crowd.refuses = (session) => stubborn.has(session)
    crowd.at(first).drain()
    await crowd.pass(60_000, 50)
    expect(crowd.counts).toEqual({ [first]: 50, [second]: 50 })
  })

  test('has at most 1,000 moves under way, however long they take', async () => {
    const crowd = new Crowd(endpointsOf(2), { drain: { perSecond: 10_000, settleMs: 250 } })
    crowd.open(first, 3_000)
    crowd.moveMs = 5_000
    crowd.at(first).drain()
    await crowd.pass(4_000, 100)
    expect(crowd.askedAtMs).toHaveLength(1_000)
    await crowd.pass(15_000, 100)
    expect(crowd.counts).toEqual({ [second]: 3_000 })
  })

  test('costs a look at 10,000 sessions a second, and one move each', async () => {
    const crowd = new Crowd(endpointsOf(2), { drain: { perSecond: 1_000, settleMs: 250 } })
    crowd.open(first, 10_000)
    crowd.at(first).drain()
    await crowd.pass(12_000, 50)
    expect(crowd.counts).toEqual({ [second]: 10_000 })
    expect(crowd.askedAtMs).toHaveLength(10_000)
    expect(crowd.walks).toBeLessThanOrEqual(13)
  })

  test('is given up as soon as checks call it unhealthy', async () => {
    const crowd = new Crowd(endpointsOf(2), {
      health: checked,
      drain: { perSecond: 1, settleMs: 250 },
    })
    crowd.open(first, 50)
    crowd.at(first).drain()
    await crowd.pass(1_500)
    crowd.at(first).standing.checked('no answer')
    await crowd.pass(1_500)
    expect(crowd.counts).toEqual({ [second]: 50 })
    const causes = [...crowd.sessions].flatMap(({ asked }) => asked.map(({ cause }) => cause))
    expect(causes.filter((cause) => cause === 'unhealthy').length).toBeGreaterThan(40)
  })
})

describe('an endpoint that was removed', () => {
  test('is left like one that drains', async () => {
    const crowd = new Crowd(endpointsOf(3), { drain: { perSecond: 100, settleMs: 250 } })
    crowd.open(first, 200)
    crowd.pool.remove(crowd.at(first))
    await crowd.pass(1_000)
    expect(crowd.countAt(first)).toBeGreaterThan(80)
    expect(crowd.mover.departure(first)).toMatchObject({ cause: 'removed' })
    await crowd.pass(2_000)
    expect(crowd.counts).toEqual({ [second]: 100, [third]: 100 })
    expect(crowd.pool.leaving.size).toBe(0)
    expect(crowd.told.at(-1)).toMatchObject({ cause: 'removed', moved: 200, left: 0 })
    expect(crowd.clock.pending).toBe(0)
  })

  test('keeps its sessions if it was back before anybody looked', async () => {
    const crowd = new Crowd(endpointsOf(2))
    crowd.open(first, 10)
    const { options } = crowd.at(first)
    crowd.pool.remove(crowd.at(first))
    crowd.pool.add(options)
    await crowd.pass(5_000)
    expect([crowd.counts, crowd.askedAtMs, crowd.told]).toEqual([{ [first]: 10 }, [], []])
  })

  test('keeps the rest once it is back, as another object', async () => {
    const crowd = new Crowd(endpointsOf(2), { drain: { perSecond: 10, settleMs: 250 } })
    crowd.open(first, 100)
    const before = crowd.at(first)
    crowd.pool.remove(before)
    await crowd.pass(2_005)
    crowd.pool.add(before.options)
    const kept = crowd.countAt(first)
    await crowd.pass(10_000)
    expect(crowd.at(first)).not.toBe(before)
    expect(crowd.countAt(first)).toBe(kept)
    expect(kept).toBeGreaterThan(70)
    crowd.at(first).drain()
    await crowd.pass(12_000)
    expect(crowd.counts).toEqual({ [second]: 100 })
  })

  test('is given up at once if checks had called it unhealthy', async () => {
    const crowd = new Crowd(endpointsOf(2), { health: { ...checked, movesSessions: true } })
    crowd.at(second).standing.drain()
    crowd.open(first, 10)
    crowd.at(first).standing.checked('no answer')
    crowd.pool.remove(crowd.at(first))
    crowd.at(second).standing.undrain()
    await crowd.pass(100)
    expect(crowd.counts).toEqual({ [second]: 10 })
    expect([...crowd.sessions][0]?.asked).toMatchObject([
      { cause: 'unhealthy', detail: 'a check failed: no answer' },
    ])
  })
})

describe('an endpoint that checks call unhealthy', () => {
  test('is given up by all its sessions at once, some hundred a tick', async () => {
    const crowd = new Crowd(endpointsOf(3), { health: checked })
    crowd.open(first, 1_000)
    crowd.open(second, 10)
    crowd.at(first).standing.checked('no answer')
    crowd.clock.advance(1)
    expect(crowd.askedAtMs).toHaveLength(200)
    await crowd.pass(100)
    expect(crowd.askedAtMs).toHaveLength(1_000)
    expect(crowd.countAt(first)).toBe(0)
    await crowd.pass(2_000)
    const about = { endpoint: first, cause: 'unhealthy', unmovable: 0 }
    expect(crowd.told[0]).toMatchObject({ ...about, moved: 0, left: 1_000 })
    expect(crowd.told.at(-1)).toMatchObject({ ...about, moved: 1_000, left: 0 })
    expect(crowd.mover.departure(first)).toBeUndefined()
  })

  test('is still being left while its sessions are on their way', async () => {
    const crowd = new Crowd(endpointsOf(2), { health: checked })
    crowd.open(first, 10)
    crowd.moveMs = 5_000
    crowd.at(first).standing.checked('no answer')
    await crowd.pass(4_000)
    expect(crowd.mover.departure(first)).toEqual({
      cause: 'unhealthy',
      moved: 0,
      left: 0,
      unmovable: 0,
    })
    expect(crowd.askedAtMs).toHaveLength(10)
    await crowd.pass(3_000)
    expect(crowd.told.at(-1)).toMatchObject({ moved: 10, left: 0 })
  })

  test('is given up by nobody any more once it is well, or nobody else is', async () => {
    for (const isWellAgain of [true, false]) {
      const crowd = new Crowd(endpointsOf(2), { health: checked })
      crowd.open(first, 1_000)
      crowd.at(first).standing.checked('no answer')
      crowd.clock.advance(1)
      if (isWellAgain) crowd.at(first).standing.checked(undefined)
      else crowd.at(second).standing.checked('no answer')
      await crowd.pass(5_000, 50)
      const asked = [...crowd.sessions].filter((each) => each.endpoint.url === first)
      expect(asked).toHaveLength(800)
    }
  })

  test('keeps them where health.move is off', async () => {
    const crowd = new Crowd(endpointsOf(2), { health: { ...checked, movesSessions: false } })
    crowd.open(first, 10)
    crowd.at(first).standing.checked('no answer')
    await crowd.pass(5_000)
    expect([crowd.askedAtMs, crowd.walks]).toEqual([[], 0])
  })

  test('keeps them while all are, until one is well', async () => {
    const crowd = new Crowd(endpointsOf(3), { health: checked })
    for (const url of [first, second, third]) {
      crowd.open(url, 10)
      crowd.at(url).standing.checked('no answer')
    }
    // The first to fall had others to go to, but nobody looks before all have been told.
    await crowd.pass(30_000, 50)
    expect(crowd.askedAtMs).toEqual([])
    crowd.at(third).standing.checked(undefined)
    await crowd.pass(1_000)
    expect(crowd.counts).toEqual({ [third]: 30 })
    expect(crowd.askedAtMs).toHaveLength(20)
  })
})

test('however often endpoints change, sessions are looked at some times a second, and told of once', async () => {
  const crowd = new Crowd(endpointsOf(3), { drain: { perSecond: 10, settleMs: 250 } })
  crowd.open(first, 100)
  crowd.at(first).drain()
  for (let change = 0; change < 100; change++) {
    crowd.pool.setWeight(crowd.at(second), 1 + change)
    await crowd.pass(10)
  }
  expect(crowd.walks).toBeLessThanOrEqual(21)
  expect(crowd.told.length).toBeLessThanOrEqual(2)
})

test('whoever has no reason to leave any more when its turn comes is not asked', async () => {
  const crowd = new Crowd(endpointsOf(2), { drain: { perSecond: 40, settleMs: 250 } })
  crowd.open(first, 100)
  crowd.at(first).drain()
  await crowd.pass(460)
  const { length } = crowd.askedAtMs
  // There is a look at once; until the next one there are turns.
  crowd.pool.setWeight(crowd.at(second), 2)
  crowd.clock.advance(0)
  crowd.at(first).undrain()
  await crowd.pass(1_000)
  expect(crowd.askedAtMs).toHaveLength(length)
})

test('a session that throws is a mistake, and is tried again', async () => {
  const crowd = new Crowd(endpointsOf(2))
  const [session] = crowd.open(first, 1)
  let isBroken = true
  crowd.refuses = () => {
    if (isBroken) throw new Error('broken')
    return false
  }
  crowd.at(first).drain()
  await crowd.pass(1_000)
  expect(crowd.mistakes).toMatchObject([{ message: 'broken' }])
  isBroken = false
  await crowd.pass(3_000)
  expect(session?.endpoint.url).toBe(second)
})

test('sessions of other upstreams are left alone', async () => {
  const [crowd, other] = [new Crowd(endpointsOf(2)), new Crowd(endpointsOf(2))]
  for (const stranger of other.open(first, 5)) crowd.sessions.add(stranger)
  crowd.open(first, 5)
  crowd.at(first).drain()
  await crowd.pass(5_000)
  expect([crowd.counts, other.askedAtMs]).toEqual([{ [first]: 5, [second]: 5 }, []])
})

test('once stopped it moves nobody, and waits for nothing', async () => {
  const crowd = new Crowd(endpointsOf(2), { rebalance: { perSecond: 10 } })
  crowd.open(first, 100)
  crowd.at(first).drain()
  await crowd.pass(1_000)
  crowd.mover.stop()
  const { length } = crowd.askedAtMs
  await crowd.pass(5_000)
  expect([crowd.askedAtMs.length, crowd.clock.pending]).toEqual([length, 0])
})
