/**
 * Endpoints that go and come: what an address carries stays counted, and nothing is remembered for longer.
 */
import { describe, expect, test } from 'bun:test'
import { heapStats } from 'bun:jsc'
import type { SessionEnd } from '../../src/core/events.ts'
import type { DnsService } from '../../src/net/dns-message.ts'
import type { EndpointOptions } from '../../src/upstream/endpoint-options.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { Ask } from '../../src/upstream/chooser.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import { DnsByHand, service } from '../support/discovering.ts'
import { factsOf } from '../support/facts.ts'
import { endpointOptions, startPool } from '../support/pool.ts'

const url = 'ws://10.0.0.1:9000'
const ended: SessionEnd = { by: 'client', code: 1000, reason: 'closed', detail: undefined }
const ask: Ask = { request: factsOf(), isSession: true, sticksTo: undefined, tried: [] }

function again(pool: Pool, endpoint: Endpoint, options: EndpointOptions): Endpoint {
  pool.remove(endpoint)
  return added(pool, options)
}

function added(pool: Pool, options: EndpointOptions): Endpoint {
  const endpoint = pool.add(options)
  if (typeof endpoint === 'string') throw new Error(endpoint)
  return endpoint
}

describe('an address that goes and comes again under its sessions', () => {
  const options = endpointOptions(url, { sessions: 2 })

  test('gets no more of them than it may, until the old ones have ended', () => {
    const { pool } = startPool([options])
    const before = pool.enterNow(ask)
    expect(pool.enterNow(ask)).toBe(before as Endpoint)
    if (before === undefined) throw new Error('there was room')
    const after = again(pool, before, options)
    expect(after).not.toBe(before)
    expect([after.sessions, after.load, after.isFull]).toEqual([2, 2, true])
    expect(pool.enterNow(ask)).toBeUndefined()
    before.sessionEnded(ended)
    expect(after.sessions).toBe(1)
    expect(pool.enterNow(ask)).toBe(after)
    before.sessionEnded(ended)
    after.sessionEnded(ended)
    expect([before.sessions, after.sessions, after.load]).toEqual([0, 0, 0])
    pool.leave()
  })

  test('while it is away: the last to leave it lets go of it, and who waits for it again gets room', async () => {
    const { pool } = startPool([options], { queue: { sessions: 1, waitMs: 1_000 } })
    const before = pool.enterNow(ask)
    if (before === undefined) throw new Error('there was room')
    before.enter(true)
    const after = again(pool, before, options)
    const waiting = pool.enter(ask, new AbortController().signal, 1_000)
    expect(pool.waiting).toBe(1)
    // It leaves the endpoint that is no more, and makes room at the one that is.
    before.sessionEnded(ended)
    expect(await waiting).toBe(after)
    expect(after.sessions).toBe(2)
    pool.leave()
  })

  test.each([
    ['add, enter, remove, leave', ['enter', 'remove', 'leave']],
    ['add, enter, leave, remove', ['enter', 'leave', 'remove']],
    ['add, remove', ['remove']],
    ['add, enter, remove, add, leave, remove', ['enter', 'remove', 'add', 'leave', 'remove']],
    ['add, enter, remove, add, remove, leave', ['enter', 'remove', 'add', 'remove', 'leave']],
  ])('leaves nothing behind, be it a thousand times: %s', (_, steps) => {
    const { pool, clock } = startPool([])
    for (let time = 0; time < 1_000; time++) {
      let endpoint = added(pool, options)
      const entered = endpoint
      for (const step of steps) {
        if (step === 'enter') entered.enter(time % 2 === 0)
        else if (step === 'leave') entered.leave(time % 2 === 0)
        else if (step === 'remove') pool.remove(endpoint)
        else endpoint = added(pool, options)
      }
      expect(entered.load).toBe(0)
    }
    const last = added(pool, options)
    expect([last.sessions, last.load, pool.size, clock.pending]).toEqual([0, 0, 1, 0])
    pool.leave()
  })

  test('is forgotten with its last session, however many addresses there have been', () => {
    const { pool, events } = startPool([])
    const objects = () => {
      events.length = 0
      Bun.gc(true)
      return heapStats().objectTypeCounts['Object'] ?? 0
    }
    const come = (count: number) => {
      for (let number = 0; number < count; number++) {
        const endpoint = added(pool, endpointOptions(`ws://10.1.${number >> 8}.${number & 255}`))
        endpoint.enter(true)
        pool.remove(endpoint)
        endpoint.leave(true)
      }
    }
    come(10)
    const before = objects()
    come(5_000)
    expect(objects() - before).toBeLessThan(1_000)
    pool.leave()
  })
})

describe('what is discovered anew at the same address', () => {
  const where = 'wss://10.0.0.1:9000'

  /** What finds it under the name of a target, again and again. */
  async function discovering() {
    const dns = new DnsByHand()
    const form = { scheme: 'ws', isTls: true, path: '', everyMs: 1_000, resolvers: [] } as const
    const discover = { kind: 'srv', name: 'chat.test', ...form } as const
    const { pool, clock, events } = startPool([], { discover }, dns)
    const tell = async (target: string, more: Partial<DnsService> = {}) => {
      await dns.open.answer({ services: [service(target, { addresses: ['10.0.0.1'], ...more })] })
      clock.advance(2_000)
    }
    await tell('one.test')
    const answer = async (...targets: readonly DnsService[]) => {
      await dns.open.answer({ services: targets })
      clock.advance(2_000)
    }
    return { pool, tell, events, answer }
  }

  test('under another name is another endpoint, with the sessions of its address', async () => {
    const { pool, tell, events } = await discovering()
    const before = pool.enterNow(ask)
    if (before === undefined) throw new Error('there was room')
    await tell('two.test')
    const after = pool.endpoint(where)
    const named = { serverName: 'two.test', authority: 'two.test:9000' }
    expect(after?.options).toMatchObject(named)
    expect(after?.dialer.options).toMatchObject(named)
    expect([pool.size, after?.sessions]).toEqual([1, 1])
    expect(events.map(({ type }) => type)).toEqual([
      'endpoint-added',
      'endpoint-removed',
      'endpoint-added',
    ])
    before.sessionEnded(ended)
    expect(after?.sessions).toBe(0)
    pool.leave()
  })

  test('under the same name is the same endpoint', async () => {
    const { pool, tell, events } = await discovering()
    const before = pool.endpoint(where)
    await tell('one.test', { weight: 7 })
    expect(pool.endpoint(where)).toBe(before as Endpoint)
    expect(events).toHaveLength(1)
    pool.leave()
  })

  test('that goes and comes again keeps what an administrator has said of it', async () => {
    const { pool, answer, events } = await discovering()
    const one = service('one.test', { addresses: ['10.0.0.1'] })
    const two = service('two.test', { addresses: ['10.0.0.2'] })
    await answer(one, two)
    const endpoint = pool.endpoint(where)
    if (endpoint === undefined) throw new Error('it is there')
    pool.setWeight(endpoint, 7)
    endpoint.drain()
    await answer(two)
    expect(pool.size).toBe(1)
    await answer(one, two)
    expect(pool.endpoint(where)).toMatchObject({ weight: 7, standing: { state: 'draining' } })
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['endpoint-added', 'endpoint-changed'])
    pool.endpoint(where)?.undrain()
    await answer(two)
    await answer(one, two)
    expect(pool.endpoint(where)).toMatchObject({ weight: 7, standing: { state: 'healthy' } })
    pool.leave()
  })
})
