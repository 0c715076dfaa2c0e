/** The addresses of a name as endpoints. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createDnsQuery } from '../../../src/net/dns-query.ts'
import { createDiscovery } from '../../../src/upstream/discovery/discovery.ts'
import { isDialable } from '../../../src/upstream/discovery/discovered-endpoint.ts'
import type { DnsOptions } from '../../../src/upstream/discovery/dns.ts'
import { DnsByHand, Told } from '../../support/discovering.ts'
import { a, aaaa, DnsServer } from '../../support/dns-server.ts'

const options: DnsOptions = {
  name: 'chat.test',
  port: 9000,
  scheme: 'ws',
  isTls: false,
  path: '',
  everyMs: 30_000,
  resolvers: [],
}

async function endpointsOf(addresses: readonly string[], more: Partial<DnsOptions> = {}) {
  const dns = new DnsByHand()
  const told = new Told(createDiscovery({ kind: 'dns', ...options, ...more }, dns))
  await dns.open.answer({ addresses })
  told.stop()
  return told.lists.items[0] ?? []
}

describe('an endpoint', () => {
  test('is dialled at its address and called by the name', async () => {
    expect(await endpointsOf(['10.0.0.7'], { name: 'Chat.Test.', path: '/base' })).toEqual([
      {
        url: 'ws://10.0.0.7:9000/base',
        scheme: 'ws',
        isTls: false,
        host: '10.0.0.7',
        port: 9000,
        unix: undefined,
        path: '/base',
        authority: 'chat.test:9000',
        serverName: 'chat.test',
        weight: 1,
        isBackup: false,
        sessions: undefined,
      },
    ])
  })

  test('has brackets around an IPv6 address in its URL, and none in its host', async () => {
    const [endpoint] = await endpointsOf(['2001:db8::1'])
    expect(endpoint).toMatchObject({ url: 'ws://[2001:db8::1]:9000', host: '2001:db8::1' })
  })

  test('has no port in its URL and `Host` where it is the scheme’s own', async () => {
    const shown = async (more: Partial<DnsOptions>) => {
      const [endpoint] = await endpointsOf(['10.0.0.7'], more)
      return [endpoint?.url, endpoint?.authority]
    }
    expect(await shown({ port: 80 })).toEqual(['ws://10.0.0.7', 'chat.test'])
    expect(await shown({ port: 443, isTls: true })).toEqual(['wss://10.0.0.7', 'chat.test'])
    expect(await shown({ port: 443, scheme: 'http' })).toEqual([
      'http://10.0.0.7:443',
      'chat.test:443',
    ])
    expect(await shown({ port: 80, isTls: true, scheme: 'http' })).toEqual([
      'https://10.0.0.7:80',
      'chat.test:80',
    ])
  })
})

test('addresses of nobody are left out', async () => {
  const nobody = ['0.0.0.0', '224.0.0.1', '239.9.9.9', '255.255.255.255', '::', 'ff02::1']
  expect(await endpointsOf(['10.0.0.1', ...nobody])).toHaveLength(1)
})

test('endpoints are the same list for the same addresses, in whatever order and number they come', async () => {
  const addresses = fc.uniqueArray(
    fc.oneof(fc.ipV4().filter(isDialable), fc.constantFrom('::1', '2001:db8::1')),
    { minLength: 1 },
  )
  const shuffled = addresses.chain((all) =>
    fc.tuple(
      fc.constant(all),
      fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length }),
    ),
  )
  await fc.assert(
    fc.asyncProperty(shuffled, async ([all, others]) => {
      const list = await endpointsOf(all)
      expect(list).toHaveLength(all.length)
      expect(await endpointsOf(others)).toEqual([...list])
    }),
    { numRuns: 50 },
  )
})

test('addresses that change in DNS are told, and a name that is gone keeps its own', async () => {
  const server = await DnsServer.start()
  const query = createDnsQuery({ hosts: '', resolvConf: '', families: () => ['A', 'AAAA'] })
  const { clock } = new DnsByHand()
  const host = { query, clock, random: () => 0.5 }
  const resolvers = [server.address]
  server.set('chat.test', a('chat.test', '10.0.0.2', 5), a('chat.test', '10.0.0.1', 5))
  const told = new Told(createDiscovery({ kind: 'dns', ...options, resolvers }, host))
  await told.lists.find(() => true)
  server.set('chat.test', a('chat.test', '10.0.0.1', 5), aaaa('chat.test', '2001:db8::1', 5))
  clock.advance(5_000)
  await told.lists.find((list) => list.some(({ url }) => url.includes('[')))
  server.forget('chat.test')
  clock.advance(5_000)
  expect(await told.failures.find(() => true)).toBe('chat.test does not exist')
  server.manner = 'SERVFAIL'
  expect(told.urls).toEqual([
    ['ws://10.0.0.1:9000', 'ws://10.0.0.2:9000'],
    ['ws://10.0.0.1:9000', 'ws://[2001:db8::1]:9000'],
  ])
  told.stop()
  await server.stop()
})
