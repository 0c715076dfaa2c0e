/**
 * Whom a pool sends where, step by step: who need not wait, who must not be sent, and what is left when it
 * leaves.
 */
import { describe, expect, test } from 'bun:test'
import { describeEndpoint } from '../../src/proxy/upstream-info.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { Ask } from '../../src/upstream/chooser.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import { settle } from '../support/discovering.ts'
import { factsOf } from '../support/facts.ts'
import { endpointOptions, startPool } from '../support/pool.ts'

const first = 'ws://10.0.0.1:9000'
const second = 'ws://10.0.0.2:9000'
const queue = { sessions: 10, waitMs: 2_000 }
/** Checks that are never asked anything here: tests say how they ended. */
const health = {
  check: {
    type: 'mine',
    options: {},
    create: () => ({ check: () => new Promise<never>(() => {}) }),
  },
  intervalMs: 5_000,
  timeoutMs: 2_000,
  healthy: 2,
  unhealthy: 1,
  movesSessions: false,
}
const never = new AbortController().signal

function askFor(more: Partial<Ask> = {}): Ask {
  return { request: factsOf(), isSession: true, sticksTo: undefined, tried: [], ...more }
}

function endpointOf(pool: Pool, url: string): Endpoint {
  const endpoint = pool.endpoint(url)
  if (endpoint === undefined) throw new Error(`${url} is not there`)
  return endpoint
}

/** Somebody who asks, and what came of it: a URL, or why not; undefined while they wait. */
function ask(pool: Pool, more: Partial<Ask> = {}): { result: string | undefined } {
  const asked: { result: string | undefined } = { result: undefined }
  const entered = (async () => pool.enter(askFor(more), never, 60_000))()
  entered.then(
    ({ url }) => (asked.result = url),
    ({ code }) => (asked.result = code),
  )
  return asked
}

describe('who sticks to an endpoint', () => {
  test('with room goes there at once, though others wait in line for others', async () => {
    const endpoints = [endpointOptions(first, { sessions: 1 })]
    // Of weight 0: only who sticks to it gets there.
    endpoints.push(endpointOptions(second, { weight: 0 }))
    const { pool } = startPool(endpoints, { queue })
    const [inside, waits] = [ask(pool), ask(pool)]
    await settle()
    expect([inside.result, waits.result, pool.waiting]).toEqual([first, undefined, 1])
    const sticks = ask(pool, { sticksTo: endpointOf(pool, second) })
    await settle()
    expect([sticks.result, waits.result]).toEqual([second, undefined])
    pool.leave()
  })

  test.each([
    ['was removed', (pool: Pool, endpoint: Endpoint) => pool.remove(endpoint)],
    ['is unhealthy', (_: Pool, { standing }: Endpoint) => standing.checked('refused')],
    ['drains', (_: Pool, { standing }: Endpoint) => standing.drain()],
  ])('that %s while they waited is not sent there', async (_, change) => {
    const { pool } = startPool(
      [first, second].map((url) => endpointOptions(url, { sessions: 1 })),
      { queue, health },
    )
    const [sticky, other] = [endpointOf(pool, first), endpointOf(pool, second)]
    for (const endpoint of [sticky, other]) endpoint.enter(true)
    const waits = ask(pool, { sticksTo: sticky })
    await settle()
    expect(pool.waiting).toBe(1)
    change(pool, sticky)
    sticky.leave(true)
    await settle()
    expect(waits.result).toBeUndefined()
    other.leave(true)
    await settle()
    expect([waits.result, sticky.sessions]).toEqual([second, 0])
    pool.leave()
  })

  test('that is ejected for them is not sent there, and one they have tried neither', async () => {
    const { pool } = startPool(
      [first, second].map((url) => endpointOptions(url)),
      {
        eject: { failures: 1, withinMs: 1_000, forMs: 1_000, atMost: 1 },
      },
    )
    const sticky = endpointOf(pool, first)
    const tried = ask(pool, { sticksTo: sticky, tried: [sticky] })
    sticky.standing.failed('session', 'ended without a Close')
    const late = ask(pool, { sticksTo: sticky })
    await settle()
    expect([tried.result, late.result]).toEqual([second, second])
    pool.leave()
  })
})

