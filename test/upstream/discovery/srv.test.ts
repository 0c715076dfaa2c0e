/** The services of a name as endpoints: targets, priorities, weights. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { DnsService } from '../../../src/net/dns-message.ts'
import { createDnsQuery } from '../../../src/net/dns-query.ts'
import { createDiscovery } from '../../../src/upstream/discovery/discovery.ts'
import { DnsByHand, service, settle, Told } from '../../support/discovering.ts'
import { a, DnsServer, srv } from '../../support/dns-server.ts'

const name = '_ws._tcp.chat.test'
const form = { scheme: 'ws', isTls: false, path: '', everyMs: 30_000, resolvers: [] } as const

function start() {
  const dns = new DnsByHand()
  const told = new Told(createDiscovery({ kind: 'srv', ...form, name }, dns))
  return { dns, told }
}

/** Of services whose addresses are told along. */
async function endpointsOf(services: readonly DnsService[]) {
  const { dns, told } = start()
  await dns.open.answer({ services })
  told.stop()
  return told.lists.items[0] ?? []
}

const at = (address: string, more: Partial<DnsService> = {}) =>
  service(`at-${address.replaceAll('.', '-')}.test`, { addresses: [address], ...more })

describe('a target', () => {
  test('is what its endpoints are called, and its port is theirs', async () => {
    const [endpoint] = await endpointsOf([at('10.0.0.1', { target: 'one.test', port: 9001 })])
    expect(endpoint).toMatchObject({
      url: 'ws://10.0.0.1:9001',
      host: '10.0.0.1',
      authority: 'one.test:9001',
      serverName: 'one.test',
    })
  })

  test('whose addresses were not told along is asked for, once, as a whole name', async () => {
    const { dns, told } = start()
    const services = [
      service('one.test'),
      service('one.test', { port: 9001 }),
      at('10.0.0.9', { target: 'two.test' }),
    ]
    await dns.open.answer({ services, ttlMs: 20_000 })
    expect(dns.questions.slice(1)).toMatchObject([{ name: 'one.test.', wanted: 'addresses' }])
    await dns.open.answer({ addresses: ['10.0.0.1'], ttlMs: 3_000 })
    expect(told.urls).toEqual([['ws://10.0.0.1:9000', 'ws://10.0.0.1:9001', 'ws://10.0.0.9:9000']])
    expect(dns.waitMs()).toBe(3_000)
  })

  test('without address is left out, unless none has any', async () => {
    const { dns, told } = start()
    await dns.open.answer({ services: [service('gone.test'), at('10.0.0.1')] })
    await dns.open.answer({ exists: false })
    expect(told.urls).toEqual([['ws://10.0.0.1:9000']])
    dns.waitMs()
    await dns.open.answer({ services: [service('gone.test')] })
    await dns.open.answer({ exists: false })
    expect(told.failures.items).toEqual([`no target of ${name} has an address that can be dialled`])
  })

  test('for which there is no answer leaves everything as it was', async () => {
    const { dns, told } = start()
    await dns.open.answer({ services: [service('slow.test'), at('10.0.0.1')] })
    await dns.open.fail('no answer for slow.test')
    expect([told.urls, told.failures.items]).toEqual([[], ['no answer for slow.test']])
  })

  test('that is still asked for when all is over tells nothing', async () => {
    const { dns, told } = start()
    await dns.open.answer({ services: [service('one.test')] })
    told.stop()
    expect(dns.open.signal.aborted).toBe(true)
    await dns.open.answer({ addresses: ['10.0.0.1'] })
    expect([told.urls, dns.clock.pending]).toEqual([[], 0])
  })
})

test('no services, or a name that does not exist, are failures', async () => {
  const { dns, told } = start()
  await dns.open.answer({ services: [] })
  dns.waitMs()
  await dns.open.answer({ services: [at('10.0.0.1')] })
  dns.waitMs()
  await dns.open.answer({ exists: false })
  expect(told.failures.items).toEqual([`${name} has no services`, `${name} does not exist`])
})

