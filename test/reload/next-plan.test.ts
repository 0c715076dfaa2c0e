/**
 * The plan that another configuration makes of the running one: what of it begins, what goes on, and what ends.
 */
import { describe, expect, test } from 'bun:test'
import { compareConfigs } from '../../src/config/compare.ts'
import { nextPlan } from '../../src/proxy/next-plan.ts'
import { planOf, type Plan } from '../../src/proxy/plan.ts'
import type { Route } from '../../src/proxy/route.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { quietHost } from '../support/pool-host.ts'
import { readYaml } from '../support/reload.ts'

interface Parts {
  /** Keys of the listener. */
  readonly listener?: object
  readonly upstreams?: Readonly<Record<string, unknown>>
  /** Keys of the route. */
  readonly route?: object
}

const one = ['ws://127.0.0.1:1']
/** Checked once a while, which the clock knows of from its start until it leaves. */
const checked = { endpoints: one, health: { tcp: true, interval: '5s' } }
const split = { a: 3, b: 1 }

function configOf({ listener = {}, upstreams = { a: one }, route = {} }: Parts) {
  return readYaml(
    JSON.stringify({
      listeners: [{ name: 'public', address: '127.0.0.1', port: 0, ...listener }],
      upstreams,
      routes: [{ name: 'chat', upstream: 'a', ...route }],
    }),
  )
}

/** A plan that runs, of nobody's sessions. */
function run(parts: Parts) {
  const clock = new FakeClock()
  const host = { ...quietHost, clock }
  let config = configOf(parts)
  let plan = planOf(config, host)
  for (const pool of plan.pools.values()) pool.start()
  const prepare = (next: Parts) => {
    const wanted = configOf(next)
    const changes = compareConfigs(config, wanted)
    const planned = nextPlan(plan, { config: wanted, changes, host, addressesOf: () => [] })
    return {
      abandon: () => planned.abandon(),
      commit() {
        planned.commit()
        config = wanted
        plan = planned.plan
      },
    }
  }
  return {
    clock,
    prepare,
    change: (next: Parts) => prepare(next).commit(),
    get plan() {
      return plan
    },
  }
}

function chat({ all: [route] }: Plan): Route {
  if (route === undefined) throw new Error('there is no route')
  return route
}

describe('an upstream', () => {
  test('that comes is looked after from then on, and no more when it goes', () => {
    const running = run({})
    const prepared = running.prepare({ upstreams: { a: one, b: checked } })
    expect(running.clock.pending).toBe(0)
    prepared.commit()
    expect(running.clock.pending).toBe(1)
    running.change({})
    expect(running.clock.pending).toBe(0)
  })

  test('that was only tried is never looked after', () => {
    const running = run({})
    running.prepare({ upstreams: { a: one, b: checked } }).abandon()
    running.clock.advance(10_000)
    expect([running.clock.pending, [...running.plan.pools.keys()]]).toEqual([0, ['a']])
  })
})

test('handshakes under way stay counted, and are held against the limit of now', () => {
  const running = run({})
  const enter = () => running.plan.handshakes.get('public')?.enter('192.0.2.1')
  expect([enter(), enter()]).toEqual([undefined, undefined])
  running.change({ listener: { limits: { handshakes: 3 } } })
  expect([enter(), enter()]).toEqual([undefined, 'total'])
  running.change({ listener: { limits: { handshakes: 4 } } })
  expect([enter(), enter()]).toEqual([undefined, 'total'])
})

describe('the shares of a split that an administrator has set', () => {
  const upstreams = { a: one, b: one }

  test('stay while the file says nothing else of them', () => {
    const running = run({ upstreams, route: { upstream: split } })
    chat(running.plan).setShares({ a: 0, b: 1 })
    const limits = { sessions: 5 }
    running.change({ upstreams, route: { upstream: split, limits } })
    expect(chat(running.plan).config.limits.sessions).toBe(5)
    expect(chat(running.plan).shares).toEqual({ a: 0, b: 1 })
  })

  test('are those of the file again when that changes them', () => {
    const running = run({ upstreams, route: { upstream: split } })
    chat(running.plan).setShares({ a: 0, b: 1 })
    running.change({ upstreams, route: { upstream: { a: 4, b: 2 } } })
    expect(chat(running.plan).shares).toEqual({ a: 4, b: 2 })
  })
})

test('a route that goes is known as gone, and one that comes by its name is another', () => {
  const running = run({})
  const route = chat(running.plan)
  const other = { name: 'other' }
  running.change({ route: other })
  expect(route.isRemoved).toBeTrue()
  running.change({})
  expect(chat(running.plan)).not.toBe(route)
  expect([route.isRemoved, chat(running.plan).isRemoved]).toEqual([true, false])
})
