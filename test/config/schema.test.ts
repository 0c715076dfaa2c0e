/**
 * The schema as a whole: its defaults, what becomes of each key, and its documentation.
 */
import { expect, test } from 'bun:test'
import type { Config } from '../../src/config/config.ts'
import { jsonSchema, type JsonSchema } from '../../src/config/json-schema.ts'
import type { Template } from '../../src/expression/template.ts'
import { builtIn } from '../../src/registry.ts'
import { configOf } from './checking.ts'

const noTls = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  isVerified: true,
}

test('the smallest file gives a whole configuration, every default filled in', () => {
  const config: Config = {
    written: {
      parts: {},
      listeners: new Map([['8080', { port: 8080 }]]),
      upstreams: new Map([['ws://localhost:9000', { endpoints: ['ws://localhost:9000'] }]]),
      routes: new Map([['/*', { upstream: 'ws://localhost:9000' }]]),
      references: new Set(),
      files: [],
    },
    registry: builtIn,
    workers: 1,
    secret: undefined,
    listeners: [
      {
        name: '8080',
        address: '::',
        port: 8080,
        unix: undefined,
        tls: undefined,
        proxyProtocol: false,
        trustedProxies: [],
        redirectPort: undefined,
        limits: { headBytes: 16_384, headers: 100, clients: undefined, handshakes: undefined },
        timeout: { tlsMs: 10_000, headMs: 10_000, bodyMs: 60_000, idleMs: 75_000 },
      },
    ],
    upstreams: [
      {
        name: 'ws://localhost:9000',
        endpoints: [
          {
            url: 'ws://localhost:9000',
            scheme: 'ws',
            isTls: false,
            host: 'localhost',
            port: 9000,
            unix: undefined,
            path: '',
            authority: 'localhost:9000',
            serverName: undefined,
            weight: 1,
            isBackup: false,
            sessions: undefined,
          },
        ],
        discover: undefined,
        balancer: { type: 'round-robin', options: {}, create: expect.any(Function) },
        slowStartMs: undefined,
        queue: undefined,
        sticky: undefined,
        health: undefined,
        eject: { failures: 5, withinMs: 10_000, forMs: 30_000, atMost: 0.5 },
        retry: { dials: 2, budget: 0.2, statuses: [502, 503, 504] },
        failover: {
          mode: 'off',
          on: { lost: true, codes: [1001, 1012] },
          holdBytes: 65_536,
          waitMs: 30_000,
          message: '{"type":"failover"}',
        },
        drain: { perSecond: 100, settleMs: 250 },
        rebalance: undefined,
        tls: noTls,
        timeout: { connectMs: 5_000, answerMs: 30_000 },
        keepAlive: { connections: 64, idleMs: 4_000 },
      },
    ],
    routes: [
      {
        name: '/*',
        listeners: [],
        host: [],
        path: '/*',
        match: { header: {}, query: {}, cookie: {}, subprotocol: [] },
        upstreams: [{ name: 'ws://localhost:9000', weight: 1 }],
        splitBy: undefined,
        respond: undefined,
        redirect: undefined,
        forward: { path: undefined, host: 'client', headers: { set: [], remove: [] } },
        answer: { headers: { set: [], remove: [] } },
        origins: 'own',
        framed: false,
        compression: 'pass',
        limits: {
          sessions: undefined,
          sessionsPerClient: undefined,
          messageBytes: 1_048_576,
          frameBytes: 1_048_576,
          pendingBytes: 262_144,
          messages: undefined,
          bytes: undefined,
        },
        timeout: {
          handshakeMs: 10_000,
          idleMs: undefined,
          sendMs: 60_000,
          closeMs: 5_000,
          ageMs: undefined,
        },
        heartbeat: { clientMs: undefined, upstreamMs: undefined, timeoutMs: 10_000 },
      },
    ],
    leave: { delayMs: 0, windowMs: 10_000 },
    limits: { compressionBytes: 67_108_864 },
    admin: undefined,
    log: { level: 'info', format: undefined },
  }
  const text = 'listeners: [8080]\nroutes: [{ upstream: ws://localhost:9000 }]\n'
  expect(configOf(text)).toEqual(config)
})

