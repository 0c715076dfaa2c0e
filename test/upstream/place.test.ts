/**
 * Where a session would go if it came anew: the same place that `enterNow` gives, but nobody goes there.
 */
import { describe, expect, test } from 'bun:test'
import type { PoolOptions } from '../../src/upstream/pool-options.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import { guardedBalancer } from '../../src/upstream/guarded-balancer.ts'
import { equalCandidates, choiceOf } from '../support/candidates.ts'
import { balancerNamed, endpointOptions, startPool } from '../support/pool.ts'
import { contextOf } from '../support/request-context.ts'
import { template } from '../support/template.ts'

const by = template('$request.header.x-key')
const urls = ['ws://10.0.0.1:9000', 'ws://10.0.0.2:9000', 'ws://10.0.0.3:9000']
const pools: [string, Partial<PoolOptions>][] = [
  ['hash', { balancer: balancerNamed('hash', { by }) }],
  ['hash with a bound', { balancer: balancerNamed('hash', { by, bound: 1.25 }) }],
  ['first', { balancer: balancerNamed('first') }],
  ['round-robin, sticky by an expression', { sticky: { kind: 'expression', by } }],
]

function requestFor(key: string) {
  return contextOf({ headers: { 'x-key': key } })
}

describe.each(pools)('an upstream by %s', (_, options) => {
  test('sends a session that leaves and comes anew where it said, whatever others are where', () => {
    const { pool } = startPool(
      urls.map((url) => endpointOptions(url, { sessions: 40 })),
      options,
    )
    expect(pool.hasPlaces).toBe(true)
    const ask = { isSession: true, sticksTo: undefined, tried: [] }
    const inside: { key: string; at: Endpoint }[] = []
    for (let count = 0; count < 90; count++) {
      const at = pool.enterNow({ ...ask, request: requestFor(`key-${count}`) })
      if (at !== undefined) inside.push({ key: `key-${count}`, at })
    }
    for (const { key, at } of inside) {
      const loads = Array.from(pool.endpoints, ({ load }) => load)
      const place = pool.placeOf(requestFor(key), at)
      expect(Array.from(pool.endpoints, ({ load }) => load)).toEqual(loads)
      at.leave(true)
      expect(pool.enterNow({ ...ask, request: requestFor(key) })).toBe(place)
      place?.leave(true)
      at.enter(true)
    }
    pool.leave()
  })

  test('keeps a session where it is, though that is full with it', () => {
    const { pool } = startPool([endpointOptions(urls[0] ?? '', { sessions: 1 })], options)
    const [endpoint] = pool.endpoints
    endpoint?.enter(true)
    if (endpoint !== undefined) expect(pool.placeOf(requestFor('a'), endpoint)).toBe(endpoint)
    pool.leave()
  })
})

test.each(['round-robin', 'least-connections', 'random-two', 'least-time'])(
  'by %s a session is as good anywhere',
  (type) => {
    const { pool } = startPool(
      urls.map((url) => endpointOptions(url)),
      { balancer: balancerNamed(type) },
    )
    const [endpoint] = pool.endpoints
    if (endpoint === undefined) throw new Error('nobody is there')
    expect([pool.hasPlaces, pool.placeOf(requestFor('a'), endpoint)]).toEqual([false, undefined])
    pool.leave()
  },
)

test('a request without its value has no place, and its question takes nobody’s turn', () => {
  const { pool } = startPool(
    urls.map((url) => endpointOptions(url)),
    { balancer: balancerNamed('hash', { by }) },
  )
  const chosen = urls.map(() => {
    const ask = { request: requestFor(''), isSession: true, sticksTo: undefined, tried: [] }
    const at = pool.enterNow(ask)
    if (at !== undefined) expect(pool.placeOf(requestFor(''), at)).toBeUndefined()
    return at?.url
  })
  expect(new Set(chosen).size).toBe(3)
  pool.leave()
})

test('backups are a place only while nobody else is one', () => {
  const [first, backup] = [urls[0] ?? '', urls[1] ?? '']
  const { pool } = startPool(
    [endpointOptions(first), endpointOptions(backup, { isBackup: true })],
    {
      balancer: balancerNamed('first'),
    },
  )
  const at = pool.endpoint(backup)
  if (at === undefined) throw new Error('it is not there')
  at.enter(true)
  expect(pool.placeOf(requestFor(''), at)?.url).toBe(first)
  pool.endpoint(first)?.drain()
  expect(pool.placeOf(requestFor(''), at)).toBe(at)
  pool.leave()
})

describe('a place of a balancer', () => {
  const [here, stranger] = equalCandidates(2)

  test.each([
    ['that is not there', () => stranger],
    [
      'that throws',
      () => {
        throw new Error('broken')
      },
    ],
  ])('%s is none, and is told of', (_, place) => {
    const mistakes: unknown[] = []
    const onMistake = (error: unknown) => mistakes.push(error)
    const balancer = { update() {}, choose: () => here, place }
    const guarded = guardedBalancer(balancer, { random: () => 0, onMistake })
    if (here !== undefined) guarded.update([here])
    expect(guarded.place?.(choiceOf())).toBeUndefined()
    expect(mistakes).toHaveLength(1)
  })
})

test('a pool says that it changed whenever endpoints come, go, stand otherwise or weigh something else', () => {
  const told: string[] = []
  const { pool } = startPool(
    [endpointOptions(urls[0] ?? '')],
    {},
    { onChange: (name) => told.push(name) },
  )
  const count = () => told.splice(0).length
  expect(count()).toBe(1)
  const added = pool.add(endpointOptions(urls[1] ?? ''))
  if (typeof added === 'string') throw new Error(added)
  expect(count()).toBe(1)
  added.drain()
  added.undrain()
  expect(count()).toBe(2)
  pool.setWeight(added, 3)
  pool.remove(added)
  expect(told).toEqual(['chat', 'chat'])
  pool.leave()
})
