// Which route a request is for: the documented order decides, never that of the file.

import { describe, expect, test } from 'bun:test'
import type { RouteConditions } from '../../src/route/conditions.ts'
import { hostName } from '../../src/wire/host-name.ts'
import { RouteTable } from '../../src/route/route-table.ts'
import { fieldsOf } from '../support/reading.ts'

type Conditions = Partial<Omit<RouteConditions, 'match'>> & {
  readonly match?: Partial<RouteConditions['match']>
}

function route({ listeners = [], host = [], path = '/*', match }: Conditions): RouteConditions {
  return {
    listeners,
    host,
    path,
    match: { header: {}, query: {}, cookie: {}, subprotocol: [], ...match },
  }
}

/** A table of these routes in both orders, which must answer alike: the index of a route, or what else comes. */
function finder(...routes: readonly Conditions[]) {
  const entries = routes.map((each, index) => [route(each), index] as const)
  const table = new RouteTable(entries)
  const reversed = new RouteTable(entries.toReversed())
  return (
    target: string,
    { host = 'example.com', listener = 'public', lines = [] as readonly string[] } = {},
  ) => {
    const asked = { host, target, fields: fieldsOf(...lines) }
    const match = table.match(listener, asked)
    expect(reversed.match(listener, asked)).toEqual(match)
    return typeof match === 'object' ? match.value : match
  }
}

describe('a path', () => {
  test('that is exact goes before parameters, and these before a prefix', () => {
    const find = finder({ path: '/chat/*' }, { path: '/chat/:room' }, { path: '/chat/main' })
    expect(find('/chat/main')).toBe(2)
    expect(find('/chat/other')).toBe(1)
    expect(find('/chat/main/x')).toBe(0)
    expect(find('/chat')).toBe(0)
  })

  test('with parameters goes before a longer prefix', () => {
    const find = finder({ path: '/a/b/c/*' }, { path: '/:x/:y/:z' })
    expect(find('/a/b/c')).toBe(1)
    expect(find('/a/b/c/d')).toBe(0)
  })

  test('with fewer parameters goes first', () => {
    const find = finder({ path: '/:a/:b' }, { path: '/chat/:b' })
    expect(find('/chat/1')).toBe(1)
    expect(find('/other/1')).toBe(0)
  })

  test('with the longest prefix goes first, counted in segments', () => {
    const find = finder(
      { path: '/*' },
      { path: '/a-very-long-one/*' },
      { path: '/a/b/*' },
      { path: '/a/*' },
    )
    expect(find('/a/b/c')).toBe(2)
    expect(find('/a/x')).toBe(3)
    expect(find('/a-very-long-one/x')).toBe(1)
    expect(find('/x')).toBe(0)
  })

  test('with a prefix and fewer parameters goes before one with more', () => {
    const find = finder({ path: '/:a/*' }, { path: '/chat/*' })
    expect(find('/chat/x')).toBe(1)
    expect(find('/other/x')).toBe(0)
  })

  test('that no route has finds none', () => {
    expect(finder({ path: '/chat' })('/other')).toBeUndefined()
    expect(finder()('/')).toBeUndefined()
  })

  test('gives its parameters', () => {
    const table = new RouteTable([[route({ path: '/chat/:room' }), 'chat']])
    const match = table.match('public', { host: 'a', target: '/chat/%31?x', fields: fieldsOf() })
    expect(match).toEqual({ value: 'chat', parameters: { room: '1' } })
  })

  test('with dot segments is unsafe, also where no route would match', () => {
    const find = finder({ path: '/chat/*' })
    for (const target of ['/chat/../admin', '/chat/%2e%2e/admin', '/x/./y', '/chat/..%2fadmin'])
      expect(find(target)).toBe('unsafe')
  })

  test('with an encoded slash in what the pattern names is unsafe, and not left to a wider route', () => {
    const find = finder({ path: '/chat/:room' }, { path: '/*' })
    expect(find('/chat/a%2Fb')).toBe('unsafe')
    expect(find('/other/a%2Fb')).toBe(1)
  })
})

