/**
 * What a server is told of who asks, and who may tell it: forged headers of clients, and what proxies
 * add. Each case names the defence without which it would fail.
 */
import { describe, expect, test } from 'bun:test'
import { ask, pageRequest, startRouting } from '../support/routing.ts'
import { startWitness, type SeenHead } from '../support/witness.ts'
import { upgradeRequest } from '../support/websocket.ts'
import { template } from '../support/template.ts'

const trusting = { trustedProxies: ['127.0.0.1', '10.0.0.1', '10.0.0.2'] }
const trace = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

/** What arrives of a request with these header lines. */
async function arriving(
  lines: readonly string[],
  listener: { readonly trustedProxies?: readonly string[] } = {},
): Promise<SeenHead> {
  using server = await startWitness()
  await using gateway = startRouting(server.host, {}, listener)
  await ask(gateway, pageRequest('/', ...lines))
  return server.head()
}

describe('of anybody, a forged header is replaced or removed', () => {
  const told = ['127.0.0.1']
  test.each<[string, string, string, readonly string[]]>([
    ['forwarded.isReplaced', 'X-Forwarded-For: 1.2.3.4', 'x-forwarded-for', told],
    ['the key in lower case', 'x-FORWARDED-for: 1.2.3.4', 'x-forwarded-for', told],
    ['respelling of underscores', 'X_Forwarded_For: 1.2.3.4', 'x-forwarded-for', told],
    ['respelling of underscores', 'X-Forwarded_For: 1.2.3.4', 'x-forwarded-for', told],
    ['forwarded.isReplaced', 'X-Real-IP: 1.2.3.4', 'x-real-ip', told],
    ['respelling of underscores', 'X_Real_IP: 1.2.3.4', 'x-real-ip', told],
    ['forwarded.isReplaced', 'X-Forwarded-Proto: https', 'x-forwarded-proto', ['http']],
    ['forwarded.isReplaced', 'X-Forwarded-Host: evil.test', 'x-forwarded-host', ['gateway.test']],
    ['the prefix x-forwarded-', 'X-Forwarded-Port: 443', 'x-forwarded-port', []],
    ['the prefix x-forwarded-', 'X-Forwarded-Client-Cert: a', 'x-forwarded-client-cert', []],
    ['forwarded.isReplaced', 'Forwarded: for=1.2.3.4', 'forwarded', []],
    ['the prefix sluice-', 'Sluice-Client-Subject: CN=admin', 'sluice-client-subject', []],
    ['the prefix sluice-', 'Sluice-Session: 1', 'sluice-session', []],
    ['respelling of underscores', 'Sluice_Client_Subject: CN=admin', 'sluice-client-subject', []],
    ['respelling of underscores', 'sluice-client_names: a', 'sluice-client-names', []],
    ['the prefix sluice-', 'SLUICE-Anything: 1', 'sluice-anything', []],
  ])('(%s) %s', async (_, line, name, expected) => {
    // Twice, and named as of this connection alone, which must not take the gateway's own away.
    const head = await arriving([line, line, `Connection: ${name}`])
    expect(head.all(name)).toEqual([...expected])
  })

  test('(trusted.requestId) X-Request-Id: a new one', async () => {
    const head = await arriving(['X-Request-Id: mine', 'x_request_id: mine'])
    expect(head.all('x-request-id')).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)])
  })

  test('(trusted.clientAddress) its address in the log and in expressions is that of the connection', async () => {
    using server = await startWitness()
    const set = [{ name: 'X-Address', value: template('$request.address') }]
    await using gateway = startRouting(server.host, {
      forward: { headers: { set, remove: [] } },
    })
    await ask(gateway, pageRequest('/', 'X-Forwarded-For: 1.2.3.4', 'Forwarded: for=1.2.3.4'))
    expect((await server.head()).all('x-address')).toEqual(['127.0.0.1'])
    expect((await gateway.event('request-answered')).address).toBe('127.0.0.1')
  })
})

