/** Names asked of real little DNS servers: what is answered, and what becomes of those that do not answer well. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, writeFileSync } from 'node:fs'
import { createDnsQuery, type DnsAsked, type DnsPlaces } from '../../src/net/dns-query.ts'
import { a, aaaa, cname, DnsServer, srv, writeAnswer } from '../support/dns-server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { failureOf } from '../support/tcp.ts'
import { temporaryFile } from '../support/temporary.ts'

let dns: DnsServer
let other: DnsServer
beforeEach(async () => {
  ;[dns, other] = await Promise.all([DnsServer.start(), DnsServer.start()])
})
afterEach(async () => {
  await Promise.all([dns.stop(), other.stop()])
})

function queryWith(places: Partial<DnsPlaces> = {}, clock?: FakeClock) {
  const hosts = temporaryFile('hosts', '')
  const resolvConf = temporaryFile('resolv.conf', '')
  const query = createDnsQuery(
    { hosts, resolvConf, families: () => ['A', 'AAAA'], ...places },
    clock,
  )
  return (asked: Partial<DnsAsked>, signal = new AbortController().signal) =>
    query({ name: 'chat.test', wanted: 'addresses', resolvers: [dns.address], ...asked }, signal)
}

/** A resolv.conf that leads to the test's servers, in spite of the port it cannot name. */
function resolvConf(...lines: readonly string[]): string {
  return temporaryFile('resolv.conf', [`nameserver ${dns.address}`, ...lines].join('\n'))
}

const ask = queryWith()

describe('addresses', () => {
  test('of both families are answered with the shortest time to live', async () => {
    dns.set(
      'chat.test',
      a('chat.test', '10.0.0.1', 30),
      a('chat.test', '10.0.0.2', 30),
      aaaa('chat.test', '2001:DB8:0:0::1', 20),
    )
    expect(await ask({})).toEqual({
      exists: true,
      addresses: ['10.0.0.1', '10.0.0.2', '2001:db8::1'],
      services: [],
      ttlMs: 20_000,
    })
    expect(dns.asked.map(({ type }) => type).toSorted()).toEqual(['A', 'AAAA'])
  })

  test('are asked for only of the families that the machine has', async () => {
    dns.set('chat.test', a('chat.test', '10.0.0.1'), aaaa('chat.test', '2001:db8::1'))
    const { addresses } = await queryWith({ families: () => ['A'] })({})
    expect(addresses).toEqual(['10.0.0.1'])
    expect(dns.asked.map(({ type }) => type)).toEqual(['A'])
  })

  test('are found behind aliases, whose times to live count too', async () => {
    dns.set('chat.test', cname('chat.test', 'one.test', 5))
    dns.set('one.test', cname('one.test', 'two.test', 50))
    dns.set('two.test', a('two.test', '10.0.0.1', 40))
    const { addresses, ttlMs } = await ask({})
    expect([addresses, ttlMs]).toEqual([['10.0.0.1'], 5_000])
  })

  test('behind a circle of aliases are none', async () => {
    dns.set('chat.test', cname('chat.test', 'one.test'))
    dns.set('one.test', cname('one.test', 'chat.test'))
    expect((await ask({})).addresses).toEqual([])
  })

  test('of another name in the answer are left out', async () => {
    dns.set('chat.test', a('elsewhere.test', '10.6.6.6'), a('chat.test', '10.0.0.1'))
    expect((await ask({})).addresses).toEqual(['10.0.0.1'])
  })

  test('of a name that does not exist, and of one that has none, are told apart', async () => {
    dns.set('bare.test')
    expect(await ask({})).toEqual({ exists: false, addresses: [], services: [], ttlMs: Infinity })
    expect((await ask({ name: 'bare.test' })).exists).toBe(true)
  })

  test('of which one family has no answer are no answer', async () => {
    dns.set('chat.test', a('chat.test', '10.0.0.1'))
    dns.before = (asked) =>
      asked.type === 'AAAA' ? [writeAnswer(asked, { code: 'SERVFAIL' })] : []
    expect(await failureOf(ask({}))).toContain(
      `no DNS server has an answer for chat.test (AAAA): ${dns.address} answered SERVFAIL`,
    )
  })

  test('are not asked for a name that cannot be written into a question', async () => {
    for (const name of ['a..b', `${'x'.repeat(64)}.test`, 'a b', 'a\r\nb', ''])
      expect(await failureOf(ask({ name }))).toContain('is not a name that DNS can be asked for')
    expect(dns.asked).toEqual([])
  })
})

describe('answers that do not fit', () => {
  test('are asked for once more over TCP', async () => {
    const addresses = Array.from(
      { length: 1_000 },
      (_, index) => `10.0.${index >> 8}.${index & 255}`,
    )
    dns.set('chat.test', ...addresses.map((address) => a('chat.test', address)))
    const answer = await queryWith({ families: () => ['A'] })({})
    expect(answer.addresses).toEqual(addresses)
    expect(dns.asked.map(({ over }) => over)).toEqual(['udp', 'tcp'])
  })

  test('are not taken in part, wherever they were cut off', async () => {
    dns.manner = 'truncated'
    dns.set('chat.test', a('chat.test', '10.0.0.1'))
    expect((await ask({})).addresses).toEqual(['10.0.0.1'])
  })
})