describe('a host', () => {
  const find = finder(
    { host: ['example.com'] },
    { host: ['*.example.com'] },
    { host: ['*.eu.example.com'] },
    { host: ['chat.eu.example.com'] },
    {},
  )

  test.each([
    ['example.com', 0],
    ['a.example.com', 1],
    ['a.b.example.com', 1],
    ['eu.example.com', 1],
    ['a.eu.example.com', 2],
    ['a.b.eu.example.com', 2],
    ['chat.eu.example.com', 3],
    ['other.com', 4],
    ['badexample.com', 4],
    ['.example.com', 4],
    ['example.com.other', 4],
    ['example', 4],
    ['', 4],
    ['[::1]', 4],
  ])('%p is for the most exact route', (host, index) => {
    expect(find('/', { host })).toBe(index)
  })

  test.each(['EXAMPLE.com', 'example.com:8080', 'example.com:', 'example.com.', 'Example.Com.:80'])(
    'is compared without case, port and trailing dot: %s',
    (host) => {
      expect(find('/', { host })).toBe(0)
      expect(hostName(host)).toBe('example.com')
    },
  )

  test('may be an address', () => {
    const addresses = finder({ host: ['[::1]'] }, { host: ['127.0.0.1'] })
    expect(addresses('/', { host: '[::1]:8080' })).toBe(0)
    expect(addresses('/', { host: '[::1]' })).toBe(0)
    expect(addresses('/', { host: '127.0.0.1:80' })).toBe(1)
    expect(addresses('/', { host: '[::2]' })).toBeUndefined()
  })

  test('decides before the path', () => {
    const mixed = finder(
      { path: '/chat' },
      { host: ['example.com'] },
      { host: ['*.com'], path: '/chat' },
    )
    expect(mixed('/chat')).toBe(1)
    expect(mixed('/chat', { host: 'other.com' })).toBe(2)
    expect(mixed('/chat', { host: 'other.net' })).toBe(0)
  })

  test('of a route with another path leaves the request to the next', () => {
    const mixed = finder({ host: ['example.com'], path: '/chat' }, { path: '/*' })
    expect(mixed('/other')).toBe(1)
  })

  test('may be one of several of a route', () => {
    const several = finder({ host: ['a.com', '*.b.com'] }, { host: ['c.com'] })
    expect(several('/', { host: 'a.com' })).toBe(0)
    expect(several('/', { host: 'x.b.com' })).toBe(0)
    expect(several('/', { host: 'c.com' })).toBe(1)
    expect(several('/', { host: 'b.com' })).toBeUndefined()
  })
})

describe('a listener', () => {
  const find = finder({ listeners: ['public', 'other'] }, { listeners: ['inside'] }, {})

  test('that a route names goes before any', () => {
    expect(find('/', { listener: 'public' })).toBe(0)
    expect(find('/', { listener: 'other' })).toBe(0)
    expect(find('/', { listener: 'inside' })).toBe(1)
    expect(find('/', { listener: 'third' })).toBe(2)
  })

  test('decides after host and path', () => {
    const mixed = finder({ listeners: ['public'] }, { path: '/chat' }, { host: ['example.com'] })
    expect(mixed('/chat')).toBe(2)
    expect(mixed('/chat', { host: 'other' })).toBe(1)
    expect(mixed('/', { host: 'other' })).toBe(0)
  })

  test('that a route does not name is none of its', () => {
    expect(finder({ listeners: ['public'] })('/', { listener: 'inside' })).toBeUndefined()
  })
})

