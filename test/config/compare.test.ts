/**
 * What differs between two files, as it is told: each case is a file before, one after, and the whole of what
 * is said.
 */
import { describe, expect, test } from 'bun:test'
import { compareConfigs } from '../../src/config/compare.ts'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { builtIn } from '../../src/registry.ts'
import {
  configOf,
  withListener,
  withRoute,
  withRoutes,
  withUpstream,
  type World,
} from './checking.ts'

/** `route chat: limits.messages 50/s → 80/s`, a line for each change. */
function changes(before: string, after: string, was: World = {}, is: World = was): string[] {
  return compareConfigs(configOf(before, was), configOf(after, is)).map(
    ({ part, name, kind, words }) =>
      `${name === '' ? part : `${part} ${name}`}: ${kind === 'changed' ? words : kind}`,
  )
}

const base = 'listeners: [8080]\nroutes: [{ upstream: ws://a }]\n'

describe('of a route is told', () => {
  test.each([
    ['limits: { messages: 50/s }', 'limits: { messages: 80/s }', 'limits.messages 50/s → 80/s'],
    ['timeout: { idle: 1h }', 'limits: {}', 'timeout.idle 1h → off'],
    ['limits: {}', 'timeout: { idle: 1h, age: 1d }', 'timeout.idle off → 1h, timeout.age off → 1d'],
    [
      'limits: { messages: 50/s }',
      'limits: { messages: { rate: 50/s, over: close } }',
      'limits.messages 50/s → { rate: 50/s, over: close }',
    ],
    [
      'limits: { messages: { rate: 50/s, over: close } }',
      'limits: { messages: { rate: 50/s, burst: 100 } }',
      'limits.messages.burst none → 100, limits.messages.over close → delay',
    ],
    [
      'origins: ["https://a.com", "https://b.com"]',
      'origins: ["https://c.com", "https://a.com"]',
      'origins +https://c.com, −https://b.com',
    ],
    ['limits: {}', 'origins: ["https://a.com"]', 'origins own → [https://a.com]'],
    ['host: a.com', 'host: [b.com, a.com]', 'host +b.com'],
    ['host: a.com', 'host: b.com', 'host +b.com, −a.com'],
    ['host: [a.com, b.com]', 'host: [b.com, a.com]', 'host in another order'],
    ['host: [a.com, a.com]', 'host: [a.com]', 'host −a.com'],
    ['framed: true', 'limits: {}', 'framed true → none'],
    ['compression: gateway', 'compression: { level: 3 }', 'compression gateway → { level: 3 }'],
    ['heartbeat: { client: off }', 'heartbeat: {}', 'heartbeat.client off → none'],
    [
      'match: { subprotocol: mqtt, query: { v: true } }',
      'match: { subprotocol: [mqtt, wamp] }',
      'match.subprotocol +wamp, match.query.v removed',
    ],
    [
      'forward: { path: "/x{request.path}" }',
      'forward: { path: "/y, z" , host: endpoint }',
      'forward.path /x{request.path} → "/y, z", forward.host client → endpoint',
    ],
  ])('between %s and %s', (before, after, words) => {
    const route = 'path: /a, name: chat'
    const file = (keys: string) => withRoute(`${route}, ${keys}`).replace('"/y, z"', '"/y,%20z"')
    const told = words.replace('"/y, z"', '"/y,%20z"')
    expect(changes(file(before), file(after))).toEqual([`route chat: ${told}`])
  })

  test('whither it goes', () => {
    const to = (upstream: string) =>
      `listeners: [1]\nupstreams: { a: ws://a, b: ws://b }\nroutes: [{ upstream: ${upstream} }]\n`
    expect(changes(to('a'), to('{ a: 95, b: 5 }'))).toEqual([
      'route /*: upstream a → { a: 95, b: 5 }',
    ])
    expect(changes(to('{ a: 95, b: 5 }'), to('{ a: 90, b: 10 }'))).toEqual([
      'route /*: upstream.a 95 → 90, upstream.b 5 → 10',
    ])
    expect(changes(to('a'), to('ws://c'))).toEqual([
      'upstream ws://c: added',
      'route /*: upstream a → ws://c',
    ])
  })

  test('what it answers by itself', () => {
    const answer = (route: string) => withRoutes(`{ name: a, path: /a, ${route} }`)
    expect(
      changes(answer('respond: { body: x }'), answer('respond: { body: { y: [1] } }')),
    ).toEqual(['route a: respond.body x → { y: [1] }'])
    expect(changes(answer('respond: { body: x }'), answer('redirect: /b'))).toEqual([
      'route a: redirect none → /b, respond { body: x } → none',
    ])
  })
})

