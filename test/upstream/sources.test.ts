/**
 * Who says which endpoints there are, when the file says something else while administrators and discovery have their
 * say too.
 */
import { describe, expect, test } from 'bun:test'
import type { DnsService } from '../../src/net/dns-message.ts'
import type { DiscoverOptions } from '../../src/upstream/discovery/discovery.ts'
import type { EndpointOptions } from '../../src/upstream/endpoint-options.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import { changePool, there } from '../support/changed-pool.ts'
import { DnsByHand, service, settle } from '../support/discovering.ts'
import { endpointOptions, startPool } from '../support/pool.ts'
import { temporaryFile } from '../support/temporary.ts'

const [a = '', b = '', c = ''] = [1, 2, 3].map((number) => `ws://10.0.0.${number}:9000`)
const named = (...urls: readonly string[]) => urls.map((url) => endpointOptions(url))
const form = { scheme: 'ws', isTls: false, path: '', everyMs: 1_000, resolvers: [] } as const
const dnsOptions = { kind: 'dns', name: 'chat.test', port: 9000, ...form } as const

/** `10.0.0.1 file`, in the order of the pool. */
function shown({ endpoints }: Pool): string[] {
  return Array.from(endpoints, ({ options, source }) => `${options.host} ${source}`)
}

describe('the file', () => {
  test('adds, removes and changes endpoints; those it lists as before are the same', () => {
    const { pool, events } = startPool(named(a, b))
    const kept = there(pool, a)
    const gone = there(pool, b)
    kept.enter(true)
    gone.enter(true)
    changePool(pool, {
      endpoints: [endpointOptions(c), endpointOptions(a, { weight: 4, sessions: 9 })],
    })
    expect(there(pool, a)).toBe(kept)
    expect([kept.weight, kept.options.sessions, kept.sessions]).toEqual([4, 9, 1])
    expect([pool.endpoint(b), pool.sessionsAt(b), pool.leaving.get(b)]).toEqual([undefined, 1, 1])
    expect(events).toEqual([
      { type: 'endpoint-removed', upstream: 'chat', endpoint: b, source: 'file' },
      { type: 'endpoint-added', upstream: 'chat', endpoint: c, source: 'file' },
    ])
    pool.leave()
  })

  test('says in what order they are, also where nothing else changes', () => {
    const { pool } = startPool(named(a, b, c))
    pool.add(endpointOptions('ws://10.0.0.9:9000'))
    changePool(pool, { endpoints: named(c, a, b) })
    expect(shown(pool)).toEqual([
      '10.0.0.3 file',
      '10.0.0.1 file',
      '10.0.0.2 file',
      '10.0.0.9 admin',
    ])
    pool.leave()
  })

  test('that has an address speak otherwise makes it another endpoint, with its sessions', () => {
    const { pool, events } = startPool(named(a, b))
    const before = there(pool, a)
    before.enter(true)
    changePool(pool, { endpoints: [endpointOptions(a, { authority: 'other' }), ...named(b)] })
    const after = there(pool, a)
    expect(after).not.toBe(before)
    expect([after.sessions, after.options.authority]).toEqual([1, 'other'])
    expect(shown(pool)).toEqual(['10.0.0.1 file', '10.0.0.2 file'])
    expect(events.map(({ type }) => type)).toEqual(['endpoint-removed', 'endpoint-added'])
    before.leave(true)
    expect(after.sessions).toBe(0)
    pool.leave()
  })

  test('leaves alone what an administrator has added, removed and weighed', () => {
    const { pool } = startPool(named(a, b))
    pool.remove(there(pool, a))
    pool.add(endpointOptions('ws://10.0.0.9:9000'))
    pool.setWeight(there(pool, b), 5)
    there(pool, b).drain()
    changePool(pool, { endpoints: [...named(a, c), endpointOptions(b, { isBackup: true })] })
    expect(shown(pool)).toEqual(['10.0.0.3 file', '10.0.0.2 file', '10.0.0.9 admin'])
    expect([there(pool, b).weight, there(pool, b).isToldToDrain]).toEqual([5, true])
    pool.leave()
  })

  // The log said “weight 1 → 3”, and an administrator's 7 of long ago stayed.
  test('that gives an endpoint another weight is heard, whatever an administrator has said before', () => {
    const { pool } = startPool(named(a))
    for (const url of [a, b]) {
      if (url === b) pool.add(endpointOptions(b))
      pool.setWeight(there(pool, url), 7)
      there(pool, url).drain()
    }
    changePool(pool, { endpoints: [a, b].map((url) => endpointOptions(url, { weight: 3 })) })
    for (const url of [a, b]) {
      const { weight, isToldToDrain, standing } = there(pool, url)
      expect([weight, isToldToDrain, standing.state]).toEqual([3, true, 'draining'])
    }
    pool.setWeight(there(pool, a), 7)
    expect(there(pool, a).weight).toBe(7)
    pool.leave()
  })

  test('that lists again what it had dropped starts anew with it, its sessions aside', () => {
    const { pool } = startPool(named(a, b))
    const before = there(pool, b)
    before.enter(true)
    pool.setWeight(before, 7)
    before.drain()
    changePool(pool, { endpoints: named(a) })
    changePool(pool, { endpoints: named(a, b) })
    const { weight, standing, sessions } = there(pool, b)
    expect([weight, standing.state, sessions]).toEqual([1, 'healthy', 1])
    pool.leave()
  })

  test('takes over what an administrator has added once it lists it, and drops it with its line', () => {
    const { pool } = startPool(named(a))
    const added = pool.add(endpointOptions(b, { weight: 3 }))
    changePool(pool, { endpoints: [endpointOptions(a), endpointOptions(b, { weight: 4 })] })
    expect(there(pool, b)).toBe(added as never)
    expect([there(pool, b).source, there(pool, b).weight]).toEqual(['file', 4])
    changePool(pool, { endpoints: named(a) })
    expect(shown(pool)).toEqual(['10.0.0.1 file'])
    pool.leave()
  })

  test('brings back what an administrator has removed when it says something new of it', () => {
    const { pool } = startPool(named(a, b))
    pool.remove(there(pool, a))
    changePool(pool, { endpoints: [endpointOptions(a, { weight: 2 }), endpointOptions(b)] })
    expect(shown(pool)).toEqual(['10.0.0.1 file', '10.0.0.2 file'])
    pool.leave()
  })
})