describe('answers from elsewhere', () => {
  test('to another id, another question or from another port are waited past', async () => {
    dns.set('chat.test', a('chat.test', '10.0.0.1'))
    const forged = [a('chat.test', '10.6.6.6')]
    dns.forged = (asked) => [writeAnswer(asked, { answers: forged })]
    dns.before = (asked) => [
      Buffer.from('noise'),
      Buffer.alloc(0),
      writeAnswer({ ...asked, id: asked.id ^ 1 }, { answers: forged }),
      writeAnswer({ ...asked, name: 'elsewhere.test' }, { answers: forged }),
      writeAnswer({ ...asked, type: 'TXT' }, { answers: forged }),
    ]
    expect((await ask({})).addresses).toEqual(['10.0.0.1'])
  })

  test('cannot guess the id and the port from those before', async () => {
    dns.set('chat.test', a('chat.test', '10.0.0.1'))
    for (let count = 0; count < 20; count++) await ask({})
    expect(new Set(dns.asked.map(({ id }) => id)).size).toBeGreaterThan(30)
  })
})

describe('servers', () => {
  test('that fail, refuse or are not there are passed over', async () => {
    const gone = await DnsServer.start()
    const { address } = gone
    await gone.stop()
    other.set('chat.test', a('chat.test', '10.0.0.1'))
    for (const manner of ['SERVFAIL', 'REFUSED'] as const) {
      dns.manner = manner
      expect((await ask({ resolvers: [address, dns.address, other.address] })).addresses).toEqual([
        '10.0.0.1',
      ])
    }
  })

  test('that say nothing are waited for, each for its share, before the next is asked', async () => {
    dns.manner = 'silent'
    other.set('chat.test', a('chat.test', '10.0.0.1'))
    expect((await ask({ resolvers: [dns.address, other.address] })).addresses).toEqual(['10.0.0.1'])
  })

  test('that all fail are named with what they said', async () => {
    dns.manner = 'SERVFAIL'
    other.manner = 'REFUSED'
    expect(
      await failureOf(
        queryWith({ families: () => ['A'] })({ resolvers: [dns.address, other.address] }),
      ),
    ).toContain(
      `no DNS server has an answer for chat.test (A): ${dns.address} answered SERVFAIL; ${other.address} answered REFUSED`,
    )
  })

  test('that say a name does not exist are believed', async () => {
    other.set('chat.test', a('chat.test', '10.0.0.1'))
    expect((await ask({ resolvers: [dns.address, other.address] })).exists).toBe(false)
  })
})

describe('the system', () => {
  test('has names in its hosts file, which come before DNS', async () => {
    const hosts = temporaryFile(
      'hosts',
      '# none\n10.0.0.9 Chat.test alias # a comment\n::1\tchat.test\n10.0.0.8 other',
    )
    const answer = await queryWith({ hosts })({ resolvers: [] })
    expect(answer).toMatchObject({ addresses: ['10.0.0.9', '::1'], ttlMs: Infinity })
    expect(
      (await queryWith({ hosts, families: () => ['A'] })({ name: 'ALIAS', resolvers: [] }))
        .addresses,
    ).toEqual(['10.0.0.9'])
  })

  test('has a hosts file that servers named by the configuration go past', async () => {
    const hosts = temporaryFile('hosts', '10.0.0.9 chat.test')
    dns.set('chat.test', a('chat.test', '10.0.0.1'))
    expect((await queryWith({ hosts })({})).addresses).toEqual(['10.0.0.1'])
  })

  test('is not asked what an IP address is', async () => {
    expect((await ask({ name: '10.0.0.7' })).addresses).toEqual(['10.0.0.7'])
    expect((await ask({ name: '2001:db8::1' })).addresses).toEqual(['2001:db8::1'])
    expect(dns.asked).toEqual([])
  })

  test('completes short names by its search list before it asks for them as they are', async () => {
    dns.set('chat.team.test', a('chat.team.test', '10.0.0.1'))
    const query = queryWith({
      resolvConf: resolvConf('search corp.test team.test', 'options ndots:2'),
      families: () => ['A'],
    })
    expect((await query({ name: 'chat', resolvers: [] })).addresses).toEqual(['10.0.0.1'])
    expect(dns.asked.map(({ name }) => name)).toEqual(['chat.corp.test', 'chat.team.test'])
  })

  test('asks for whole names alone', async () => {
    dns.set('chat.corp.test', a('chat.corp.test', '10.6.6.6'))
    const query = queryWith({ resolvConf: resolvConf('search corp.test'), families: () => ['A'] })
    expect((await query({ name: 'chat.', resolvers: [] })).exists).toBe(false)
    expect(dns.asked.map(({ name }) => name)).toEqual(['chat'])
  })

  test('takes no name for another whose server failed', async () => {
    dns.before = (asked) =>
      asked.name === 'chat.corp.test' ? [writeAnswer(asked, { code: 'SERVFAIL' })] : []
    dns.set('chat.team.test', a('chat.team.test', '10.6.6.6'))
    const query = queryWith({ resolvConf: resolvConf('search corp.test team.test') })
    expect(await failureOf(query({ name: 'chat', resolvers: [] }))).toContain('chat.corp.test')
  })

  test('mixes no addresses of two names', async () => {
    dns.set('chat.corp.test', a('chat.corp.test', '10.0.0.1'))
    dns.set('chat.team.test', aaaa('chat.team.test', '2001:db8::1'))
    const query = queryWith({ resolvConf: resolvConf('search corp.test team.test') })
    expect((await query({ name: 'chat', resolvers: [] })).addresses).toEqual(['10.0.0.1'])
  })

  test('may have no file at all, and says what it asked', async () => {
    const query = queryWith({ hosts: '/nowhere/hosts', resolvConf: '/nowhere/resolv.conf' })
    expect(await failureOf(query({ resolvers: [] }))).toContain('127.0.0.1:53')
  })
})