describe('of an upstream is told', () => {
  test.each([
    [
      '["ws://a:9000", "ws://b:9000"]',
      '["ws://c:9000", { url: "ws://b:9000", weight: 3, backup: true }]',
      'endpoints +ws://c:9000, −ws://a:9000, ws://b:9000 weight 1 → 3, backup false → true',
    ],
    ['ws://a', '["ws://a", "ws://b"]', 'endpoints +ws://b'],
    ['ws://a', '["ws://a", { url: "ws://b", weight: 2 }]', 'endpoints +{ url: ws://b, weight: 2 }'],
    ['["ws://a", "ws://b"]', '["ws://b", "ws://a"]', 'endpoints in another order'],
    [
      'ws://a',
      '{ endpoints: ["ws://a"], balancer: { hash: $request.host } }',
      'balancer round-robin → { hash: $request.host }',
    ],
    [
      '{ endpoints: ["ws://a"], balancer: { hash: $request.host } }',
      '{ endpoints: ["ws://a"], balancer: { hash: { by: $request.path } } }',
      'balancer.hash $request.host → { by: $request.path }',
    ],
    [
      '{ endpoints: ["ws://a"], health: { path: /a, interval: 1s } }',
      '{ endpoints: ["ws://a"], health: { websocket: /a, interval: 1000ms } }',
      'health.websocket none → /a, health.path /a → none',
    ],
    [
      '{ endpoints: ["ws://a"], eject: { failures: 3 } }',
      '{ endpoints: ["ws://a"], eject: off }',
      'eject { failures: 3 } → off',
    ],
    [
      '{ endpoints: ["ws://a"], failover: transparent }',
      '{ endpoints: ["ws://a"], failover: { mode: transparent, on: [lost] } }',
      'failover transparent → { mode: transparent, on: [lost] }',
    ],
    [
      '{ endpoints: ["ws://a"], sticky: { cookie: a } }',
      '{ endpoints: ["ws://a"], sticky: { cookie: { name: a, path: /b } } }',
      'sticky.cookie a → { name: a, path: /b }',
    ],
    [
      '{ discover: { dns: a.internal, port: 1 } }',
      '{ discover: { dns: a.internal, port: 2 }, queue: { wait: 1s } }',
      'discover.port 1 → 2, queue off → { wait: 1s }',
    ],
  ])('between %s and %s', (before, after, words) => {
    expect(changes(withUpstream(before), withUpstream(after))).toEqual([`upstream chat: ${words}`])
  })

  test('what a route gives by URL has from defaults', () => {
    const after = `${base}defaults: { upstream: { timeout: { connect: 1s } } }\n`
    expect(changes(base, after)).toEqual(['upstream ws://a: timeout.connect 5s → 1s'])
  })

  const brought = (create: () => unknown) => ({
    balancers: [{ type: 'mine', doc: 'Mine.', options: {}, create }],
  })
  const world: World = {
    file: '/s.yaml',
    plugins: {
      '/a.ts': brought(() => ({ update() {}, choose: () => undefined })),
      '/b.ts': brought(() => ({ update() {}, choose: () => undefined })),
    },
  }
  const plugged = (file: string) =>
    `plugins: [${file}]\n${withUpstream('{ endpoints: ["ws://a"], balancer: mine }')}`

  test('a balancer that another plugin brings by the same name', () => {
    expect(changes(plugged('./a.ts'), plugged('./b.ts'), world)).toEqual([
      'upstream chat: balancer mine of another plugin',
      'plugins: +./b.ts, −./a.ts',
    ])
  })

  test('nothing of a plugin that is loaded again', () => {
    expect(changes(plugged('./a.ts'), plugged('./a.ts'), world)).toEqual([])
  })
})