/** An upstream that lists some and finds others. */
function discovering(
  endpoints: readonly EndpointOptions[],
  discover: DiscoverOptions = dnsOptions,
) {
  const dns = new DnsByHand()
  const started = startPool(endpoints, { discover }, dns)
  const find = (...addresses: readonly string[]) => dns.open.answer({ addresses })
  return { ...started, dns, find }
}

describe('what is discovered', () => {
  test('has an address back that the file drops', async () => {
    const { pool, events, find } = discovering(named(a))
    await find('10.0.0.1', '10.0.0.2')
    expect(shown(pool)).toEqual(['10.0.0.1 file', '10.0.0.2 dns'])
    const endpoint = there(pool, a)
    changePool(pool, { endpoints: [] })
    // Its name is another, so it is asked by another.
    expect(shown(pool).toSorted()).toEqual(['10.0.0.1 dns', '10.0.0.2 dns'])
    expect(there(pool, a)).not.toBe(endpoint)
    expect(events.map(({ type }) => type)).toEqual([
      'endpoint-added',
      'endpoint-removed',
      'endpoint-added',
    ])
    pool.leave()
  })

  test('becomes the file’s when that lists it', async () => {
    const { pool, find, dns } = discovering(named(a))
    await find('10.0.0.2')
    const found = there(pool, b)
    changePool(pool, { endpoints: [endpointOptions(a), found.options] })
    expect([there(pool, b), found.source]).toEqual([found, 'file'])
    dns.clock.advance(2_000)
    await find('10.0.0.3')
    expect(shown(pool)).toEqual(['10.0.0.1 file', '10.0.0.2 file', '10.0.0.3 dns'])
    pool.leave()
  })

  test('stays until another discovery has found something, and is then replaced by that', async () => {
    const { pool, find, dns } = discovering([])
    await find('10.0.0.1', '10.0.0.2')
    const kept = there(pool, b)
    dns.clock.advance(2_000)
    changePool(pool, { discover: { kind: 'srv', name: 'other.test', ...form } })
    expect([dns.open.name, dns.open.wanted]).toEqual(['other.test', 'services'])
    expect(shown(pool)).toEqual(['10.0.0.1 dns', '10.0.0.2 dns'])
    const answer: DnsService[] = [service('chat.test', { addresses: ['10.0.0.2', '10.0.0.3'] })]
    await dns.open.answer({ services: answer })
    expect(shown(pool)).toEqual(['10.0.0.2 srv', '10.0.0.3 srv'])
    expect(there(pool, b)).toBe(kept)
    pool.leave()
    expect(dns.clock.pending).toBe(0)
  })

  test('by a question that is given up is nothing any more', async () => {
    const { pool, dns } = discovering(named(a))
    const late = dns.open
    changePool(pool, { discover: { ...dnsOptions, name: 'other.test' } })
    expect(late.signal.aborted).toBe(true)
    await late.answer({ addresses: ['10.0.0.9'] })
    expect(shown(pool)).toEqual(['10.0.0.1 file'])
    changePool(pool, { retry: { dials: 1, budget: 0, statuses: [] } })
    expect(dns.questions).toHaveLength(2)
    pool.leave()
  })

  test('goes when nothing is discovered any more, and an alarm of it ends', async () => {
    const { pool, dns, events, find, clock } = discovering(named(a))
    await find('10.0.0.1', '10.0.0.2')
    dns.clock.advance(2_000)
    await dns.open.fail('the servers are on strike')
    changePool(pool, { discover: undefined })
    expect(shown(pool)).toEqual(['10.0.0.1 file'])
    expect(events.slice(-3).map(({ type }) => type)).toEqual([
      'discovery-failed',
      'endpoint-removed',
      'discovery-recovered',
    ])
    expect(clock.pending).toBe(0)
    // What it had found is forgotten.
    changePool(pool, { endpoints: named(b) })
    changePool(pool, { endpoints: named(c) })
    expect(shown(pool)).toEqual(['10.0.0.3 file'])
    pool.leave()
  })

  test('is waited for where there is nothing else, by those who waited before too', async () => {
    const { pool, dns, find } = discovering([])
    const { signal } = new AbortController()
    let isOver = false
    void pool.untilDiscovered(signal)?.then(() => (isOver = true))
    changePool(pool, { discover: { ...dnsOptions, name: 'other.test' } })
    await settle()
    expect([isOver, pool.isDiscovering]).toEqual([false, true])
    await find('10.0.0.1')
    expect([isOver, pool.isDiscovering]).toEqual([true, false])
    changePool(pool, { endpoints: named(a), discover: undefined })
    changePool(pool, { endpoints: [], discover: dnsOptions })
    expect(pool.isDiscovering).toBe(true)
    changePool(pool, { endpoints: named(b) })
    expect(pool.isDiscovering).toBe(false)
    pool.leave()
    expect(dns.clock.pending).toBe(0)
  })
})

