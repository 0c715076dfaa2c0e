/**
 * An upstream as people and programs are shown it while sessions are moved off its endpoints.
 */
import { expect, test } from 'bun:test'
import { describeEndpoint, describeUpstream, tellStory } from '../../src/proxy/upstream-info.ts'
import { endpointOptions, startPool } from '../support/pool.ts'

const [first, second] = [endpointOptions('ws://a:9000'), endpointOptions('ws://b:9000')]
const failover = {
  mode: 'notify',
  on: { lost: true, codes: [1001] },
  holdBytes: 65_536,
  waitMs: 30_000,
  message: 'moved',
} as const
const progress = { cause: 'draining', moved: 120, left: 220, unmovable: 3 } as const

test('an endpoint is shown with how far its sessions were moved, and others are not', () => {
  const { pool } = startPool([first, second], { failover })
  pool.endpoint(first.url)?.drain()
  const leavingOf = (url: string) => (url === first.url ? progress : undefined)
  const shown = describeUpstream(pool, describeEndpoint, leavingOf)
  expect(shown).toMatchObject({ failover: 'notify', leaving: {}, moving: {} })
  expect(
    shown.endpoints.map(({ url, isToldToDrain, leaving }) => [url, isToldToDrain, leaving]),
  ).toEqual([
    [first.url, true, progress],
    [second.url, false, undefined],
  ])
  expect(describeUpstream(pool, tellStory, leavingOf).endpoints[0]).toMatchObject({
    leaving: progress,
    history: [{ state: 'draining' }],
  })
})

test('one that was removed under its sessions is shown with both, for as long as somebody moves them', () => {
  const { pool } = startPool([first, second], { failover })
  const endpoint = pool.endpoint(first.url)
  if (endpoint === undefined) throw new Error('the pool has lost it')
  endpoint.enter(true)
  pool.remove(endpoint)
  expect(describeUpstream(pool, describeEndpoint, () => progress)).toMatchObject({
    leaving: { [first.url]: 1 },
    moving: { [first.url]: progress },
  })
  expect(describeUpstream(pool, describeEndpoint)).toMatchObject({
    leaving: { [first.url]: 1 },
    moving: {},
  })
})