test('of a listener is told what it has, wherever it has it from', () => {
  expect(
    changes(withListener('limits: { head: 16KB }'), withListener('limits: { head: 32KB }')),
  ).toEqual(['listener 1: limits.head 16KB → 32KB'])
  expect(changes(base, `${base}defaults: { listener: { timeout: { idle: 5s } } }`)).toEqual([
    'listener 8080: timeout.idle 75s → 5s',
  ])
  expect(
    changes(base, base.replace('8080', '{ name: "8080", address: "::1", port: 8080 }')),
  ).toEqual(['listener 8080: address :: → ::1'])
})

test('what is renamed has gone and come', () => {
  expect(changes(base, base.replace('8080', '{ name: a, port: 8080 }'))).toEqual([
    'listener a: added',
    'listener 8080: removed',
  ])
  expect(changes(base, base.replace('upstream', 'path: /a, upstream'))).toEqual([
    'route /a: added',
    'route /*: removed',
  ])
})

test('a change of defaults is told at each route that it reaches, and nowhere else', () => {
  const file = (messages: string) =>
    `${withRoutes(
      '{ path: /a, upstream: chat }',
      '{ path: /b, upstream: chat, limits: { messages: 1/s } }',
      '{ path: /c, respond: {} }',
    )}defaults: { route: { limits: { messages: ${messages} } } }\n`
  expect(changes(file('50/s'), file('80/s'))).toEqual([
    'route /a: limits.messages 50/s → 80/s',
    'route /c: limits.messages 50/s → 80/s',
  ])
})

describe('of what there is once is told', () => {
  test.each([
    ['workers: 1', 'workers: 3', 'workers: 1 → 3'],
    ['', 'leave: { window: 1m }', 'leave: window 10s → 1m'],
    ['log: { level: debug }', '', 'log: level debug → info'],
    ['', 'limits: { compression-memory: 1GB }', 'limits: compression-memory 64MB → 1GB'],
    ['', 'admin: 9090', 'admin: added'],
    ['admin: 9090', '', 'admin: removed'],
    ['admin: 9090', 'admin: { port: 9091 }', 'admin: port 9090 → 9091'],
    ['', 'secret: 0123456789abcdef', 'secret: added'],
    ['secret: 0123456789abcdef', 'secret: fedcba9876543210', 'secret: changed'],
  ])('between %p and %p', (before, after, told) => {
    expect(changes(`${base}${before}\n`, `${base}${after}\n`)).toEqual([told])
  })

  test('every key of a file that is not there several times', () => {
    const keys = Object.keys(
      configOf(`${base}
secret: 0123456789abcdef
plugins: []
limits: {}
leave: {}
workers: 1
admin: 9090
log: {}
`).written.parts,
    )
    const known = Object.keys(jsonSchema(builtIn).properties ?? {})
    const several = ['listeners', 'upstreams', 'routes', 'defaults']
    expect(keys.toSorted()).toEqual(known.filter((key) => !several.includes(key)).toSorted())
  })
})