describe('an upstream that is to speak something else', () => {
  const http = endpointOptions('http://10.0.0.1:80', { scheme: 'http' })

  test('has no endpoint left that speaks as before, whoever has said that it is there', async () => {
    const { pool, find } = discovering(named(a))
    await find('10.0.0.2')
    pool.add(endpointOptions(c))
    changePool(pool, { endpoints: [http], discover: { ...dnsOptions, scheme: 'http' } })
    expect([shown(pool), pool.scheme, pool.isWebSocket]).toEqual([['10.0.0.1 file'], 'http', false])
    await find('10.0.0.2')
    expect(shown(pool)).toEqual(['10.0.0.1 file', '10.0.0.2 dns'])
    pool.leave()
  })

  test('may find that out from another file', async () => {
    const read = () => [endpointOptions(a)]
    const one = temporaryFile('endpoints', a)
    const two = temporaryFile('endpoints', http.url)
    const { pool } = startPool([], { discover: { kind: 'file', file: one, read } })
    await pool.untilDiscovered(new AbortController().signal)
    expect(shown(pool)).toEqual(['10.0.0.1 endpoints-file'])
    const changed = Promise.withResolvers<void>()
    const seen = () => {
      changed.resolve()
      return [http]
    }
    changePool(pool, { discover: { kind: 'file', file: two, read: seen } })
    await changed.promise
    await settle()
    expect([pool.scheme, pool.size]).toEqual(['http', 1])
    pool.leave()
  })

  test('finds it in a file whose lines were wrong before', async () => {
    const file = temporaryFile('endpoints', 'http://10.0.0.2:80')
    const other = endpointOptions('http://10.0.0.2:80', { scheme: 'http' })
    const refusing = { kind: 'file', file, read: () => 'they speak http' } as const
    const { pool } = startPool(named(a), { discover: refusing })
    const reading = Promise.withResolvers<void>()
    const read = () => {
      reading.resolve()
      return [other]
    }
    // The file says the same of discovery: only what its lines must speak is otherwise.
    const options = { ...pool.options, endpoints: [http], discover: { ...refusing, read } }
    pool.prepare(options, new Set(['endpoints'])).commit()
    await reading.promise
    await settle()
    expect(shown(pool)).toEqual(['10.0.0.1 file', '10.0.0.2 endpoints-file'])
    pool.leave()
  })
})
