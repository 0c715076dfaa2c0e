/** What resolv.conf(5) says, read as other programs read it. */
import { describe, expect, test } from 'bun:test'
import {
  namedServers,
  parseResolvConf,
  showDnsServer,
  wholeNames,
} from '../../src/net/dns-servers.ts'

describe('a resolv.conf', () => {
  test('names servers, a search list and options', () => {
    const text = `# by hand
nameserver 10.96.0.10 ; the first
  nameserver\t2001:db8::53
nameserver fe80::1%eth0
nameserver 10.0.0.4
domain old.test
search chat.svc.cluster.local  svc.cluster.local. .
options ndots:5 rotate timeout:2 attempts:3`
    expect(parseResolvConf(text)).toEqual({
      servers: [
        { address: '10.96.0.10', port: 53 },
        { address: '2001:db8::53', port: 53 },
        { address: 'fe80::1%eth0', port: 53 },
      ],
      search: ['chat.svc.cluster.local', 'svc.cluster.local', ''],
      ndots: 5,
      timeoutMs: 2_000,
      attempts: 3,
    })
  })

  test('that is empty or says nothing of use leaves the machine itself', () => {
    for (const text of ['', 'nameserver', 'nameserver dns.test', 'options ndots:x', '\0'])
      expect(parseResolvConf(text)).toEqual({
        servers: [{ address: '127.0.0.1', port: 53 }],
        search: [],
        ndots: 1,
        timeoutMs: 5_000,
        attempts: 2,
      })
  })

  test('cannot ask for endless patience', () => {
    const { ndots, timeoutMs, attempts } = parseResolvConf(
      'options ndots:99 timeout:0 attempts:1000',
    )
    expect([ndots, timeoutMs, attempts]).toEqual([15, 1_000, 5])
  })
})

describe('whole names', () => {
  const servers = { ...parseResolvConf('search a.test b.test'), ndots: 2 }

  test('of short names come from the search list first', () => {
    expect(wholeNames('x.y', servers)).toEqual(['x.y.a.test', 'x.y.b.test', 'x.y'])
  })

  test('of names with dots enough are the name itself first', () => {
    expect(wholeNames('x.y.z', servers)).toEqual(['x.y.z', 'x.y.z.a.test', 'x.y.z.b.test'])
  })

  test('of names with a dot at their end are the name alone', () => {
    expect(wholeNames('x.', servers)).toEqual(['x.'])
  })
})

test('servers named by the configuration have a port or 53, and are shown as they are written', () => {
  const texts = ['10.0.0.2:5353', '[2001:db8::1]:53', '10.0.0.2', '2001:db8::1']
  expect(namedServers(texts).servers.map(showDnsServer)).toEqual([
    '10.0.0.2:5353',
    '[2001:db8::1]:53',
    '10.0.0.2:53',
    '[2001:db8::1]:53',
  ])
})
