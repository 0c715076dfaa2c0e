/**
 * What a route does with requests and answers: conditions, splits, rewriting, redirects and rates.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told } from '../checking.ts'

const rest = 'listeners: [1]\nupstreams: { chat: "ws://a", next: "wss://b", pages: "http://c" }\n'
const file = (route: string) => `routes: [{ ${route} }]\n${rest}`
const routeOf = (route: string) => configOf(file(route)).routes[0]
/** The sentences without their places. */
const refused = (route: string) =>
  told(file(route)).map((each) => each.replace(/^\S+ routes\[0\]\.?/, ''))

describe('match', () => {
  const matchOf = (match: string) => routeOf(`upstream: chat, match: ${match}`)?.match

  test.each([
    ['{ header: { X-A: one } }', { header: { 'x-a': ['one'] } }],
    ['{ header: { x-a: 1 } }', { header: { 'x-a': ['1'] } }],
    ['{ header: { x-a: [one, 2] } }', { header: { 'x-a': ['one', '2'] } }],
    ['{ header: { x-a: true } }', { header: { 'x-a': [] } }],
    ['{ header: { x-a: "true" } }', { header: { 'x-a': ['true'] } }],
    ['{ query: { V: "a b" } }', { query: { V: ['a b'] } }],
    ['{ query: { v: "" } }', { query: { v: [''] } }],
    ['{ subprotocol: mqtt }', { subprotocol: ['mqtt'] }],
    [
      '{ subprotocol: [mqtt, graphql-transport-ws] }',
      { subprotocol: ['mqtt', 'graphql-transport-ws'] },
    ],
  ])('may be %s', (match, conditions) => {
    expect(matchOf(match)).toEqual({
      header: {},
      query: {},
      cookie: {},
      subprotocol: [],
      ...conditions,
    })
  })

  test.each([
    ['{ header: { x-a: [] } }', 'header.x-a: needs at least one value; true stands for any'],
    [
      '{ header: { x-a: {} } }',
      'header.x-a: must be a value, a list of values, or true for any, not a mapping',
    ],
    [
      '{ header: { x-a: "ü" } }',
      'header.x-a: must be ASCII text without line breaks or spaces at its ends',
    ],
    ['{ header: { x-a: 1, X-A: 2 } }', 'header.X-A: the header is given twice'],
    ['{ header: { "x a": 1 } }', 'header["x a"]: is not the name of a header'],
    [
      '{ header: { Sec-WebSocket-Protocol: mqtt } }',
      'header.Sec-WebSocket-Protocol: subprotocols are matched by match.subprotocol',
    ],
    ['{ query: { "": 1 } }', 'query[""]: must be the name of a query parameter, decoded'],
    ['{ query: [v] }', 'query: must be a mapping of query parameters to values, not a list'],
    ['{ subprotocol: [1] }', 'subprotocol[0]: must be the name of a subprotocol, not 1'],
  ])('is refused as %s', (match, sentence) => {
    expect(refused(`upstream: chat, match: ${match}`)).toEqual([`match.${sentence}`])
  })
})

describe('a split', () => {
  test('gives each upstream its weight, those by URL too', () => {
    const { upstreams, routes } = configOf(file('upstream: { chat: 95, next: "5", ws+unix:/a: 0 }'))
    expect(routes[0]?.upstreams).toEqual([
      { name: 'chat', weight: 95 },
      { name: 'next', weight: 5 },
      { name: 'ws+unix:/a', weight: 0 },
    ])
    expect(upstreams.map((each) => each.name)).toContain('ws+unix:/a')
  })

  test.each([
    ['upstream: {}', 'upstream: needs at least one upstream'],
    ['upstream: { chat: 1001 }', 'upstream.chat: must be a whole number from 0 to 1000, not 1001'],
    ['upstream: { chat: 95% }', 'upstream.chat: must be a whole number from 0 to 1000, not "95%"'],
    ['upstream: { chatt: 1 }', 'upstream.chatt: unknown upstream "chatt"; did you mean "chat"?'],
    ['upstream: { "ws://": 1 }', 'upstream["ws://"]: "" is not a host and port'],
    [
      'upstream: { chat: 1, "http://x": 1 }',
      'upstream["http://x"]: the upstreams of a split speak the same; chat speaks ws, this one http',
    ],
    [
      'upstream: { chat: 1 }, split-by: $request.path.user',
      'split-by: uses request.path.user, and the path "/*" has no :user; write the path like /chat/:user',
    ],
  ])('is refused as %s', (route, sentence) => {
    expect(refused(route)).toEqual([sentence])
  })
})