describe('priorities', () => {
  test('make the lowest primaries, and all others backups', async () => {
    const endpoints = await endpointsOf([
      at('10.0.0.1', { priority: 20 }),
      at('10.0.0.2', { priority: 10 }),
      at('10.0.0.3', { priority: 30 }),
      at('10.0.0.4', { priority: 10 }),
    ])
    expect(endpoints.map(({ isBackup }) => isBackup)).toEqual([true, false, true, false])
  })

  test('of one address with several are the lowest', async () => {
    const endpoints = await endpointsOf([
      at('10.0.0.1', { priority: 2, weight: 9 }),
      at('10.0.0.1', { priority: 1, weight: 3 }),
    ])
    expect(endpoints).toMatchObject([{ isBackup: false, weight: 3 }])
  })
})

describe('weights', () => {
  const weightsOf = async (weights: readonly number[]) => {
    const endpoints = await endpointsOf(
      weights.map((weight, index) => at(`10.0.0.${index + 1}`, { weight })),
    )
    return endpoints.map(({ weight }) => weight)
  }

  test('are taken as they are while they fit, and nobody is without any', async () => {
    expect(await weightsOf([0, 1, 1_000])).toEqual([1, 1, 1_000])
    expect(await weightsOf([0, 0])).toEqual([1, 1])
  })

  test('keep their proportions where they do not fit', async () => {
    expect(await weightsOf([65_535, 6_553, 0])).toEqual([1_000, 100, 1])
    expect(await weightsOf([2_000, 1_000])).toEqual([1_000, 500])
  })

  test('are whole, within bounds, and in the order of those of the records', async () => {
    const weights = fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 9 })
    await fc.assert(
      fc.asyncProperty(weights, async (given) => {
        const sorted = given.toSorted((one, other) => one - other)
        const found = await weightsOf(sorted)
        expect(
          found.every((weight) => Number.isInteger(weight) && weight >= 1 && weight <= 1_000),
        ).toBe(true)
        expect(found).toEqual(found.toSorted((one, other) => one - other))
      }),
    )
  })
})

test('endpoints are the same list for the same services, in whatever order they come', async () => {
  const services = fc.array(
    fc.record({
      target: fc.constantFrom('one.test', 'two.test'),
      port: fc.constantFrom(80, 9000),
      priority: fc.nat({ max: 2 }),
      weight: fc.nat({ max: 3 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  const shuffled = services.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  )
  const addresses = { 'one.test': ['10.0.0.1', '10.0.0.2'], 'two.test': ['10.0.0.2', '10.0.0.3'] }
  const endpoints = (all: readonly Omit<DnsService, 'addresses'>[]) =>
    endpointsOf(
      all.map((one) => ({
        ...one,
        addresses: addresses[one.target === 'one.test' ? 'one.test' : 'two.test'],
      })),
    )
  await fc.assert(
    fc.asyncProperty(shuffled, async ([all, others]) => {
      const list = await endpoints(all)
      expect(await endpoints(others)).toEqual([...list])
      expect(new Set(list.map(({ url }) => url)).size).toBe(list.length)
    }),
  )
})

test('services of a real server are found with what it tells along and what it must be asked for', async () => {
  const server = await DnsServer.start()
  server.set(
    name,
    srv(name, 'one.test', 9001, { priority: 1 }),
    srv(name, 'two.test', 9002, { priority: 2, weight: 7 }),
  )
  server.tell('one.test', a('one.test', '10.0.0.1'))
  server.set('two.test', a('two.test', '10.0.0.2'), a('two.test', '10.0.0.3'))
  const query = createDnsQuery({ hosts: '', resolvConf: '', families: () => ['A'] })
  const host = { query, clock: new DnsByHand().clock, random: () => 0.5 }
  const told = new Told(
    createDiscovery({ kind: 'srv', ...form, name, resolvers: [server.address] }, host),
  )
  const endpoints = await told.lists.find(() => true)
  expect(endpoints.map(({ url, weight, isBackup }) => [url, weight, isBackup])).toEqual([
    ['ws://10.0.0.1:9001', 1, false],
    ['ws://10.0.0.2:9002', 7, true],
    ['ws://10.0.0.3:9002', 7, true],
  ])
  expect(server.asked.map((asked) => asked.name)).toEqual([name, 'two.test'])
  told.stop()
  await settle()
  await server.stop()
})