describe('nothing is told where another spelling says the same:', () => {
  test.each([
    ['limits: { message: 64KB }', 'limits: { message: 65536B }'],
    ['limits: { messages: 50/s }', 'limits: { messages: { rate: 50/s, burst: 50 } }'],
    ['timeout: { idle: 60s, age: 1d }', 'timeout: { age: 24h, idle: 1m }'],
    ['timeout: { idle: off }', 'limits: {}'],
    ['limits: { sessions: 10 }', 'limits: { sessions: "10" }'],
    ['host: A.com', 'host: [a.com]'],
    ['origins: own', 'timeout: {}'],
    ['match: { header: { X-A: 1 } }', 'match: { header: { x-a: ["1"] } }'],
    ['answer: { headers: { remove: server } }', 'answer: { headers: { remove: [Server] } }'],
    ['compression: gateway', 'compression: {}'],
    ['name: a', 'name: "a"'],
  ])('of a route %s and %s', (before, after) => {
    const file = (keys: string) => withRoute(keys.startsWith('name') ? keys : `name: a, ${keys}`)
    expect(changes(file(before), file(after))).toEqual([])
  })

  test.each([
    ['ws://A:80/', '["ws://a"]'],
    ['["ws://a"]', '{ endpoints: [{ url: "ws://a", weight: 1 }], balancer: round-robin }'],
    [
      '{ endpoints: ["ws://a"], failover: close }',
      '{ endpoints: ["ws://a"], failover: { mode: close } }',
    ],
    [
      '{ endpoints: ["ws://a"], balancer: { hash: $request.host } }',
      '{ endpoints: ["ws://a"], balancer: { hash: { by: $request.host } } }',
    ],
    [
      '{ endpoints: ["ws://a"], keep-alive: { idle: 4s }, queue: off }',
      '{ endpoints: ["ws://a"], health: off, eject: { at-most: 50% } }',
    ],
  ])('of an upstream %s and %s', (before, after) => {
    expect(changes(withUpstream(before), withUpstream(after))).toEqual([])
  })

  test.each([
    ['8080', '{ port: 8080 }'],
    ['"127.0.0.1:8080"', '{ name: "8080", address: 127.0.0.1, port: "8080", limits: {} }'],
    ['unix:/run/a.sock', '{ unix: /run/a.sock }'],
  ])('of a listener %s and %s', (before, after) => {
    const file = (listener: string) => base.replace('8080', listener)
    expect(changes(file(before), file(after))).toEqual([])
  })

  test('of what is said here or in defaults', () => {
    const here = withRoute('limits: { messages: 50/s }, timeout: { age: 1d }')
    const there = `${withRoute('timeout: { age: 1d }')}defaults: { route: { limits: { messages: 50/s } } }`
    expect(changes(here, there)).toEqual([])
  })
})

test('the keys that differ are named as the file has them', () => {
  const before = withUpstream('["ws://a", "ws://b"]')
  const after = withUpstream('{ endpoints: ["ws://c"], slow-start: 1s, keep-alive: { idle: 1s } }')
  const [change] = compareConfigs(configOf(before), configOf(after))
  expect(change?.keys).toEqual(new Set(['endpoints', 'slow-start', 'keep-alive']))
  const [other] = compareConfigs(configOf(base), configOf(`${base}workers: 2\n`))
  expect(other).toEqual({
    part: 'workers',
    name: '',
    kind: 'changed',
    keys: new Set(),
    words: '1 → 2',
  })
})

test('listeners come first, then upstreams, routes and the rest, in the order of the file', () => {
  const file = `leave: { window: 1s }
routes: [{ path: /b, upstream: b }, { path: /a, upstream: a }]
admin: 9090
upstreams: { b: ws://b, a: ws://a }
listeners: [2, 1]
`
  const other = `listeners: [3]\nroutes: [{ path: /c, upstream: ws://c }]\n`
  expect(changes(other, file)).toEqual([
    'listener 2: added',
    'listener 1: added',
    'listener 3: removed',
    'upstream b: added',
    'upstream a: added',
    'upstream ws://c: removed',
    'route /b: added',
    'route /a: added',
    'route /c: removed',
    'leave: window 10s → 1s',
    'admin: added',
  ])
})

describe('what is told is short:', () => {
  test('of many differences the first twenty, and how many more there are', () => {
    const urls = (from: number) =>
      `[${Array.from({ length: 30 }, (_, index) => `"ws://h${from + index}"`).join(', ')}]`
    const [change] = compareConfigs(
      configOf(withUpstream(urls(0))),
      configOf(withUpstream(urls(30))),
    )
    expect(change?.words).toStartWith('endpoints +ws://h30, +ws://h31, ')
    expect(change?.words).toEndWith('+ws://h49 and 40 more')
  })

  test('a long value is cut, and no character of it is an order to a terminal', () => {
    const file = (body: string) =>
      withRoutes(`{ name: a, respond: { body: ${JSON.stringify(body)} } }`)
    expect(changes(file('x'), file('y'.repeat(1_000)))).toEqual([
      `route a: respond.body x → ${'y'.repeat(80)}…`,
    ])
    expect(changes(file('x'), file('\u001b[2J\u009b\u202e\n'))).toEqual([
      'route a: respond.body x → "\\u001b[2J\\u009b\\u202e\\n"',
    ])
    const long = 'y'.repeat(100)
    expect(changes(file(`${long}1`), file(`${long}2`))).toEqual(['route a: respond.body changed'])
  })
})
