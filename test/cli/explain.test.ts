// What `sluice explain` says of a request: the same that a gateway does with it.

import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explanationOf } from '../../src/cli/explanation.ts'
import { requestFor, type ExplainOptions } from '../../src/cli/explain-request.ts'
import type { Config, ListenerConfig, RouteConfig } from '../../src/config/config.ts'
import { loadConfig } from '../support/load-config.ts'
import { makeCertificate } from '../support/certificates.ts'
import { runCommand } from '../support/command.ts'
import { template } from '../support/template.ts'
import { temporaryFolder } from '../support/temporary.ts'

const yaml = `
listeners: [{ name: public, port: 8080 }, { name: inside, port: 9000 }]
upstreams:
  chat: [ws://127.0.0.1:9001, ws://127.0.0.1:9002]
  next: ws://127.0.0.1:9003
  pages: http://127.0.0.1:3000
routes:
  - { name: chat, host: chat.example.com, path: /chat/:room, upstream: chat, limits: { sessions: 5 } }
  - { name: beta, path: /chat/*, upstream: next }
  - { name: inside, path: /chat/*, listeners: [inside], upstream: next }
  - { name: ping, path: /ping, respond: { body: ok } }
  - { name: pages, path: /pages/*, upstream: pages }
`

type Changes = Readonly<Record<string, Partial<RouteConfig>>>