test('every key that can be given is taken over, in the unit of its name', () => {
  const text = `
secret: 0123456789abcdef
listeners:
  - name: public
    address: 127.0.0.1
    port: 8443
    proxy-protocol: true
    trusted-proxies: [10.0.0.0/8, "::1"]
    limits: { head: 32KB, headers: 50, clients: 9000, handshakes: 100 }
    timeout: { tls: 4s, head: 1s, body: 2s, idle: 3s }
  - { name: plain, port: 8080, redirect: "https:8443" }
upstreams:
  chat:
    endpoints: [wss://10.0.0.1:9000/base, { url: "ws://[::1]:9000", weight: 2, backup: true, sessions: 2000 }]
    discover: { dns: Chat.internal., port: 9000, every: 10s, scheme: wss, path: /base/, resolver: [10.0.0.1, "[::1]:5353"] }
    balancer: { hash: $request.path.room }
    slow-start: 30s
    queue: { sessions: 200, wait: 3s }
    sticky: { cookie: { name: at, path: /chat, max-age: 1d, same-site: none } }
    health: { websocket: /healthz, interval: 6s, timeout: 1s, healthy: 3, unhealthy: 4, move: true }
    eject: { failures: 6, within: 20s, for: 1m, at-most: 25% }
    retry: { dials: 3, budget: 12.5%, statuses: [503, 429] }
    failover: { mode: notify, on: [4000, 1000], hold: 128KB, wait: 10s, message: moved }
    drain: { rate: 50/s, settle: 1s }
    rebalance: { rate: 5/s }
    tls: { server-name: chat.internal, verify: false }
    timeout: { connect: 4s, answer: 5s }
    keep-alive: { connections: 8, idle: 6s }
routes:
  - name: chat
    listeners: [public]
    host: [Chat.example.com, "*.chat.example.com"]
    path: /chat/:room
    match: { header: { X-Beta: "1" }, query: { v: [1, 2] }, cookie: { Beta: true }, subprotocol: [mqtt] }
    upstream: { chat: 95, "ws://b": 5 }
    split-by: $request.cookie.user
    forward:
      path: /rooms/{request.path.room}
      host: endpoint
      headers: { set: { X-Room: $request.path.room }, remove: [Cookie] }
    answer: { headers: { set: { server: "" }, remove: x-powered-by } }
    origins: [https://app.example.com, "http://localhost:3000"]
    framed: true
    compression: { threshold: 2KB, window-bits: 12, context-takeover: client, level: 6, upstream: true }
    limits:
      sessions: 10000
      sessions-per-client: 20
      message: 2MB
      frame: 3MB
      pending: 64KB
      messages: { rate: 50/s, burst: 100, over: close }
      bytes: 1MB/s
    timeout: { handshake: 7s, idle: 1h, send: 8s, close: 9s, age: 1d }
    heartbeat: { client: 30s, upstream: 20s, timeout: 5s }
  - { path: /old, redirect: { to: /new, status: 308 } }
limits: { compression-memory: 1GB }
leave: { delay: 5s, window: 1m }
admin: { address: "::1", port: 9090, token: 0123456789abcdef }
log: { level: debug, format: json }
`
  const loaded = configOf(text)
  expect(loaded.listeners).toEqual([
    {
      name: 'public',
      address: '127.0.0.1',
      port: 8443,
      unix: undefined,
      tls: undefined,
      proxyProtocol: true,
      trustedProxies: ['10.0.0.0/8', '::1'],
      redirectPort: undefined,
      limits: { headBytes: 32_768, headers: 50, clients: 9_000, handshakes: 100 },
      timeout: { tlsMs: 4_000, headMs: 1_000, bodyMs: 2_000, idleMs: 3_000 },
    },
    expect.objectContaining({ name: 'plain', redirectPort: 8443 }),
  ])
  const [chat, other] = loaded.upstreams
  expect(chat).toMatchObject({
    name: 'chat',
    endpoints: [
      { url: 'wss://10.0.0.1:9000/base', authority: '10.0.0.1:9000', weight: 1 },
      {
        url: 'ws://[::1]:9000',
        authority: '[::1]:9000',
        weight: 2,
        isBackup: true,
        sessions: 2_000,
      },
    ],
    discover: {
      kind: 'dns',
      name: 'chat.internal.',
      port: 9000,
      scheme: 'ws',
      isTls: true,
      path: '/base',
      everyMs: 10_000,
      resolvers: ['10.0.0.1:53', '[::1]:5353'],
    },
    balancer: { type: 'hash', options: { by: { source: '$request.path.room' } } },
    slowStartMs: 30_000,
    queue: { sessions: 200, waitMs: 3_000 },
    sticky: { kind: 'cookie', name: 'at', path: '/chat', maxAgeMs: 86_400_000, sameSite: 'None' },
    health: {
      check: { type: 'websocket', options: { path: '/healthz' } },
      intervalMs: 6_000,
      timeoutMs: 1_000,
      healthy: 3,
      unhealthy: 4,
      movesSessions: true,
    },
    eject: { failures: 6, withinMs: 20_000, forMs: 60_000, atMost: 0.25 },
    retry: { dials: 3, budget: 0.125, statuses: [503, 429] },
    failover: {
      mode: 'notify',
      on: { lost: false, codes: [4000, 1000] },
      holdBytes: 131_072,
      waitMs: 10_000,
      message: 'moved',
    },
    drain: { perSecond: 50, settleMs: 1_000 },
    rebalance: { perSecond: 5 },
    tls: { ...noTls, serverName: 'chat.internal', isVerified: false },
    timeout: { connectMs: 4_000, answerMs: 5_000 },
    keepAlive: { connections: 8, idleMs: 6_000 },
  })
  expect(other?.name).toBe('ws://b')
  const [route, redirect] = loaded.routes
  expect(withSources(route)).toEqual({
    name: 'chat',
    listeners: ['public'],
    host: ['chat.example.com', '*.chat.example.com'],
    path: '/chat/:room',
    match: {
      header: { 'x-beta': ['1'] },
      query: { v: ['1', '2'] },
      cookie: { Beta: [] },
      subprotocol: ['mqtt'],
    },
    upstreams: [
      { name: 'chat', weight: 95 },
      { name: 'ws://b', weight: 5 },
    ],
    splitBy: '$request.cookie.user',
    forward: {
      path: '/rooms/{request.path.room}',
      host: 'endpoint',
      headers: { set: [{ name: 'X-Room', value: '$request.path.room' }], remove: ['cookie'] },
    },
    answer: { headers: { set: [{ name: 'server', value: '' }], remove: ['x-powered-by'] } },
    origins: ['https://app.example.com', 'http://localhost:3000'],
    framed: true,
    compression: {
      thresholdBytes: 2_048,
      windowBits: 12,
      clientTakeover: true,
      serverTakeover: false,
      level: 6,
      upstream: true,
    },
    limits: {
      sessions: 10_000,
      sessionsPerClient: 20,
      messageBytes: 2_097_152,
      frameBytes: 3_145_728,
      pendingBytes: 65_536,
      messages: { perSecond: 50, burst: 100, over: 'close' },
      bytes: { perSecond: 1_048_576, burst: 1_048_576, over: 'delay' },
    },
    timeout: {
      handshakeMs: 7_000,
      idleMs: 3_600_000,
      sendMs: 8_000,
      closeMs: 9_000,
      ageMs: 86_400_000,
    },
    heartbeat: { clientMs: 30_000, upstreamMs: 20_000, timeoutMs: 5_000 },
  })
  expect(withSources(redirect)).toMatchObject({ redirect: { to: '/new', status: 308 } })
  expect(loaded.secret).toBe('0123456789abcdef')
  expect(loaded.limits).toEqual({ compressionBytes: 1_073_741_824 })
  expect(loaded.leave).toEqual({ delayMs: 5_000, windowMs: 60_000 })
  expect(loaded.admin).toEqual({
    address: '::1',
    port: 9090,
    unix: undefined,
    token: '0123456789abcdef',
  })
  expect(loaded.log).toEqual({ level: 'debug', format: 'json' })
})

