/** When names are asked for again, and what is told of it. */
import { describe, expect, test } from 'bun:test'
import { createDiscovery } from '../../../src/upstream/discovery/discovery.ts'
import { DnsByHand, settle, Told } from '../../support/discovering.ts'

function start({ everyMs = 30_000 } = {}) {
  const dns = new DnsByHand()
  const form = {
    scheme: 'ws',
    isTls: false,
    path: '',
    everyMs,
    resolvers: ['10.0.0.53:53'],
  } as const
  const told = new Told(
    createDiscovery({ ...form, kind: 'dns', name: 'chat.test', port: 9000 }, dns),
  )
  return { dns, told }
}

const one = { addresses: ['10.0.0.1'] }
const urls = ['ws://10.0.0.1:9000']

describe('a name', () => {
  test('is asked for at once, of the servers that are named', () => {
    const { dns } = start()
    expect(dns.questions).toHaveLength(1)
    expect(dns.open).toMatchObject({
      name: 'chat.test',
      wanted: 'addresses',
      resolvers: ['10.0.0.53:53'],
    })
  })

  test('is asked for again when its answer has run out', async () => {
    const { dns } = start()
    await dns.open.answer({ ...one, ttlMs: 7_000 })
    expect(dns.waitMs()).toBe(7_000)
  })

  test('is asked for after `every` at the latest, and not more often than once a second', async () => {
    const { dns } = start()
    await dns.open.answer({ ...one, ttlMs: 3_600_000 })
    expect(dns.waitMs()).toBe(30_000)
    await dns.open.answer({ ...one, ttlMs: Infinity })
    expect(dns.waitMs()).toBe(30_000)
    await dns.open.answer({ ...one, ttlMs: 0 })
    expect(dns.waitMs()).toBe(1_000)
  })

  test('is asked for a tenth sooner or later, so that not all gateways ask together', async () => {
    const { dns } = start()
    dns.luck = 0
    await dns.open.answer({ ...one, ttlMs: 10_000 })
    expect(dns.waitMs()).toBe(9_000)
    dns.luck = 1
    await dns.open.answer({ ...one, ttlMs: 10_000 })
    expect(dns.waitMs()).toBe(11_000)
  })

  test('is never asked for twice at once', async () => {
    const { dns } = start()
    dns.clock.advance(4_900)
    await settle()
    expect(dns.questions).toHaveLength(1)
  })

  test('tells every answer, whole', async () => {
    const { dns, told } = start()
    await dns.open.answer(one)
    dns.waitMs()
    await dns.open.answer(one)
    dns.waitMs()
    await dns.open.answer({ addresses: ['10.0.0.2'] })
    expect(told.urls).toEqual([urls, urls, ['ws://10.0.0.2:9000']])
  })
})

describe('a failure', () => {
  test('is told once in a row of them, and leaves what was told', async () => {
    const { dns, told } = start()
    await dns.open.answer(one)
    for (const detail of ['first', 'second', 'third']) {
      dns.waitMs()
      await dns.open.fail(detail)
    }
    expect(told.failures.items).toEqual(['first'])
    expect(told.urls).toEqual([urls])
    dns.waitMs()
    await dns.open.answer(one)
    expect(told.urls).toEqual([urls, urls])
    dns.waitMs()
    await dns.open.fail('fourth')
    expect(told.failures.items).toEqual(['first', 'fourth'])
  })

  test('is followed by further questions, each after twice the time, up to `every`', async () => {
    const { dns } = start({ everyMs: 10_000 })
    const waits: number[] = []
    for (let count = 0; count < 6; count++) {
      await dns.open.fail('no answer')
      waits.push(dns.waitMs())
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
    await dns.open.answer({ ...one, ttlMs: 5_000 })
    dns.waitMs()
    await dns.open.fail('no answer')
    expect(dns.waitMs()).toBe(1_000)
  })

  test('goes on for a year without a wait that is too long or none', async () => {
    const { dns } = start({ everyMs: 3_600_000 })
    for (let count = 0; count < 2_000; count++) {
      await dns.open.fail('no answer')
      dns.clock.advance(3_600_000)
    }
    expect(dns.questions).toHaveLength(2_001)
  })

  test('is also a name that does not exist any more, or has no address', async () => {
    const { dns, told } = start()
    await dns.open.answer({ exists: false })
    dns.waitMs()
    await dns.open.answer(one)
    dns.waitMs()
    await dns.open.answer({ addresses: [] })
    expect(told.failures.items).toEqual(['chat.test does not exist', 'chat.test has no address'])
    expect(told.urls).toEqual([urls])
  })

  test('is also an answer with more endpoints than any upstream has', async () => {
    const { dns, told } = start()
    const addresses = Array.from(
      { length: 10_001 },
      (_, index) => `10.0.${index >> 8}.${index & 255}`,
    )
    await dns.open.answer({ addresses })
    expect(told.failures.items).toEqual(['10001 endpoints are more than 10000'])
    expect(told.urls).toEqual([])
  })

  test('is also no answer within five seconds, whoever was asked', async () => {
    const { dns, told } = start()
    const late = dns.open
    dns.clock.advance(5_000)
    await settle()
    expect(told.failures.items).toEqual(['no answer within 5 seconds'])
    expect(late.signal.aborted).toBe(true)
    await late.answer(one)
    expect(told.urls).toEqual([])
    expect(dns.waitMs()).toBe(1_000)
  })
})

describe('once it is stopped', () => {
  test('an answer under way is given up, and what comes of it is told to nobody', async () => {
    for (const ending of ['answer', 'fail'] as const) {
      const { dns, told } = start()
      told.stop()
      expect(dns.open.signal.aborted).toBe(true)
      await (ending === 'answer' ? dns.open.answer(one) : dns.open.fail('no answer'))
      expect([told.urls, told.failures.items, dns.clock.pending]).toEqual([[], [], 0])
    }
  })

  test('nothing is asked any more', async () => {
    const { dns, told } = start()
    await dns.open.answer(one)
    told.stop()
    expect(dns.clock.pending).toBe(0)
    told.stop()
    dns.clock.advance(1_000_000)
    expect(dns.questions).toHaveLength(1)
  })
})
