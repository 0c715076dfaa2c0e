// Which route a request is for: the documented order decides, never that of the file.

import { describe, expect, test } from 'bun:test'
import { RouteTable, type RouteConditions } from '../../src/route/route-table.ts'
import { hostName } from '../../src/wire/host-name.ts'

type Conditions = Partial<RouteConditions>

function route({ listeners = [], host = [], path = '/*' }: Conditions): RouteConditions {
  return { listeners, host, path }
}

/** A table of these routes in both orders, which must answer alike: the index of a route, or what else comes. */
function finder(...routes: readonly Conditions[]) {
  const entries = routes.map((each, index) => [route(each), index] as const)
  const table = new RouteTable(entries)
  const reversed = new RouteTable(entries.toReversed())
  return (target: string, { host = 'example.com', listener = 'public' } = {}) => {
    const match = table.match(listener, host, target)
    expect(reversed.match(listener, host, target)).toEqual(match)
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
    const match = table.match('public', 'a', '/chat/%31?x')
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
