/**
 * What an upstream says of its endpoints beyond where they are: weights, queue, stickiness, health,
 * ejection, retries. What it is when nothing is said is in schema.test.ts.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withUpstream } from '../checking.ts'

const withKeys = (keys: string) => withUpstream(`{ endpoints: [ws://a], ${keys} }`)
const upstreamOf = (keys: string) => configOf(withKeys(keys)).upstreams[0]

/** Without their places, which other tests hold. */
const problems = (text: string) =>
  told(text).map((each) => each.replace(/^\S+ upstreams\.chat\.?/, ''))

describe('of an upstream is taken', () => {
  test.each([
    ['slow-start: off', { slowStartMs: undefined }],
    ['slow-start: 10s', { slowStartMs: 10_000 }],
    ['queue: off', { queue: undefined }],
    ['queue: {}', { queue: { sessions: 100, waitMs: 2_000 } }],
    ['eject: off', { eject: undefined }],
    ['eject: { for: 5s }', { eject: { failures: 5, withinMs: 10_000, forMs: 5_000, atMost: 0.5 } }],
    ['retry: { dials: 0 }', { retry: { dials: 0, budget: 0.2, statuses: [502, 503, 504] } }],
    ['retry: { statuses: [429, 503, 503] }', { retry: { statuses: [429, 503] } }],
    ['retry: { statuses: [] }', { retry: { statuses: [] } }],
    ['sticky: off', { sticky: undefined }],
    [
      'sticky: { cookie: at }',
      { sticky: { kind: 'cookie', name: 'at', path: '/', maxAgeMs: undefined, sameSite: 'Lax' } },
    ],
    [
      'sticky: { cookie: { name: at, same-site: strict } }',
      {
        sticky: { kind: 'cookie', name: 'at', path: '/', maxAgeMs: undefined, sameSite: 'Strict' },
      },
    ],
    [
      'sticky: { cookie: { name: __Host-at, max-age: 1d } }',
      { sticky: { kind: 'cookie', name: '__Host-at', path: '/' } },
    ],
    ['sticky: { cookie: __Host-at }', { sticky: { kind: 'cookie', name: '__Host-at' } }],
    [
      'sticky: { cookie: { name: __Secure-at, path: /chat } }',
      { sticky: { kind: 'cookie', name: '__Secure-at', path: '/chat' } },
    ],
    ['sticky: { by: engine.io }', { sticky: { kind: 'engine.io' } }],
    [
      'sticky: { by: $request.cookie.user }',
      { sticky: { kind: 'expression', by: { source: '$request.cookie.user' } } },
    ],
    ['health: off', { health: undefined }],
    [
      'health: { path: /healthz?full }',
      {
        health: {
          check: { type: 'path', options: { path: '/healthz?full' } },
          intervalMs: 5_000,
          timeoutMs: 2_000,
          healthy: 2,
          unhealthy: 3,
        },
      },
    ],
    ['health: { tcp: true }', { health: { check: { type: 'tcp' } } }],
    ['health: { websocket: {} }', { health: { check: { type: 'websocket' } } }],
  ])('%s', (keys, expected) => {
    expect(upstreamOf(keys)).toMatchObject(expected)
  })
})