describe('ejection', () => {
  test('leaves one that takes sessions: of weight 0 none does', () => {
    const { pool } = startPool([endpointOptions(first), endpointOptions(second, { weight: 0 })], {
      eject: { failures: 1, withinMs: 1_000, forMs: 1_000, atMost: 1 },
    })
    const { standing } = endpointOf(pool, first)
    standing.failed('session', 'ended without a Close')
    expect(standing.state).toBe('healthy')
    pool.setWeight(endpointOf(pool, second), 1)
    standing.failed('session', 'ended without a Close')
    expect(standing.state).toBe('ejected')
    pool.leave()
  })
})

test('a pool tells by its name when its sessions find no server, and when one does', () => {
  const { pool, clock, events } = startPool([endpointOptions(first)])
  void pool.redialGate.during(() => new Promise<never>(() => {}))
  pool.redialGate.failed()
  clock.advance(1_500)
  pool.redialGate.open()
  expect(events).toEqual([
    { type: 'sessions-stranded', upstream: 'chat', sessions: 1 },
    { type: 'sessions-rescued', upstream: 'chat', afterMs: 1_500 },
  ])
})

describe('a pool that leaves', () => {
  test('lets go at once who waits for room, and waits for nothing itself', async () => {
    const { pool, clock } = startPool([endpointOptions(first, { sessions: 1 })], { queue, health })
    endpointOf(pool, first).enter(true)
    const waiting = [ask(pool), ask(pool)]
    await settle()
    expect(pool.waiting).toBe(2)
    pool.leave()
    await settle()
    expect(waiting.map(({ result }) => result)).toEqual(['ENDPOINTS_FULL', 'ENDPOINTS_FULL'])
    expect([pool.waiting, clock.pending]).toEqual([0, 0])
  })
})

describe('checks', () => {
  test('of a newcomer come at once, however many others there are', () => {
    const asked: string[] = []
    const check = {
      check: ({ authority }: { authority: string }) => {
        asked.push(authority)
        return new Promise<never>(() => {})
      },
    }
    const many = Array.from({ length: 200 }, (_, index) => endpointOptions(`ws://10.1.0.${index}`))
    const { pool, clock } = startPool(many, {
      health: { ...health, check: { ...health.check, create: () => check } },
    })
    clock.advance(1_000)
    expect(asked).toHaveLength(200)
    pool.add(endpointOptions(first))
    clock.advance(0)
    expect(asked.slice(200)).toEqual(['10.0.0.1:9000'])
    pool.leave()
  })
})

test('an upstream that will find http endpoints takes no ws endpoint before it has found any', () => {
  const form = { everyMs: 1_000, isTls: false, path: '', resolvers: [], port: 80 } as const
  const { pool } = startPool([], {
    discover: { kind: 'dns', name: 'chat.test', scheme: 'http', ...form },
  })
  expect(pool.add(endpointOptions(first))).toBe(
    'The endpoints of one upstream speak the same: those of chat speak http',
  )
  expect(pool.size).toBe(0)
  expect(pool.isWebSocket).toBe(false)
  pool.leave()
})

test('how much weight an endpoint has that starts slowly is shown as it grows, with no request', () => {
  // People are shown what the system's clock says, which this pool's is far behind.
  const { pool } = startPool([endpointOptions(first)], { slowStartMs: 1 })
  const added = pool.add(endpointOptions(second, { weight: 100 }))
  if (typeof added === 'string') throw new Error(added)
  expect([added.currentWeight, describeEndpoint(added, undefined).currentWeight]).toEqual([10, 100])
  expect([0, 0.5, 1].map((ms) => Math.round(added.weightAt(ms)))).toEqual([10, 55, 100])
  pool.leave()
})
