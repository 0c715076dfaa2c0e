/** An upstream as several processes see it. */
import { describe, expect, test } from 'bun:test'
import { AdminChanges } from '../../../src/process/workers/admin-changes.ts'
import { mergeReloadChanges } from '../../../src/process/workers/merge/reload-changes.ts'
import { mergeEndpoint, mergeUpstreamLists } from '../../../src/process/workers/merge/upstreams.ts'
import type { EndpointInfo, EndpointStory, UpstreamInfo } from '../../../src/proxy/upstream-info.ts'

const url = 'ws://10.0.0.1:9000'
const endpoint: EndpointInfo = {
  url,
  state: 'healthy',
  reason: 'its checks succeed',
  since: '2026-01-01T00:00:00.000Z',
  stateMs: 10,
  weight: 1,
  currentWeight: 1,
  isBackup: false,
  sessions: 2,
  limit: 100,
  load: 3,
  latencyMs: 4,
  source: 'file',
  isToldToDrain: false,
  leaving: undefined,
}
const unhealthy: EndpointInfo = {
  ...endpoint,
  state: 'unhealthy',
  reason: 'it refuses',
  latencyMs: 9,
}
const departure = { cause: 'draining', moved: 1, left: 2, unmovable: 0 } as const
const upstream: UpstreamInfo = {
  name: 'chat',
  balancer: 'round-robin',
  failover: 'off',
  waiting: 1,
  sessionsBetween: 2,
  endpoints: [endpoint],
  leaving: { [url]: 3 },
  moving: { [url]: departure },
}

describe('an endpoint', () => {
  test('has the sessions of all', () => {
    const merged = mergeEndpoint([
      { worker: 1, value: endpoint },
      { worker: 2, value: { ...endpoint, latencyMs: undefined, currentWeight: 0.5 } },
    ])
    const sums = { sessions: 4, load: 6, limit: 200, latencyMs: 4, currentWeight: 0.5 }
    expect(merged).toEqual({ ...endpoint, ...sums })
  })

  test('is what the worker says that finds it the gravest, and the others are told of', () => {
    const values = [endpoint, unhealthy, endpoint]
    const [first, ...others] = values.map((value, index) => ({ worker: index + 1, value }))
    expect(mergeEndpoint([first!, ...others])).toMatchObject({
      state: 'unhealthy',
      reason: 'it refuses; so in worker 2, healthy in workers 1, 3',
      latencyMs: 9,
    })
  })

  test('that some do not know is told to be so', () => {
    const merged = mergeUpstreamLists([
      { worker: 1, value: [upstream] },
      { worker: 2, value: [{ ...upstream, endpoints: [] }] },
    ])
    const reason = 'its checks succeed; so in worker 1, not known to worker 2'
    expect(merged[0]?.endpoints).toMatchObject([{ url, sessions: 2, reason }])
  })

  test('has the stories of all, in their order', () => {
    const story = (...times: string[]): EndpointStory => ({
      ...endpoint,
      history: times.map((at) => ({ at, state: 'healthy', reason: 'so' })),
    })
    const merged = mergeEndpoint([
      { worker: 1, value: story('1', '3') },
      { worker: 2, value: story('2') },
    ])
    expect(merged.history).toEqual([
      { at: '1', state: 'healthy', reason: 'so; in worker 1' },
      { at: '2', state: 'healthy', reason: 'so; in worker 2' },
      { at: '3', state: 'healthy', reason: 'so; in worker 1' },
    ])
  })
})

test('an upstream has what waits in all, and who leaves in all', () => {
  const [merged] = mergeUpstreamLists([1, 2].map((worker) => ({ worker, value: [upstream] })))
  expect(merged).toMatchObject({
    waiting: 2,
    sessionsBetween: 4,
    leaving: { [url]: 6 },
    moving: { [url]: { cause: 'draining', moved: 2, left: 4, unmovable: 0 } },
  })
})

test('changes of a configuration are told once, with the sessions of all', () => {
  const change = (count: number) => ({
    what: 'route chat',
    change: 'timeout.idle off → 1h',
    sessions: { count, fate: 'follow' as const },
    note: undefined,
  })
  expect(mergeReloadChanges([[change(3)], [change(4)]])).toEqual([change(7)])
})

describe('changes of administrators', () => {
  const path = '/upstreams/chat/endpoints'
  const add = { method: 'POST', target: `${path}?url=ws://c` }
  const remove = { method: 'DELETE', target: `${path}?url=ws://c` }
  const weigh = (weight: number) => ({
    method: 'PATCH',
    target: `${path}?url=ws://c&weight=${weight}`,
  })
  const drain = (is: boolean) => ({ method: 'PATCH', target: `${path}?url=ws://c&drain=${is}` })

  test('are kept in their order, and of those that set the same the last', () => {
    const changes = new AdminChanges()
    for (const each of [add, weigh(1), drain(true), weigh(2), drain(false), weigh(3)])
      changes.add(each)
    expect(changes.all).toEqual([add, drain(false), weigh(3)])
  })

  test('end with whether the endpoint is there', () => {
    const changes = new AdminChanges()
    for (const each of [remove, add, remove]) changes.add(each)
    expect(changes.all).toEqual([add, remove])
  })

  test('of other upstreams, endpoints and splits are others', () => {
    const changes = new AdminChanges()
    const all = [
      { method: 'PATCH', target: '/upstreams/other/endpoints?url=ws://c&weight=1' },
      { method: 'PATCH', target: `${path}?url=ws://d&weight=1` },
      { method: 'PATCH', target: '/routes/chat/split?a=1&b=2' },
      weigh(1),
    ]
    for (const each of all) changes.add(each)
    expect(changes.all).toEqual(all)
  })

  test('are as many as a bound allows', () => {
    const changes = new AdminChanges()
    for (let count = 0; count < 5_000; count++)
      changes.add({ method: 'POST', target: `${path}?url=ws://${count}` })
    expect(changes.all).toHaveLength(4_000)
    expect(changes.all.at(-1)?.target).toEndWith('ws://4999')
  })
})
