/**
 * Balancers and health checks that break every rule: requests are served all the same, nobody is counted twice,
 * and no limit is passed.
 */
import { describe, expect, test } from 'bun:test'
import type { Balancer, Candidate, Choice } from '../../src/core/balancer.ts'
import type { HealthCheck } from '../../src/core/health-check.ts'
import type { Registry } from '../../src/core/registry.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { Ask } from '../../src/upstream/chooser.ts'
import { settle } from '../support/discovering.ts'
import { factsOf } from '../support/facts.ts'
import { balancerNamed, endpointOptions, startPool, type TestPool } from '../support/pool.ts'

const urls = ['ws://10.0.0.1:9000', 'ws://10.0.0.2:9000', 'ws://10.0.0.3:9000']
const ask: Ask = { request: factsOf(), isSession: true, sticksTo: undefined, tried: [] }

/** What a balancer of one's own does, with all candidates it has ever been told. */
interface Manner {
  readonly update?: (candidates: readonly Candidate[]) => void
  readonly choose: (known: readonly Candidate[], choice: Choice) => unknown
}

function balancerOf({ update, choose }: Manner): Balancer {
  const known = new Set<Candidate>()
  return {
    update(candidates) {
      for (const candidate of candidates) known.add(candidate)
      update?.(candidates)
    },
    choose: (choice) => choose([...known], choice) as Candidate | undefined,
  }
}

function startWith(manner: Manner): TestPool {
  const extension = { type: 'bad', doc: 'Breaks rules.', options: {} }
  const registry: Registry = {
    balancers: [{ ...extension, create: () => balancerOf(manner) }],
    healthChecks: [],
  }
  return startPool(
    urls.map((url) => endpointOptions(url, { sessions: 2 })),
    { balancer: balancerNamed('bad', {}, registry) },
  )
}

function enter({ pool }: TestPool, count: number, more: Partial<Ask> = {}): Endpoint[] {
  return Array.from({ length: count }, () => pool.enterNow({ ...ask, ...more })).filter(
    (endpoint) => endpoint !== undefined,
  )
}

function loads({ pool }: TestPool): (readonly [sessions: number, load: number])[] {
  return Array.from(pool.endpoints, ({ sessions, load }) => [sessions, load] as const)
}

const boom = () => {
  throw new Error('boom')
}
const strange = Object.assign(new Error(), { message: 7 })
const foreign: Candidate = {
  url: 'ws://10.0.0.1:9000',
  weight: 1,
  currentWeight: 1,
  load: 0,
  latencyMs: undefined,
}

describe('a balancer', () => {
  test.each<[string, Manner, expected: string]>([
    ['throws when it is told', { update: boom, choose: boom }, 'boom'],
    ['throws when it is to choose', { choose: boom }, 'boom'],
    ['chooses the same for ever', { choose: ([first]) => first }, 'not open'],
    ['chooses something of its own', { choose: () => foreign }, 'not there'],
    ['chooses an address', { choose: () => urls[0] }, 'not there'],
    ['chooses nothing by null', { choose: () => null }, 'not there'],
    ['asks of what is not there', { choose: (_, choice) => choice.isOpen(foreign) }, 'not'],
  ])('that %s costs nobody an answer', (_, manner, expected) => {
    const real = startWith(manner)
    const inside = enter(real, 6)
    expect(inside).toHaveLength(6)
    expect(loads(real)).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ])
    expect(enter(real, 3)).toEqual([])
    for (const endpoint of inside) endpoint.leave(true)
    expect(loads(real).flat()).toEqual([0, 0, 0, 0, 0, 0])
    // Once for the endpoints in use; a tier of its own has the ejected ones, and one the backups.
    expect(real.mistakes.length).toBeWithin(1, 4)
    for (const mistake of real.mistakes) expect(String(mistake)).toContain(expected)
    real.pool.leave()
  })

  test('is told of once, and once again when the endpoints have changed', () => {
    const real = startWith({ choose: () => foreign })
    enter(real, 3)
    expect(real.mistakes).toHaveLength(1)
    const [endpoint] = real.pool.endpoints
    if (endpoint === undefined) throw new Error('there is one')
    real.pool.setWeight(endpoint, 2)
    enter(real, 3)
    expect(real.mistakes).toHaveLength(2)
    real.pool.leave()
  })

  test('that chooses the one that has failed a request is not heeded', () => {
    const real = startWith({ choose: ([first]) => first })
    const [first] = real.pool.endpoints
    if (first === undefined) throw new Error('there is one')
    const others = enter(real, 4, { tried: [first] })
    expect(others).toHaveLength(4)
    expect(others).not.toContain(first)
    expect(first.load).toBe(0)
    expect(real.mistakes).toHaveLength(1)
    real.pool.leave()
  })

  test.each(['removed', 'drained', 'weighed nothing'])(
    'that chooses one that was %s is not heeded',
    (what) => {
      const real = startWith({ choose: ([first]) => first })
      const { pool } = real
      const [first] = enter(real, 1)
      if (first === undefined) throw new Error('there is one')
      first.leave(true)
      if (what === 'removed') pool.remove(first)
      else if (what === 'drained') first.standing.drain()
      else pool.setWeight(first, 0)
      const others = enter(real, 4)
      expect(others).toHaveLength(4)
      expect(others).not.toContain(first)
      expect([first.sessions, first.load]).toEqual([0, 0])
      expect(real.mistakes).toHaveLength(1)
      pool.leave()
    },
  )

  test('that is told wrong takes turns fairly, and those that have no fault of it are not told of', () => {
    const real = startWith({ choose: boom })
    const counts = new Map<string, number>()
    for (const endpoint of enter(real, 6)) {
      counts.set(endpoint.url, (counts.get(endpoint.url) ?? 0) + 1)
    }
    expect([...counts.values()]).toEqual([2, 2, 2])
    real.pool.leave()
    const well = startWith({ choose: (known, choice) => known.find((each) => choice.isOpen(each)) })
    expect(enter(well, 7)).toHaveLength(6)
    expect(well.mistakes).toEqual([])
    well.pool.leave()
  })
})