/** @param changes of routes, by their names. @param listener of every listener. */
function configWith(
  changes: Changes = {},
  listener: Partial<ListenerConfig> = {},
  text = yaml,
): Config {
  const loaded = loadConfig(text, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error('the configuration is faulty')
  const { config } = loaded
  return {
    ...config,
    listeners: config.listeners.map((each) => ({ ...each, ...listener })),
    routes: config.routes.map((each) => ({ ...each, ...changes[each.name] })),
  }
}

/** The lines, by what they are about. */
function explain(url: string, options: ExplainOptions = {}, config = configWith()) {
  const asked = requestFor(url, config, options)
  if (typeof asked === 'string') throw new Error(asked)
  const { text, isServed } = explanationOf(config, asked)
  const lines: Record<string, string[]> = {}
  let label = ''
  for (const line of text.split('\n')) {
    label = line.slice(0, 11).trim() || label
    lines[label] = [...(lines[label] ?? []), line.slice(11)]
  }
  return { lines, isServed }
}

const chat = 'ws://chat.example.com:8080/chat/blue?x=1'

describe('explain', () => {
  test('says route, upstream, head, session, limits and timeouts', () => {
    const { lines, isServed } = explain(chat, { header: ['X-A: 1'] })
    expect(isServed).toBe(true)
    expect(lines).toMatchObject({
      request: ['GET /chat/blue?x=1 for chat.example.com:8080, a WebSocket handshake'],
      client: ['203.0.113.7, http'],
      listener: ['public'],
      route: ['chat: host chat.example.com, path /chat/:room', 'request.path.room is blue'],
      upstream: ['chat: ws://127.0.0.1:9001, ws://127.0.0.1:9002'],
      session: [
        'a tunnel: nothing in this route reads payloads',
        'compression passes: the client and the endpoint agree on permessage-deflate',
      ],
      timeouts: ['handshake 10s, idle off, send 1m, close 5s, age off'],
      heartbeat: ['client off, upstream off'],
    })
    expect(lines['sends']).toEqual(
      expect.arrayContaining([
        'GET /chat/blue?x=1 HTTP/1.1',
        'Host: chat.example.com:8080',
        'X-A: 1',
        'X-Real-IP: 203.0.113.7',
        'Upgrade: websocket',
      ]),
    )
    expect(lines['limits']?.join()).toContain('sessions 5, ')
  })

  const nobody = 'nobody compresses: an offer of permessage-deflate goes no further'
  const reads = 'framed: the gateway compresses, so it reads messages and writes them anew'
  const window = 'a window of 32KB, not kept between messages'

  test.each<[string, string[]]>([
    ['compression: off', ['a tunnel: nothing in this route reads payloads', nobody]],
    [
      'framed: true, compression: off',
      ['framed: the route asks for it, so messages are read and written anew', nobody],
    ],
    [
      'framed: true',
      [
        reads,
        `with the client, if it offers permessage-deflate: messages of 1KB and more, level 2, ${window}`,
        'with the endpoint: messages without compression',
      ],
    ],
    [
      'compression: { threshold: 0, window-bits: 9, level: 6, context-takeover: client, upstream: true }',
      [
        reads,
        'with the client, if it offers permessage-deflate: every message, level 6, a window of 512B, kept between messages of the client',
        'with the endpoint: the same is offered',
      ],
    ],
  ])('says of { %s } what its sessions are, why, and who compresses', (keys, texts) => {
    const changed = yaml.replace('path: /chat/:room,', `path: /chat/:room, ${keys},`)
    const { lines } = explain(chat, {}, configWith({}, {}, changed))
    expect(lines['session']).toEqual(texts)
  })

  const unnoticed =
    'a server that hangs is not noticed: heartbeat.upstream and health.move are for that'
  const cut = 'a session caught inside of a longer one is closed with 1012'
  const noWindow =
    'the 101 of a client with permessage-deflate says client_no_context_takeover: another server has no window'

  test.each<[string, string, string[]]>([
    ['', '', ['off: a session ends with its server']],
    [
      'failover: close',
      '',
      ['close: a session whose server is lost or closes with 1001, 1012 is closed with 1012'],
    ],
    [
      'failover: transparent',
      '',
      [
        'transparent: a session whose server is lost or closes with 1001, 1012 goes on at another, and the client is told nothing',
        `messages up to 64KB are never cut; ${cut}`,
        'a session may be without a server for 30s',
        noWindow,
        unnoticed,
      ],
    ],
    [
      'failover: { mode: notify, on: [1012], hold: 0, wait: 5s }, health: { tcp: true, move: true }',
      'compression: off, heartbeat: { upstream: 10s }',
      [
        'notify: a session whose server closes with 1012 goes on at another, and the client is sent a message',
        'nothing is held: a session caught inside of a message is closed with 1012',
        'a session may be without a server for 5s',
        'a server that hangs is given up when checks call it unhealthy',
      ],
    ],
    [
      'failover: { mode: transparent, on: [lost], hold: 1MB }, health: { tcp: true, move: true }',
      'framed: true, heartbeat: { upstream: 10s, timeout: 5s }',
      [
        'transparent: a session whose server is lost goes on at another, and the client is told nothing',
        `messages up to 1MB are never cut; ${cut}`,
        'a session may be without a server for 30s',
        'a server that hangs is pinged after 10s, and given up 5s later; it is given up when checks call it unhealthy',
      ],
    ],
  ])('says of an upstream { %s } on a route { %s } what a dead server does', (own, of, texts) => {
    const keys = own === '' ? '' : `, ${own}`
    const changed = yaml
      .replace('[ws://127.0.0.1:9001,', '{ endpoints: [ws://127.0.0.1:9001,')
      .replace('ws://127.0.0.1:9002]', `ws://127.0.0.1:9002]${keys} }`)
      .replace('path: /chat/:room,', `path: /chat/:room,${of === '' ? '' : ` ${of},`}`)
    expect(explain(chat, {}, configWith({}, {}, changed)).lines['failover']).toEqual(texts)
  })

  test('says how an endpoint is found, and where endpoints come from that are found later', () => {
    const pools = `
listeners: [8080]
upstreams:
  rooms: { endpoints: [ws://a:1, ws://b:1], sticky: { by: $request.query.room } }
  known: { endpoints: [ws://a:1, ws://b:1], balancer: first, sticky: { cookie: place } }
  found: { discover: { dns: chat.internal, port: 9000 } }
routes:
  - { path: /rooms, upstream: rooms }
  - { path: /known, upstream: known }
  - { path: /found, upstream: found }
`
    const config = configWith({}, {}, pools)
    const said = (target: string) => explain(`ws://localhost:8080${target}`, {}, config).lines
    const [endpoint = ''] = said('/rooms?room=7')['endpoint'] ?? []
    expect(endpoint).toMatch(/^ws:\/\/[ab]:1, the place of \$request\.query\.room being 7$/)
    expect(said('/rooms?room=7')['endpoint']).toEqual([endpoint])
    expect(said('/rooms')['endpoint']?.[0]).toEndWith(', one that round-robin may choose')
    expect(said('/known')['endpoint']).toEqual([
      'ws://a:1, one that first may choose for who has no cookie place',
    ])
    expect(said('/found')).toMatchObject({
      upstream: ['found: those that DNS has for chat.internal'],
      'goes to': ['found, whose endpoints are found while the gateway runs'],
    })
  })

  test('says the head as it is rewritten, and where a split sends it', () => {
    const config = configWith({
      chat: {
        upstreams: [
          { name: 'chat', weight: 19 },
          { name: 'next', weight: 1 },
        ],
        splitBy: template('$request.cookie.user'),
        forward: {
          path: template('/rooms/{request.path.room}'),
          host: 'endpoint',
          headers: { set: [{ name: 'X-Room', value: template('$request.path.room') }], remove: [] },
        },
      },
    })
    const { lines } = explain(chat, { header: ['Cookie: user=eve'] }, config)
    expect(lines['upstream']).toEqual([
      'chat 95%: ws://127.0.0.1:9001, ws://127.0.0.1:9002',
      'next 5%: ws://127.0.0.1:9003',
    ])
    expect(lines['goes to']).toEqual(['chat, by $request.cookie.user being eve'])
    expect(lines['sends']).toEqual(
      expect.arrayContaining([
        'GET /rooms/blue?x=1 HTTP/1.1',
        'Host: 127.0.0.1:9001',
        'X-Room: blue',
      ]),
    )
    expect(explain(chat, {}, config).lines['goes to']?.[0]).toEndWith(', by turn')
  })

  test('says what kept the routes before it from taking the request', () => {
    const match = {
      header: { 'x-beta': ['1'] },
      query: { v: [] },
      cookie: {},
      subprotocol: ['a', 'b'],
    }
    const conditional = configWith({ inside: { match, listeners: [] } })
    const reasons = [
      [[], 'inside: wants header x-beta: 1; the request has none'],
      [['X-Beta: 2'], 'inside: wants header x-beta: 1; the request has 2'],
      [['X-Beta: 1'], 'inside: wants query v; the request has none'],
    ] as const
    for (const [header, reason] of reasons) {
      const { lines } = explain('ws://other.com:8080/chat/blue', { header }, conditional)
      expect(lines['not taken']).toEqual([reason])
      expect(lines['route']?.[0]).toBe('beta: any host, path /chat/*')
    }
    const header = ['X-Beta: 1', 'Sec-WebSocket-Protocol: c']
    expect(
      explain('ws://other.com:8080/chat/blue?v', { header }, conditional).lines['not taken'],
    ).toEqual(['inside: wants subprotocol a or b; the request has c'])
    expect(explain('ws://other.com:8080/chat/blue').lines['not taken']).toEqual([
      'inside: is for listener inside',
    ])
  })

  test('names the nearest routes where none takes the request', () => {
    const { lines, isServed } = explain('ws://other.com:8080/nothing')
    expect(isServed).toBe(false)
    expect(lines['not taken']).toEqual([
      'ping: is for path /ping',
      'inside: is for path /chat/*',
      'beta: is for path /chat/*',
      'pages: is for path /pages/*',
      'chat: is for host chat.example.com',
    ])
    expect(lines['refused']).toEqual([
      '404 NO_ROUTE: No route matches the host and path of this request',
    ])
  })

  test.each<[string, ExplainOptions, Changes, string]>([
    ['ws://a:8080/chat/../x', {}, {}, '400 UNSAFE_PATH'],
    ['ws://a:8080/chat/%2e%2e/x', {}, {}, '400 UNSAFE_PATH'],
    ['ws://a:8080/pages/x', {}, {}, '426 UPGRADE_NOT_POSSIBLE'],
    ['http://a:8080/pages/x', { method: 'TRACE' }, {}, '405 METHOD_NOT_ALLOWED'],
    [chat, { header: ['Sec-WebSocket-Version: 8'] }, {}, '426 WEBSOCKET_VERSION'],
    [
      chat,
      { header: ['Origin: https://evil.test', 'Cookie: a=1'] },
      { chat: { origins: 'own' } },
      '403 ORIGIN_NOT_ALLOWED',
    ],
    [
      chat,
      { header: ['X-Room: a/b'] },
      {
        chat: {
          forward: {
            path: template('/{request.header.x-room}'),
            host: 'client',
            headers: { set: [], remove: [] },
          },
        },
      },
      '400 UNSAFE_PATH',
    ],
  ])('says that %s with %p is refused', (url, options, changes, refusal) => {
    const { lines, isServed } = explain(url, options, configWith(changes))
    expect(isServed).toBe(false)
    expect(lines['refused']?.[0]).toStartWith(`${refusal}: `)
  })

  test('says what the gateway answers by itself', () => {
    expect(explain('http://a:8080/ping').lines['answer']).toEqual([
      '200 from the gateway itself, 2 bytes',
    ])
    const redirect = { status: 301, to: template('https://example.com{request.target}') } as const
    const config = configWith({ ping: { respond: undefined, redirect } })
    expect(explain('http://a:8080/ping?x', {}, config).lines['answer']).toEqual([
      '301 to https://example.com/ping?x',
    ])
    const redirecting = configWith({}, { redirectPort: 8443 })
    expect(explain('ws://a:8080/chat', {}, redirecting).lines['answer']).toEqual([
      '301 to https://a:8443/chat; the listener redirects everything',
    ])
  })

  test('asks the listener of the port in the URL, or says which one it takes instead', () => {
    expect(explain('ws://a:9000/chat').lines['listener']).toEqual(['inside'])
    expect(explain('ws://a:9000/chat', { listener: 'public' }).lines['listener']).toEqual([
      'public',
    ])
    expect(explain('ws://a/chat').lines['listener']).toEqual([
      'public (assumed: none listens on port 80; --listener names another)',
    ])
  })

  test('believes a trusted proxy, and nobody else', () => {
    const config = configWith({}, { trustedProxies: ['10.0.0.1'] })
    const header = ['X-Forwarded-For: 198.51.100.1', 'X-Forwarded-Proto: https']
    expect(explain(chat, { header, from: '10.0.0.1' }, config).lines['client']).toEqual([
      '198.51.100.1, https behind the proxy 10.0.0.1',
    ])
    expect(explain(chat, { header, from: '10.0.0.9' }, config).lines['client']).toEqual([
      '10.0.0.9, http',
    ])
  })

  const { cert, key } = makeCertificate({ names: 'DNS:chat.example.com' })
  const served = { cert, key, names: [], min: '1.2' } as const
  const asking = (isRequired: boolean) =>
    configWith({}, { tls: [{ ...served, client: { ca: cert, isRequired } }] })

  test('shows a client certificate, and tells the upstream of it', () => {
    const { lines } = explain(chat, { certificate: 'CN=device-7' }, asking(true))
    expect(lines['client']).toEqual(['203.0.113.7, https, certificate CN=device-7'])
    expect(lines['sends']).toContain('Sluice-Client-Subject: CN=device-7')
    expect(lines['sends']?.join()).not.toContain('Fingerprint')
    expect(explain(chat, {}, asking(false)).lines['sends']?.join()).not.toContain('Sluice-Client')
  })

  test('says where there is no request with a certificate, or none without', () => {
    expect(requestFor(chat, asking(true), {})).toBe(
      'the listener public lets nobody in to chat.example.com:8080 without a certificate: name one with --certificate "CN=device-7"',
    )
    for (const tls of [undefined, [{ ...served, client: undefined }]])
      expect(requestFor(chat, configWith({}, { tls }), { certificate: 'CN=device-7' })).toBe(
        'the listener public asks no client of chat.example.com:8080 for a certificate, so it hears of none',
      )
  })

  test('names cookies among the conditions of a route', () => {
    const match = { header: {}, query: {}, cookie: { beta: ['1'] }, subprotocol: [] }
    const config = configWith({ chat: { match } })
    expect(explain(chat, { header: ['Cookie: beta=1'] }, config).lines['route']?.[0]).toBe(
      'chat: host chat.example.com, path /chat/:room, cookie beta: 1',
    )
  })

  test.each<[string, ExplainOptions, string]>([
    ['nonsense', {}, 'nonsense is not a URL like wss://example.com/chat'],
    ['ws://a/x', { listener: 'x' }, 'there is no listener x; there are public, inside'],
    [
      'ws://a/x',
      { header: ['no colon'] },
      'the listener would refuse it: a header line without colon',
    ],
    [
      'ws://a/x',
      { header: ['Host: b c'] },
      'the listener would refuse it: the host header is not a host',
    ],
    ['ws://a/x', { header: ['A: b\r\n\r\n'] }, 'a header is one line, "Name: value"'],
  ])('says why %s with %p is no request', (url, options, problem) => {
    expect(requestFor(url, configWith(), options)).toBe(problem)
  })
})

describe('sluice explain', () => {
  const folder = temporaryFolder('explain')
  writeFileSync(join(folder, 'sluice.yaml'), yaml)

  test.each<[number, readonly string[], string]>([
    [0, [chat, '-H', 'X-A: 1', '-H', 'X-B: 2', 'sluice.yaml'], 'X-B: 2'],
    [1, ['ws://other.com:8080/nothing'], '404 NO_ROUTE'],
    [2, ['nonsense'], 'is not a URL'],
    [2, [chat, 'nowhere.yaml'], 'there is no such file'],
  ])('exits with %i for %p', async (exitCode, args, output) => {
    const found = await runCommand(['explain', ...args], { folder })
    expect([found.exitCode, found.stdout + found.stderr]).toEqual([
      exitCode,
      expect.stringContaining(output),
    ])
  })
})