describe('forward', () => {
  const forwardOf = (forward: string) =>
    routeOf(`path: /chat/:room/*, upstream: chat, forward: ${forward}`)?.forward

  test.each([
    '/rooms',
    '/rooms/{request.path.room}/{request.path.*}',
    '/rooms/${request.path.room}?from={request.header.x-from}',
    '$request.path',
    '{request.target}',
    '/v2{request.path}',
  ])('takes the path %s', (path) => {
    expect(forwardOf(`{ path: "${path}" }`)?.path).toMatchObject({ source: path })
  })

  test('takes a host that is a word or a template', () => {
    expect(forwardOf('{ host: client }')?.host).toBe('client')
    expect(forwardOf('{ host: endpoint }')?.host).toBe('endpoint')
    expect(forwardOf('{ host: "{request.path.room}.example.com:8080" }')?.host).toMatchObject({
      source: '{request.path.room}.example.com:8080',
    })
  })

  test('keeps the case of a header that is set, and not of one that is removed', () => {
    expect(
      forwardOf('{ headers: { set: { X-Room: 5 }, remove: [X-Old, Cookie] } }')?.headers,
    ).toMatchObject({
      set: [{ name: 'X-Room', value: { source: '5' } }],
      remove: ['x-old', 'cookie'],
    })
  })

  test.each([
    ['{ path: rooms }', 'path: must start with "/", not "rooms"'],
    ['{ path: $request.header.x-path }', 'path: must start with "/", not "$request.header.x-path"'],
    ['{ path: "/a#b" }', 'path: "/a#b" has a "#" or a space, which no path has'],
    ['{ path: /a/../b }', 'path: "/a/../b" has a dot segment; write the path it leads to'],
    [
      '{ path: "/{request.path.rom}" }',
      'path: uses request.path.rom, and the path "/chat/:room" has no :rom; did you mean "request.path.room"?',
    ],
    [
      '{ path: "/{request.path.*}" }',
      'path: uses request.path.*, and the path "/chat/:room" has no "*" at its end; end the path with /*',
    ],
    [
      '{ path: {request.path.room} }',
      'path: must be a path such as /rooms/{request.path.room}, not a mapping; put it in quotes: "{request.path.room}"',
    ],
    [
      '{ host: https://a.com }',
      'host: must be client, endpoint or a host name, not "https://a.com"; a Host has no scheme and no path',
    ],
    ['{ host: "" }', 'host: must be client, endpoint or a host name, not ""'],
    ['{ headers: { set: { x-a: [] } } }', 'headers.set.x-a: must be text, not a list'],
    [
      '{ headers: { set: { x-a: " b" } } }',
      'headers.set.x-a: must be text without line breaks or spaces at its ends',
    ],
    [
      '{ headers: { set: { x-a: $request.path.id } } }',
      'headers.set.x-a: uses request.path.id, and the path "/chat/:room" has no :id; write the path like /chat/:id',
    ],
    [
      '{ headers: { set: { Content_Length: "5" } } }',
      'headers.set.Content_Length: is a header that the gateway writes itself',
    ],
    [
      '{ headers: { set: { Sluice-Session: a } } }',
      'headers.set.Sluice-Session: is a header that the gateway writes itself',
    ],
    [
      '{ headers: { remove: [Content-Length] } }',
      'headers.remove[0]: "Content-Length" is a header that the gateway writes itself',
    ],
    [
      '{ headers: { remove: 5 } }',
      'headers.remove: must be the name of a header or a list of them, not 5',
    ],
  ])('is refused as %s', (forward, sentence) => {
    expect(refused(`path: /chat/:room, upstream: chat, forward: ${forward}`)).toEqual([
      `forward.${sentence}`,
    ])
  })
})