describe('further conditions', () => {
  test('decide after host and path, by their number', () => {
    const find = finder(
      {},
      { match: { header: { 'x-beta': ['1'] } } },
      { match: { header: { 'x-beta': ['1'] }, query: { v: ['2'] } } },
      { listeners: ['public'], match: { header: { 'x-beta': ['1'] }, query: { v: ['2'] } } },
      { path: '/exact' },
    )
    const lines = ['X-Beta: 1']
    expect(find('/')).toBe(0)
    expect(find('/', { lines })).toBe(1)
    expect(find('/?v=2', { lines, listener: 'other' })).toBe(2)
    expect(find('/?v=2', { lines })).toBe(3)
    expect(find('/exact?v=2', { lines })).toBe(4)
  })

  test('that tie in number leave it to the order of the file', () => {
    const [first, second] = [{ query: { a: [] } }, { query: { b: [] } }].map((match) =>
      route({ match }),
    ) as [RouteConditions, RouteConditions]
    const asked = { host: '', target: '/?a&b', fields: fieldsOf() }
    const find = (...all: RouteConditions[]) =>
      new RouteTable(all.map((each) => [each, each] as const)).match('', asked)
    expect(find(first, second)).toMatchObject({ value: first })
    expect(find(second, first)).toMatchObject({ value: second })
  })

  test('on a header compare a line as a whole, whatever the case of its name', () => {
    const find = finder({ match: { header: { 'x-tier': ['gold', 'silver'] } } }, {})
    expect(find('/', { lines: ['X-TIER: gold'] })).toBe(0)
    expect(find('/', { lines: ['x-tier: bronze', 'x-tier: silver'] })).toBe(0)
    expect(find('/', { lines: ['x-tier: gold, silver'] })).toBe(1)
    expect(find('/', { lines: ['x-tier: Gold'] })).toBe(1)
    expect(find('/', { lines: ['x_tier: gold'] })).toBe(1)
  })

  test('without values want the header or the parameter to be there', () => {
    const header = finder({ match: { header: { 'x-beta': [] } } }, {})
    expect(header('/', { lines: ['x-beta:'] })).toBe(0)
    expect(header('/')).toBe(1)
    const query = finder({ match: { query: { beta: [] } } }, {})
    expect(query('/?beta')).toBe(0)
    expect(query('/?alpha')).toBe(1)
  })

  test.each([
    ['/?v=2', 0],
    ['/?a=1&v=2', 0],
    ['/?v=1&v=2', 0],
    ['/?%76=%32', 0],
    ['/?v=22', 1],
    ['/?V=2', 1],
    ['/v=2', 1],
    ['/?x=?v=2', 1],
  ])('on the query read it decoded, any of its values: %s', (target, index) => {
    expect(finder({ match: { query: { v: ['2'] } } }, {})(target)).toBe(index)
  })

  test('on the query know spaces and every letter', () => {
    const find = finder({ match: { query: { 'the room': ['Zürich 1'] } } }, {})
    expect(find('/?the+room=Z%C3%BCrich+1')).toBe(0)
    expect(find('/?the%20room=Z%C3%BCrich%201')).toBe(0)
    expect(find('/?the+room=Z%FCrich+1')).toBe(1)
  })

  test('on the subprotocol want one of those that the client offers', () => {
    const find = finder({ match: { subprotocol: ['chat.v2', 'chat.v3'] } }, {})
    expect(find('/', { lines: ['Sec-WebSocket-Protocol: chat.v1, chat.v3'] })).toBe(0)
    expect(find('/', { lines: ['Sec-WebSocket-Protocol: chat.v1, Chat.v2'] })).toBe(1)
    expect(find('/')).toBe(1)
  })

  test('that do not hold leave an unsafe path to the next route', () => {
    const find = finder({ path: '/a/:b', match: { header: { 'x-beta': ['1'] } } }, {})
    expect(find('/a/x%2Fy', { lines: ['x-beta: 1'] })).toBe('unsafe')
    expect(find('/a/x%2Fy')).toBe(1)
  })
})

describe('candidates', () => {
  test('are all routes in the order of trial, each with what does not fit', () => {
    const routes = [
      route({ host: ['other.com'] }),
      route({ path: '/chat' }),
      route({ match: { query: { v: ['2'] } } }),
      route({ listeners: ['inside'] }),
      route({}),
    ]
    const table = new RouteTable(routes.map((each, index) => [each, index] as const))
    const asked = { host: 'example.com', target: '/', fields: fieldsOf() }
    expect(table.candidates('public', asked)).toEqual([
      { value: 0, misfit: { key: 'host' } },
      { value: 1, misfit: { key: 'path' } },
      { value: 2, misfit: { key: 'query', name: 'v' } },
      { value: 3, misfit: { key: 'listeners' } },
      { value: 4, misfit: undefined },
    ])
  })
})