describe('of an upstream is refused', () => {
  test.each([
    ['slow-start: 2h', 'slow-start: must be from 10ms to 1h, not 2h'],
    ['queue: 100', 'queue: must be off or a mapping such as { sessions: 100, wait: 2s }, not 100'],
    ['queue: false', 'queue: must be off or a mapping, not false; did you mean "off"?'],
    ['queue: { sessions: 0 }', 'queue.sessions: must be a whole number from 1 to 100000, not 0'],
    ['queue: { wait: off }', 'queue.wait: cannot be off; it must be from 10ms to 10m'],
    ['eject: no', 'eject: must be off or a mapping such as { failures: 5, for: 30s }, not "no"'],
    ['eject: { at-most: 101% }', 'eject.at-most: must be from 0% to 100%, not 101%'],
    [
      'retry: off',
      'retry: must be a mapping such as { dials: 2 }, where { dials: 0 } turns it off, not "off"',
    ],
    ['retry: { dials: 11 }', 'retry.dials: must be a whole number from 0 to 10, not 11'],
    [
      'retry: { statuses: 503 }',
      'retry.statuses: must be a list of statuses such as [502, 503, 504], not 503',
    ],
    ...['404', '428', '430', '499', '600', '"5xx"'].map((status): [string, string] => [
      `retry: { statuses: [${status}] }`,
      `retry.statuses[0]: must be a status from 500 to 599, or 429, not ${status}`,
    ]),
    [
      'sticky: engine.io',
      'sticky: must be off or a mapping: { cookie: NAME }, { by: engine.io } or { by: EXPRESSION }, not "engine.io"',
    ],
    [
      'balancer: { hash: { by: $request.host, bound: 1.25 } }',
      'balancer.hash.bound: must be a percentage such as 101%, not 1.25; did you mean "125%"?',
    ],
    ['sticky: {}', 'sticky: needs one of cookie, by'],
    [
      'sticky: { cookie: at, by: engine.io }',
      'sticky.by: is given beside cookie; choose one of them',
    ],
    [
      'sticky: { by: engineio }',
      'sticky.by: must be engine.io or an expression such as $request.cookie.user, not "engineio", which is the same for every request; did you mean "engine.io"?',
    ],
    [
      'sticky: { cookie: "a;b" }',
      'sticky.cookie: must be the name of a cookie: letters, digits, "-" and "_", not "a;b"',
    ],
    ['sticky: { cookie: 5 }', 'sticky.cookie: must be the name of a cookie or a mapping, not 5'],
    ['sticky: { cookie: { path: /a } }', 'sticky.cookie.name: is missing'],
    [
      'sticky: { cookie: { name: at, path: "/a;b" } }',
      'sticky.cookie.path: must be a path such as /chat, not "/a;b"',
    ],
    ...['__Host-at', '__host-at'].map((name): [string, string] => [
      `sticky: { cookie: { name: ${name}, path: /chat } }`,
      'sticky.cookie.path: must be / where the name begins with __Host-, not "/chat"; or begin the name with __Secure-',
    ]),
    [
      'sticky: { cookie: { name: at, max-age: 401d } }',
      'sticky.cookie.max-age: must be from 1s to 400d, not 401d',
    ],
    [
      'sticky: { cookie: { name: at, same-site: any } }',
      'sticky.cookie.same-site: must be one of lax, strict, none, not "any"',
    ],
    ['health: {}', 'health: needs one of path, tcp, websocket'],
    ['health: { interval: 5s }', 'health: needs one of path, tcp, websocket'],
    ['health: { path: /a, tcp: true }', 'health.tcp: is given beside path; choose one of them'],
    ['health: { pth: /a }', 'health.pth: unknown key; did you mean "path"?'],
    ['health: { path: healthz }', 'health.path: must be a path such as /healthz, not "healthz"'],
    ['health: tcp', 'health: must be off or a mapping such as { path: /healthz }, not "tcp"'],
    [
      'health: { tcp: true, interval: 10ms }',
      'health.interval: must be from 100ms to 1h, not 10ms',
    ],
    [
      'health: { tcp: true, unhealthy: 0 }',
      'health.unhealthy: must be a whole number from 1 to 100, not 0',
    ],
  ])('%s', (keys, sentence) => {
    expect(problems(withKeys(keys))).toEqual([sentence])
  })

  test('a WebSocket as health check where endpoints speak http alone, from defaults too', () => {
    const sentence =
      'health.websocket: asks for a WebSocket, and the endpoints of this upstream speak http alone; ask for a path: { path: /healthz }'
    expect(problems(withUpstream('{ endpoints: [http://a], health: { websocket: / } }'))).toEqual([
      sentence,
    ])
    const shared = 'defaults: { upstream: { health: { websocket: / } } }\nlisteners: [1]\n'
    expect(problems(`${shared}routes: [{ respond: {} }]\nupstreams: { chat: http://a }\n`)).toEqual(
      [sentence],
    )
    expect(told(`${shared}routes: [{ upstream: http://a }]\n`)).toEqual([
      `3:12+8 routes[0].upstream.${sentence}`,
    ])
    expect(told(`${shared}routes: [{ upstream: ws://a }]\n`)).toEqual([])
  })
})