/** Templates as they are written; keys without a value left out. */
function withSources(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSources)
  if (typeof value !== 'object' || value === null) return value
  if ('render' in value) return (value as Template).source
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries.map(([key, inner]) => [key, withSources(inner)]))
}

/** Every key that a person can write, by its path in the schema. */
function* keysOf(schema: JsonSchema, path: string): Generator<[string, JsonSchema]> {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${key}`, child]
    yield* keysOf(child, `${path}.${key}`)
  }
  const inner = typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
  for (const child of [...inner, ...(schema.items === undefined ? [] : [schema.items])]) {
    yield* keysOf(child, `${path}[]`)
  }
  for (const child of schema.anyOf ?? []) yield* keysOf(child, path)
}

const keys = new Map(keysOf(jsonSchema(builtIn), ''))

test('every key has one sentence of documentation, and its bounds behind it', () => {
  expect(keys.size).toBeGreaterThan(150)
  const sentence = /^["A-Z].*[^.]\.( From \S+ to \S+\.)?$/
  const undocumented = [...keys].filter(([, key]) => !sentence.test(key.description ?? ''))
  expect(undocumented.map(([path]) => path)).toEqual([])
})

test('only what makes a thing the thing it is has no default', () => {
  const required = new Set<string>()
  const collect = (holder: JsonSchema, path: string) => {
    for (const name of holder.required ?? []) required.add(`${path} ${name}`.trim())
    for (const inner of holder.anyOf ?? []) collect(inner, path)
    if (holder.items !== undefined) collect(holder.items, path)
    if (typeof holder.additionalProperties === 'object') collect(holder.additionalProperties, path)
  }
  for (const [path, key] of [['', jsonSchema(builtIn)] as const, ...keys]) collect(key, path)
  expect([...required].toSorted()).toEqual([
    '.admin port',
    '.admin unix',
    '.defaults.route.limits.bytes rate',
    '.defaults.route.limits.messages rate',
    '.defaults.upstream.balancer.hash by',
    '.defaults.upstream.failover mode',
    '.defaults.upstream.health.path path',
    '.defaults.upstream.sticky.cookie name',
    '.listeners port',
    '.listeners unix',
    '.listeners[].tls cert',
    '.listeners[].tls key',
    '.listeners[].tls.client ca',
    '.listeners[].tls[].client ca',
    '.routes[].limits.bytes rate',
    '.routes[].limits.messages rate',
    '.routes[].redirect to',
    '.upstreams discover',
    '.upstreams endpoints',
    '.upstreams url',
    '.upstreams[].balancer.hash by',
    '.upstreams[].endpoints url',
    '.upstreams[].failover mode',
    '.upstreams[].health.path path',
    '.upstreams[].sticky.cookie name',
    'listeners',
    'routes',
  ])
})
