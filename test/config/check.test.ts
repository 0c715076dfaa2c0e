/**
 * What is checked between the parts of a file: names, destinations and ties; and all of it at once.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withRoutes } from './checking.ts'

describe('the upstream of a route', () => {
  test('may be a URL, which becomes an upstream of that name, once', () => {
    const text = withRoutes(
      '{ path: /a, upstream: "http://b:1/" }',
      '{ path: /b, upstream: "http://b:1/" }',
    )
    const { upstreams, routes } = configOf(text)
    expect(upstreams.map((each) => each.name)).toEqual(['chat', 'http://b:1/'])
    expect(upstreams[1]?.endpoints[0]?.url).toBe('http://b:1')
    expect(routes.map((each) => each.upstreams)).toEqual([
      [{ name: 'http://b:1/', weight: 1 }],
      [{ name: 'http://b:1/', weight: 1 }],
    ])
  })

  test.each([
    ['chatt', 'unknown upstream "chatt"; did you mean "chat"?'],
    ['orders', 'unknown upstream "orders"; the upstreams are chat'],
    ['constructor', 'unknown upstream "constructor"; the upstreams are chat'],
    ['localhost:9000', 'unknown upstream "localhost:9000"; did you mean "ws://localhost:9000"?'],
    [
      '[chat]',
      'must be the name of an upstream, a URL, or a mapping of these to weights, not a list',
    ],
  ])('cannot be %s', (upstream, sentence) => {
    expect(told(withRoutes(`{ upstream: ${upstream} }`))).toEqual([
      `2:17+${upstream.length} routes[0].upstream: ${sentence}`,
    ])
  })

  test('is told unknown where there are no upstreams', () => {
    expect(told('routes: [{ upstream: chat }]\nlisteners: [1]\n')).toEqual([
      '1:22+4 routes[0].upstream: unknown upstream "chat"; there are no upstreams',
    ])
  })

  test('is not blamed for a fault of the upstream that it names', () => {
    const text = 'routes: [{ upstream: chat }]\nlisteners: [1]\nupstreams: { chat: [] }\n'
    expect(told(text)).toEqual(['3:20+2 upstreams.chat: needs at least one endpoint'])
  })
})

describe('a route', () => {
  test('leads somewhere', () => {
    expect(told(withRoutes('{ path: /a }'))).toEqual([
      '2:5+12 routes[0]: the route leads nowhere; give it upstream, respond or redirect',
    ])
  })

  test('of several lines is marked on its first', () => {
    expect(told(withRoutes('path: /a   \n    name: b'))).toEqual([
      '2:5+8 routes[0]: the route leads nowhere; give it upstream, respond or redirect',
    ])
  })

  test('leads to one place only', () => {
    expect(told(withRoutes('{ upstream: chat, respond: {} }'))).toEqual([
      '2:23+7 routes[0].respond: a route has upstream or respond, not both',
    ])
  })

  test('is told to lead nowhere even if another key of it is wrong', () => {
    expect(
      told(withRoutes('{ path: a }')).map((each) => each.split(': ')[1]?.slice(0, 22)),
    ).toEqual(['the route leads nowher', 'must start with "/", n'])
  })

  test('is a mapping', () => {
    expect(told(withRoutes('/chat'))).toEqual(['2:5+5 routes[0]: must be a mapping, not "/chat"'])
  })

  test('is called by its host and path, made unique, unless it has a name', () => {
    const text = withRoutes(
      '{ upstream: chat, host: [a.com, b.com], path: /x }',
      '{ upstream: chat, path: /x, listeners: ["8080"] }',
      '{ upstream: chat, path: /x, listeners: [8081] }',
      '{ upstream: chat, name: mine }',
    )
    expect(configOf(text).routes.map((each) => each.name)).toEqual([
      'a.com,b.com/x',
      '/x',
      '/x-2',
      'mine',
    ])
  })

  test('cannot have the name of another', () => {
    const text = withRoutes('{ upstream: chat, name: a }', '{ respond: {}, path: /b, name: a }')
    expect(told(text)).toEqual([
      '3:36+1 routes[1].name: "a" is already the name of routes[0] (line 2)',
    ])
  })

  test('is needed', () => {
    expect(told('listeners: [1]\n')).toEqual([
      '1:1+1 routes: is missing; it must be a list of mappings',
    ])
    expect(told('listeners: [1]\nroutes: []\n')).toEqual(['2:9+2 routes: needs at least one route'])
  })
})

describe('the listeners of a route', () => {
  test('may be named by their ports', () => {
    expect(
      configOf(withRoutes('{ upstream: chat, listeners: [8080, "8081"] }')).routes[0]?.listeners,
    ).toEqual(['8080', '8081'])
  })

  test('must exist', () => {
    expect(told(withRoutes('{ upstream: chat, listeners: [8080, 8082] }'))).toEqual([
      '2:41+4 routes[0].listeners[1]: unknown listener "8082"; did you mean "8080"?',
    ])
    expect(told(withRoutes('{ upstream: chat, listeners: [internal] }'))).toEqual([
      '2:35+8 routes[0].listeners[0]: unknown listener "internal"; the listeners are 8080, 8081',
    ])
  })

  test('are a list', () => {
    expect(told(withRoutes('{ upstream: chat, listeners: 8080 }'))).toEqual([
      '2:34+4 routes[0].listeners: must be a list of listener names, not 8080',
    ])
  })

  test('are not unknown for a fault of their own', () => {
    const listeners = 'listeners: [{ name: public, port: 99999 }]\n'
    const text = `${listeners}routes: [{ respond: {}, listeners: [public] }]\n`
    expect(told(text)).toHaveLength(1)
    expect(told(text)[0]).toContain('listeners[0].port')
    expect(told(text.replace('name: public, ', ''))).toHaveLength(1)
  })

  test('are still checked while another one has a fault', () => {
    const text =
      'listeners: [{ name: public, port: 99999 }]\nroutes: [{ respond: {}, listeners: [publik] }]\n'
    expect(told(text)[1]).toBe(
      '2:37+6 routes[0].listeners[0]: unknown listener "publik"; did you mean "public"?',
    )
  })
})

describe('two routes tie', () => {
  const tie = (first: string, second: string) =>
    told(withRoutes(`{ upstream: chat, ${first} }`, `{ upstream: chat, ${second} }`))

  test.each([
    ['path: /a', 'path: /a', 'one path'],
    ['path: "/a/:x"', 'path: "/a/:y"', 'parameters of different names'],
    ['path: "/*"', 'limits: {}', 'a given path and the default one'],
    ['host: [a.com, b.com]', 'host: [B.com, c.com]', 'one host in common'],
    ['listeners: [8080, 8081]', 'listeners: [8081]', 'one listener in common'],
  ])('with %s and %s: %s', (first, second) => {
    expect(tie(first, second)).toEqual([
      `3:5+${second.length + 20} routes[1]: matches the same listener, host and path as routes[0] (line 2)`,
    ])
  })

  test.each([
    ['path: /a', 'path: /b'],
    ['path: /a', 'path: /A'],
    ['path: /a', 'path: "/:x"'],
    ['path: /a', 'path: "/a/*"'],
    ['path: "/a/:x"', 'path: "/:x/a"'],
    ['host: a.com', 'host: b.com'],
    ['host: a.com', 'host: []'],
    ['host: a.com', 'host: "*.com"'],
    ['listeners: [8080]', 'listeners: [8081]'],
    ['listeners: [8080]', 'listeners: []'],
  ])('not with %s and %s', (first, second) => {
    expect(tie(first, second)).toEqual([])
  })
})

describe('two routes with further conditions tie', () => {
  const tie = (first: string, second: string) =>
    told(withRoutes(`{ upstream: chat, ${first} }`, `{ upstream: chat, ${second} }`))

  test.each([
    ['match: { header: { x-a: 1 } }', 'match: { header: { x-b: 1 } }'],
    ['match: { header: { x-a: 1 } }', 'match: { header: { X-A: [1, 2] } }'],
    ['match: { header: { x-a: true } }', 'match: { header: { x-a: 1 } }'],
    ['match: { header: { x-a: 1 } }', 'match: { query: { v: 1 } }'],
    ['match: { header: { x-a: 1 } }', 'match: { subprotocol: mqtt }'],
    ['match: { header: { x-a: 1 } }', 'listeners: [8080]'],
    ['match: { subprotocol: [a, b] }', 'match: { subprotocol: [b, c] }'],
    ['match: { query: { v: 1 } }', 'match: { query: { V: 1 } }'],
  ])('with %s and %s', (first, second) => {
    expect(tie(first, second)).toEqual([
      expect.stringContaining(
        'routes[1]: matches the same host and path, and has as many conditions, as',
      ),
    ])
  })

  test.each([
    ['match: { header: { x-a: 1 } }', 'match: { header: { x-a: 2 } }'],
    ['match: { query: { v: [1, 2] } }', 'match: { query: { v: 3 } }'],
    ['match: { subprotocol: a }', 'match: { subprotocol: b }'],
    ['match: { header: { x-a: 1 } }', 'limits: {}'],
    ['match: { header: { x-a: 1 } }', 'match: { header: { x-a: 1 }, query: { v: 1 } }'],
    [
      'match: { header: { x-a: 1 } }, listeners: [8080]',
      'match: { header: { x-a: 1 } }, listeners: [8081]',
    ],
    ['match: { header: { x-a: 1 } }, path: /a', 'match: { header: { x-a: 1 } }, path: /b'],
  ])('not with %s and %s', (first, second) => {
    expect(tie(first, second)).toEqual([])
  })
})

test('all problems of a file are told at once, in the order of the file', () => {
  const text = `listeners:
  - { port: 99999 }
  - { port: 80, colour: red }
routes:
  - upstream: chatt
    path: chat
    timeout: { idle: 10 }
  - { respond: {}, path: /x, name: n }
  - { respond: {}, path: /x, name: n, listeners: [nine] }
upstreams:
  chat: wss://
log: { level: loud }
backplane: memory
`
  expect(told(text).map((each) => each.split(': ')[0])).toEqual([
    '2:13+5 listeners[0].port',
    '3:17+6 listeners[1].colour',
    '5:15+5 routes[0].upstream',
    '6:11+4 routes[0].path',
    '7:22+2 routes[0].timeout.idle',
    '9:36+1 routes[2].name',
    '11:9+6 upstreams.chat',
    '12:15+4 log.level',
    '13:1+9 backplane',
  ])
})