describe('an endpoint', () => {
  const endpointOf = (text: string) =>
    configOf(withUpstream(`[ws://first, ${text}]`)).upstreams[0]?.endpoints[1]

  test.each([
    ['{ url: ws://a }', { weight: 1, isBackup: false, sessions: undefined }],
    ['{ url: ws://a, weight: 0 }', { weight: 0 }],
    ['{ url: ws://a, weight: 1000, backup: true }', { weight: 1_000, isBackup: true }],
    ['{ url: ws://a, sessions: 2000 }', { sessions: 2_000 }],
    ['{ url: ws://a, sessions: off }', { sessions: undefined }],
    ['{ url: "ws+unix:/run/a.sock", weight: 3 }', { unix: '/run/a.sock', weight: 3 }],
  ])('%s', (text, expected) => {
    expect(endpointOf(text)).toMatchObject(expected)
  })

  test.each([
    ['weight: -1', 'weight: must be a whole number from 0 to 1000, not -1'],
    ['weight: 1001', 'weight: must be a whole number from 0 to 1000, not 1001'],
    ['backup: yes', 'backup: must be true or false, not "yes"; write true'],
    ['sessions: 0', 'sessions: must be a whole number from 1 to 1000000, or off, not 0'],
  ])('is refused with %s', (keys, sentence) => {
    expect(problems(withUpstream(`{ endpoints: [{ url: ws://a, ${keys} }] }`))).toEqual([
      `endpoints[0].${sentence}`,
    ])
  })

  test.each(['[{ url: ws://a, weight: 0 }]', '{ endpoints: [{ url: ws://a, weight: 0 }] }'])(
    'must have a weight where all are listed: %s',
    (upstream) => {
      expect(problems(withUpstream(upstream))).toEqual([': no endpoint has a weight above 0'])
    },
  )

  test('needs no weight where others are found', () => {
    const text = '{ endpoints: [{ url: ws://a, weight: 0 }], discover: { srv: chat.internal } }'
    expect(problems(withUpstream(text))).toEqual([])
  })
})

describe('what an upstream goes by', () => {
  const file = (keys: string, ...paths: readonly string[]) =>
    `upstreams: { chat: { endpoints: [ws://a], ${keys} } }\nlisteners: [1]\nroutes: [${paths
      .map((path) => `{ path: "${path}", upstream: { chat: 1 } }`)
      .join(', ')}, { path: /:room, respond: {} }]\n`

  test.each([
    ['balancer: { hash: $request.path.room }', 'balancer.hash'],
    ['sticky: { by: $request.path.room }', 'sticky.by'],
  ])('is in the path of a route that leads there: %s', (keys, place) => {
    expect(problems(file(keys, '/chat/*', '/chat/:id'))).toEqual([
      `${place}: uses request.path.room, and no route that leads here has :room in its path`,
    ])
    expect(problems(file(keys, '/chat/*', '/chat/:room'))).toEqual([])
  })

  test('may be the rest of a path', () => {
    const keys = 'sticky: { by: "{request.path.*}" }'
    expect(problems(file(keys, '/chat/*'))).toEqual([])
    expect(problems(file(keys, '/chat'))).toEqual([
      'sticky.by: uses request.path.*, and no route that leads here has "*" at the end of its path',
    ])
  })
})

describe('the secret', () => {
  const withSecret = (secret: string) =>
    `secret: ${secret}\nlisteners: [1]\nroutes: [{ respond: {} }]\n`

  test('may be any text of some length', () => {
    expect(configOf(withSecret('correct horse battery')).secret).toBe('correct horse battery')
  })

  test.each([
    [
      'short',
      '1:9+5 secret: must have 16 to 1024 characters, not 5; openssl rand -hex 32 makes one',
    ],
    ['1234567890123456', '1:9+16 secret: must be text, not a number; put it in quotes'],
    ['[a]', '1:9+3 secret: must be text, not a list'],
  ])('is refused as %s, and not repeated', (secret, sentence) => {
    expect(told(withSecret(secret))).toEqual([sentence])
  })
})