describe('services', () => {
  const services = { name: '_ws._tcp.chat.test', wanted: 'services' } as const

  test('come with the addresses that were told along', async () => {
    dns.set(
      services.name,
      srv(services.name, 'One.test', 9001, { priority: 1, weight: 5, ttl: 30 }),
      srv(services.name, 'two.test', 9002),
    )
    dns.tell('One.test', a('one.test', '10.0.0.1', 10), aaaa('one.test', '2001:db8::1', 20))
    expect(await ask(services)).toEqual({
      exists: true,
      addresses: [],
      services: [
        {
          target: 'one.test',
          port: 9001,
          priority: 1,
          weight: 5,
          addresses: ['10.0.0.1', '2001:db8::1'],
        },
        { target: 'two.test', port: 9002, priority: 0, weight: 0, addresses: [] },
      ],
      ttlMs: 10_000,
    })
  })

  test('that are declared absent, or whose target could not stand in a header, are none', async () => {
    dns.set(services.name, srv(services.name, '.', 0), srv(services.name, 'a b\r\nx: y.test', 1))
    expect((await ask(services)).services).toEqual([])
  })
})

describe('questions', () => {
  test('that are given up end at once and for good', async () => {
    dns.manner = 'silent'
    const dial = new AbortController()
    const failure = ask({}, dial.signal)
    dial.abort(new Error('given up'))
    expect(await failureOf(failure)).toContain('given up')
    expect(await failureOf(ask({}, dial.signal))).toContain('given up')
  })

  test('leave no descriptor behind, however a thousand of them end', async () => {
    dns.set('chat.test', a('chat.test', '10.0.0.1'))
    other.manner = 'truncated'
    other.set('chat.test', a('chat.test', '10.0.0.1'))
    const silent = await DnsServer.start()
    silent.manner = 'silent'
    const open = () => readdirSync('/proc/self/fd').length
    await ask({})
    const before = open()
    let most = 0
    const dials: AbortController[] = []
    const all = Array.from({ length: 1_000 }, async (_, index) => {
      const [server = dns, isGivenUp] = [[dns, other, silent][index % 3], index % 3 === 2]
      const dial = new AbortController()
      if (isGivenUp) dials.push(dial)
      await ask({ resolvers: [server.address] }, dial.signal).catch(() => {})
      most = Math.max(most, open())
    })
    while (silent.asked.length < 10) await Bun.sleep(1)
    for (const dial of dials) dial.abort(new Error('given up'))
    await Promise.all(all)
    await silent.stop()
    // Those of the servers' side of TCP are closed when the other side's end is seen.
    while (open() > before) await Bun.sleep(1)
    expect(most - before).toBeLessThan(100)
  }, 20_000)
})

test('a resolv.conf that has changed is read anew, at most once a minute', async () => {
  for (const server of [dns, other]) server.set('chat.test', a('chat.test', '10.0.0.1'))
  const file = resolvConf()
  const clock = new FakeClock()
  const query = queryWith({ resolvConf: file, families: () => ['A'] }, clock)
  await query({ resolvers: [] })
  writeFileSync(file, `nameserver ${other.address}`)
  clock.advance(59_000)
  await query({ resolvers: [] })
  expect(other.asked).toEqual([])
  clock.advance(1_000)
  await query({ resolvers: [] })
  expect([dns.asked.length, other.asked.length]).toEqual([2, 1])
})

test('a resolv.conf says how often a server is asked, and how long it is waited for', async () => {
  dns.manner = 'silent'
  const query = queryWith({
    resolvConf: resolvConf('options timeout:1 attempts:1'),
    families: () => ['A'],
  })
  expect(await failureOf(query({ resolvers: [] }))).toContain(`${dns.address}: no answer in time`)
  expect(dns.asked).toHaveLength(1)
})