describe('of a trusted proxy', () => {
  test('what it tells goes on, with the proxy itself added', async () => {
    const head = await arriving(
      [
        'X-Forwarded-For: 203.0.113.9',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: app.example.com',
        'X-Forwarded-Port: 443',
        'X-Request-Id: from-the-proxy',
      ],
      trusting,
    )
    expect(head.all('x-forwarded-for')).toEqual(['203.0.113.9, 127.0.0.1'])
    expect(head.all('x-forwarded-proto')).toEqual(['https'])
    expect(head.all('x-forwarded-host')).toEqual(['app.example.com'])
    expect(head.all('x-forwarded-port')).toEqual(['443'])
    expect(head.all('x-real-ip')).toEqual(['203.0.113.9'])
    expect(head.all('x-request-id')).toEqual(['from-the-proxy'])
  })

  test('nothing told means that the proxy itself asks', async () => {
    const head = await arriving([], trusting)
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(head.all('x-real-ip')).toEqual(['127.0.0.1'])
  })

  test('Forwarded goes on with one element more, and tells the other headers', async () => {
    const head = await arriving(['Forwarded: for=203.0.113.9;proto=https'], trusting)
    expect(head.all('forwarded')).toEqual([
      'for=203.0.113.9;proto=https, for=127.0.0.1;host="gateway.test";proto=http',
    ])
    expect(head.all('x-forwarded-for')).toEqual(['203.0.113.9, 127.0.0.1'])
    expect(head.all('x-real-ip')).toEqual(['203.0.113.9'])
  })

  test.each<[string, readonly string[], string, readonly string[]]>([
    [
      'reading from the right',
      ['X-Forwarded-For: 1.2.3.4, 203.0.113.9, 10.0.0.1'],
      'x-real-ip',
      ['203.0.113.9'],
    ],
    [
      'stopping at what is no address',
      ['X-Forwarded-For: 1.2.3.4, unknown, 10.0.0.1'],
      'x-real-ip',
      ['10.0.0.1'],
    ],
    [
      'X-Forwarded-For before Forwarded',
      ['X-Forwarded-For: 203.0.113.9', 'Forwarded: for=1.2.3.4'],
      'x-real-ip',
      ['203.0.113.9'],
    ],
    [
      'X-Forwarded-For before Forwarded',
      ['X-Forwarded-For: 203.0.113.9', 'Forwarded: for=1.2.3.4'],
      'forwarded',
      [],
    ],
    [
      'removing other spellings',
      ['X-Forwarded-For: 203.0.113.9', 'X_Forwarded_For: 1.2.3.4'],
      'x-forwarded-for',
      ['203.0.113.9, 127.0.0.1'],
    ],
    ['removing other spellings', ['X_Forwarded_Port: 1'], 'x-forwarded-port', []],
    ['replacing X-Real-IP', ['X-Real-IP: 1.2.3.4'], 'x-real-ip', ['127.0.0.1']],
    ['the known schemes', ['X-Forwarded-Proto: javascript'], 'x-forwarded-proto', ['http']],
    ['isHost', ['X-Forwarded-Host: a/b'], 'x-forwarded-host', ['gateway.test']],
    ['the prefix sluice-', ['Sluice-Client-Subject: CN=admin'], 'sluice-client-subject', []],
  ])('a client behind it cannot forge: (%s) %p', async (_, lines, name, expected) => {
    expect((await arriving(lines, trusting)).all(name)).toEqual([...expected])
  })

  test.each([['x'.repeat(129)], ['a b'], ['caf\u00e9'], ['']])(
    '(trusted.requestId) an X-Request-Id that is none is replaced: %p',
    async (id) => {
      const head = await arriving([`X-Request-Id: ${id}`], trusting)
      expect(head.all('x-request-id')).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)])
    },
  )

  test('the address it tells is in the log, of refusals too', async () => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, { path: '/here' }, trusting)
    await ask(gateway, pageRequest('/here', 'X-Forwarded-For: 203.0.113.9'))
    await ask(gateway, pageRequest('/nowhere', 'X-Forwarded-For: 203.0.113.9'))
    await ask(gateway, upgradeRequest('/here', { 'X-Forwarded-For': '203.0.113.9' }))
    for (const type of ['request-answered', 'request-refused', 'session-opened'] as const)
      expect((await gateway.event(type)).address).toBe('203.0.113.9')
  })
})

describe('a trace', () => {
  test.each([[`00-${trace}`], [`01-${trace}`], [`cc-${trace}-what-the-future-will-be-like`]])(
    'goes on with its state: %s',
    async (parent) => {
      const head = await arriving([`traceparent: ${parent}`, 'tracestate: a=1'])
      expect(head.all('traceparent')).toEqual([parent])
      expect(head.all('tracestate')).toEqual(['a=1'])
    },
  )

  test.each<[string, readonly string[]]>([
    ['is missing', []],
    ['has no flags', [`traceparent: 00-${trace.slice(0, -3)}`]],
    ['is of no version', [`traceparent: ff-${trace}`]],
    ['is longer than its version allows', [`traceparent: 00-${trace}-more`]],
    ['is in upper case', [`traceparent: 00-${trace.toUpperCase()}`]],
    ['has no trace', [`traceparent: 00-${'0'.repeat(32)}-00f067aa0ba902b7-01`]],
    ['has no parent', [`traceparent: 00-${trace.slice(0, 33)}${'0'.repeat(16)}-01`]],
    ['comes twice', [`traceparent: 00-${trace}`, `traceparent: 00-${trace}`]],
  ])('(forwarded.hasTraceparent) ends here with its state where it %s', async (_, lines) => {
    const head = await arriving([...lines, 'tracestate: a=1'])
    expect([...head.all('traceparent'), ...head.all('tracestate')]).toEqual([])
  })
})
