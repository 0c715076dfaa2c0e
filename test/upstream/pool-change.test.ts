/** A pool that takes other options while it serves: all that no key speaks of goes on as it was. */
import { describe, expect, test } from 'bun:test'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { PoolOptions } from '../../src/upstream/pool-options.ts'
import { changePool, Checks, prepareChange, there } from '../support/changed-pool.ts'
import { settle } from '../support/discovering.ts'
import {
  balancerNamed,
  endpointOptions,
  noFailover,
  startPool,
  type TestPool,
} from '../support/pool.ts'

const [a = '', b = '', c = '', d = ''] = [1, 2, 3, 4].map((number) => `ws://10.0.0.${number}:9000`)

/** One that has seen something: sessions, an ejection, checks, an administrator. */
async function inUse(): Promise<TestPool & { checks: Checks; told: string[] }> {
  const checks = new Checks()
  const told: string[] = []
  const started = startPool(
    [a, b, c, d].map((url) => endpointOptions(url, { sessions: 2 })),
    { health: checks.options(), queue: { sessions: 10, waitMs: 60_000 } },
    { onChange: (upstream) => told.push(upstream) },
  )
  const { pool, clock } = started
  clock.advance(100)
  await settle()
  const [first, second, third, fourth] = [a, b, c, d].map((url) => there(pool, url))
  first?.enter(true)
  first?.enter(true)
  second?.enter(false)
  second?.observe(12)
  for (let time = 0; time < 5; time++) third?.standing.failed('request', 'refused')
  fourth?.drain()
  if (second !== undefined) pool.setWeight(second, 7)
  while (pool.retryBudget.take());
  clock.advance(50)
  pool.redialGate.failed()
  return { ...started, checks, told }
}

/** Everything that shall not change by itself. */
function stateOf({ pool, clock }: TestPool) {
  return {
    pending: clock.pending,
    mayRetry: pool.retryBudget.take(),
    endpoints: Array.from(pool.endpoints, (endpoint) => ({
      endpoint,
      sessions: endpoint.sessions,
      load: endpoint.load,
      weight: endpoint.weight,
      latencyMs: endpoint.averageLatencyMs,
      isToldToDrain: endpoint.isToldToDrain,
      state: endpoint.standing.state,
      reason: endpoint.standing.reason,
      sinceMs: endpoint.standing.sinceMs,
      history: endpoint.standing.history,
    })),
  }
}

const expression = { source: '$host', render: () => '' }
const changes: readonly Partial<PoolOptions>[] = [
  { balancer: balancerNamed('first') },
  { slowStartMs: 10_000 },
  { queue: { sessions: 1, waitMs: 1 } },
  { sticky: { kind: 'engine.io' } },
  { sticky: { kind: 'expression', by: expression } },
  { eject: { failures: 1, withinMs: 1, forMs: 1, atMost: 1 } },
  { retry: { dials: 0, budget: 0.5, statuses: [] } },
  { failover: { ...noFailover, mode: 'transparent' } },
  { drain: { perSecond: 1, settleMs: 1 } },
  { rebalance: { perSecond: 1 } },
  { tls: { ca: undefined, cert: undefined, key: undefined, serverName: 'x', isVerified: false } },
  { timeout: { connectMs: 5, answerMs: 6 } },
  { keepAlive: { connections: 0, idleMs: 5 } },
  { endpoints: [a, b, c, d].map((url) => endpointOptions(url, { sessions: 3 })) },
  { health: new Checks().options({ intervalMs: 1_000 }) },
]

describe('a pool in use', () => {
  test.each(changes.map((change) => [Object.keys(change).join(), change] as const))(
    'is as it was when its %s changes, but for that, and tells its host once',
    async (_, change) => {
      const used = await inUse()
      const { pool, checks, told, events } = used
      const before = stateOf(used)
      const asked = checks.asked
      const tellings = [events.length, told.length]
      changePool(pool, change)
      await settle()
      expect(stateOf(used)).toEqual(before)
      for (const [index, endpoint] of [...pool.endpoints].entries())
        expect(endpoint).toBe(before.endpoints[index]?.endpoint as Endpoint)
      expect(pool.options).toMatchObject(change)
      expect(checks.asked).toBe(asked)
      expect([events.length, told.length - 1]).toEqual(tellings as [number, number])
      pool.leave()
      used.clock.advance(1_000)
      expect(used.clock.pending).toBe(0)
    },
  )

  test('is as it was when a change is abandoned', async () => {
    const used = await inUse()
    const { pool, told } = used
    const [before, options, tellings] = [stateOf(used), pool.options, told.length]
    for (const change of changes) prepareChange(pool, change).abandon()
    prepareChange(pool, { endpoints: [endpointOptions(a)] }).abandon()
    expect(stateOf(used)).toEqual(before)
    expect([pool.options, told.length]).toEqual([options, tellings])
    pool.leave()
  })

  test('is as it was when a plugin cannot be made of what it is told', async () => {
    const used = await inUse()
    const [before, { options }] = [stateOf(used), used.pool]
    const create = () => {
      throw new Error('no such mood')
    }
    const moody = { type: 'mood', options: {}, create }
    expect(() => prepareChange(used.pool, { balancer: moody })).toThrow('no such mood')
    const health = { ...used.checks.options(), check: moody }
    expect(() => prepareChange(used.pool, { health })).toThrow('no such mood')
    expect(stateOf(used)).toEqual(before)
    expect(used.pool.options).toBe(options)
    used.pool.leave()
  })
})