describe('a health check', () => {
  /** Whose checks end like this. */
  function startChecked(check: () => unknown): TestPool {
    const lawless = { check } as HealthCheck
    return startPool([endpointOptions('ws://10.0.0.1:9000')], {
      balancer: balancerNamed('least-time'),
      health: {
        check: { type: 'bad', options: {}, create: () => lawless },
        intervalMs: 5_000,
        timeoutMs: 2_000,
        healthy: 1,
        unhealthy: 1,
        movesSessions: false,
      },
    })
  }

  function only({ pool }: TestPool): Endpoint {
    const [endpoint] = pool.endpoints
    if (endpoint === undefined) throw new Error('there is one')
    return endpoint
  }

  test.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['-1', -1],
    ['infinity', Infinity],
    ['a string', 'soon'],
    ['a string of digits', '12'],
    ['null', null],
    ['a list', [7]],
    ['a bigint', 12n],
    ['true', true],
    ['an object', { valueOf: () => 5 }],
  ])('that says a ping took %s has seen an endpoint that is well', async (_, took) => {
    const real = startChecked(() => Promise.resolve(took))
    const endpoint = only(real)
    for (let spentMs = 0; spentMs < 20_000; spentMs += 500) {
      real.clock.advance(500)
      await settle()
    }
    expect(endpoint.standing.state).toBe('healthy')
    expect(endpoint.standing.reason).not.toBe('not checked yet')
    expect(endpoint.averageLatencyMs).toBeUndefined()
    endpoint.observe(10)
    expect(endpoint.averageLatencyMs).toBe(10)
    expect(real.pool.enterNow(ask)).toBe(endpoint)
    real.pool.leave()
  })

  test('that does not end has failed when its time is over', async () => {
    const real = startChecked(() => new Promise(() => {}))
    const { standing } = only(real)
    real.clock.advance(1_999)
    expect(standing.state).toBe('healthy')
    real.clock.advance(1)
    expect([standing.state, standing.reason]).toEqual([
      'unhealthy',
      'a check failed: no answer within 2s',
    ])
    real.clock.advance(60_000)
    expect(standing.reason).toEndWith('the check before does not end')
    real.pool.leave()
    expect(real.clock.pending).toBe(0)
  })

  test.each<[string, () => unknown, string]>([
    ['a string', () => Promise.reject('the moon is full'), 'the moon is full'],
    ['an error without message', () => Promise.reject(new Error('')), ''],
    ['nothing', () => Promise.reject(undefined), 'undefined'],
    ['before it has begun', boom, 'boom'],
    [
      'what cannot be shown',
      () => Promise.reject(Object.create(null)),
      '[Object: null prototype] {}',
    ],
    ['an error whose message is none', () => Promise.reject(strange), '7'],
  ])('that throws %s has failed, and the next one may be well', async (_, fail, said) => {
    let isWell = false
    const real = startChecked(() => (isWell ? Promise.resolve() : fail()))
    const { standing } = only(real)
    real.clock.advance(0)
    await settle()
    expect(standing.state).toBe('unhealthy')
    expect(standing.reason).toBe(`a check failed: ${said}`)
    expect(real.pool.enterNow(ask)).toBeUndefined()
    isWell = true
    real.clock.advance(6_000)
    await settle()
    expect(standing.state).toBe('healthy')
    real.pool.leave()
  })
})