describe('redirect', () => {
  test.each([
    ['https://a.com{request.target}', 302, 'https://a.com{request.target}'],
    ['{ to: /new, status: 301 }', 301, '/new'],
    ['{ to: /new, status: "308" }', 308, '/new'],
    ['"https://{request.host}/"', 302, 'https://{request.host}/'],
    ['"https://{request.hostname}:8443/"', 302, 'https://{request.hostname}:8443/'],
    ['"/rooms/{request.query.room}"', 302, '/rooms/{request.query.room}'],
  ])('may be %s', (redirect, status, to) => {
    const text = redirect.includes('{request.target}') ? `"${redirect}"` : redirect
    expect(routeOf(`redirect: ${text}`)?.redirect).toMatchObject({ status, to: { source: to } })
  })

  const start = 'must start with https://, http:// or a single "/", not'
  const open =
    'lets a request choose the site it is sent to; only {request.host} and {request.hostname} may stand in the host'
  const asked = 'the path that was asked for is https://{request.host}{request.path}'

  test.each([
    ['//evil.com', `redirect: ${start} "//evil.com"`],
    ['ws://a.com', `redirect: ${start} "ws://a.com"`],
    ['https:///a', `redirect: ${start} "https:///a"`],
    ['$request.query.next', `redirect: ${start} "$request.query.next"; ${asked}`],
    ['"/{request.path}"', `redirect: ${start} "/{request.path}"; ${asked}`],
    ['"//{request.host}/"', `redirect: ${start} "//{request.host}/"`],
    ['"https://{request.query.next}"', `redirect: "https://{request.query.next}" ${open}`],
    [
      '"https://a.com{request.query.next}"',
      `redirect: "https://a.com{request.query.next}" ${open}`,
    ],
    ['"https://{request.header.x-host}/"', `redirect: "https://{request.header.x-host}/" ${open}`],
    [
      '"https://{request.path.site}.a.com/"',
      `redirect: "https://{request.path.site}.a.com/" ${open}`,
    ],
    ['{ status: 301 }', 'redirect.to: is missing'],
    ['[/a]', 'redirect: must be a URL or a mapping, not a list'],
  ])('is refused as %s', (redirect, sentence) => {
    expect(refused(`redirect: ${redirect}`)).toEqual([sentence])
  })
})

describe('a rate', () => {
  const limitsOf = (limits: string) => routeOf(`upstream: chat, limits: ${limits}`)?.limits

  test("is a second's worth at once and delays past it, unless more is said", () => {
    expect(limitsOf('{ messages: 50/s }')?.messages).toEqual({
      perSecond: 50,
      burst: 50,
      over: 'delay',
    })
    expect(limitsOf('{ bytes: { rate: 1MB/s, burst: 4MB, over: close } }')?.bytes).toEqual({
      perSecond: 1_048_576,
      burst: 4_194_304,
      over: 'close',
    })
    expect(limitsOf('{ messages: off }')?.messages).toBeUndefined()
  })

  test.each([
    ['{ messages: 0/s }', 'messages: must be from 1/s to 1000000/s, not 0/s'],
    ['{ messages: 5.5/s }', 'messages: must be a rate such as 50/s, not "5.5/s"'],
    [
      '{ messages: 50 / s }',
      'messages: must be a rate such as 50/s, not "50 / s"; did you mean "50/s"?',
    ],
    [
      '{ messages: 50/sec }',
      'messages: must be a rate such as 50/s, not "50/sec"; did you mean "50/s"?',
    ],
    [
      '{ messages: 50/h }',
      'messages: must be a rate such as 50/s, not "50/h"; rates are given for a second',
    ],
    ['{ messages: { burst: 5 } }', 'messages.rate: is missing'],
    [
      '{ messages: { rate: 5/s, over: drop } }',
      'messages.over: must be one of delay, close, not "drop"',
    ],
    ['{ messages: [] }', 'messages: must be off, a rate such as 1/s, or a mapping, not a list'],
    ['{ bytes: 1MB }', 'bytes: must be a rate such as 1MB/s, not "1MB"; did you mean "1MB/s"?'],
    ['{ bytes: 1B/s }', 'bytes: must be from 1KB/s to 1GB/s, not 1B/s'],
    ['{ bytes: 50/s }', 'bytes: must be a rate such as 1MB/s, not "50/s"'],
  ])('is refused in %s', (limits, sentence) => {
    expect(refused(`upstream: chat, limits: ${limits}`)).toEqual([`limits.${sentence}`])
  })
})

describe('a route that answers by itself', () => {
  const keys = [
    'forward: { host: endpoint }',
    'answer: {}',
    'origins: "*"',
    'framed: true',
    'compression: off',
    'limits: {}',
    'timeout: {}',
    'heartbeat: {}',
    'split-by: $request.address',
  ]

  test.each(keys)('has no %s', (key) => {
    const name = key.split(':')[0]
    expect(refused(`respond: {}, ${key}`)).toEqual([
      `${name}: means nothing beside respond: the gateway answers by itself`,
    ])
    expect(refused(`redirect: /a, ${key}`)).toEqual([
      `${name}: means nothing beside redirect: the gateway answers by itself`,
    ])
  })
})
