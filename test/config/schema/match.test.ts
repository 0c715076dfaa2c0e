/**
 * What a route matches by: hosts, path patterns and origins.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withRoute } from '../checking.ts'

const routeOf = (keys: string) => configOf(withRoute(keys)).routes[0]

/** The sentence without its place; places are tested with the other parts. */
const refused = (keys: string) => told(withRoute(keys)).map((each) => each.replace(/^\S+ /, ''))

describe('a host', () => {
  test.each([
    ['host: a.example.com', ['a.example.com']],
    ['host: A.Example.COM', ['a.example.com']],
    ['host: "*.example.com"', ['*.example.com']],
    ['host: [a.com, b.com]', ['a.com', 'b.com']],
    ['host: []', []],
    ['host: localhost', ['localhost']],
    ['host: 127.0.0.1', ['127.0.0.1']],
    ['host: "[0::1]"', ['[::1]']],
  ])('may be given by %s', (keys, host) => {
    expect(routeOf(keys)?.host).toEqual(host)
  })

  test('has at most 253 characters', () => {
    const label = 'a'.repeat(63)
    const longest = `${label}.${label}.${label}.${'b'.repeat(61)}`
    expect(routeOf(`host: ${longest}`)?.host).toEqual([longest])
    expect(refused(`host: ${longest}b`)[0]).toStartWith('routes[0].host: must be a host name')
  })

  const shape = 'must be a host name such as "example.com" or "*.example.com", not'

  test.each([
    ['host: "*"', `routes[0].host: ${shape} "*"; leave the key out for any host`],
    ['host: "a.com:8080"', `routes[0].host: ${shape} "a.com:8080"; did you mean "a.com"?`],
    [
      'host: "https://a.com/x"',
      `routes[0].host: ${shape} "https://a.com/x"; did you mean "a.com"?`,
    ],
    [
      'host: [a.com, "*.b.com:80"]',
      `routes[0].host[1]: ${shape} "*.b.com:80"; did you mean "*.b.com"?`,
    ],
    ['host: bücher.de', `routes[0].host: ${shape} "bücher.de"; did you mean "xn--bcher-kva.de"?`],
    ['host: "a.*.com"', `routes[0].host: ${shape} "a.*.com"`],
    ['host: a..com', `routes[0].host: ${shape} "a..com"`],
    ['host: -a.com', `routes[0].host: ${shape} "-a.com"`],
    ['host: 5', 'routes[0].host: must be a host name or a list of them, not 5'],
    ['host: [5]', 'routes[0].host[0]: must be a host name, not 5'],
  ])('is refused in %s', (keys, sentence) => {
    expect(refused(keys)).toEqual([sentence])
  })
})

describe('a path', () => {
  test.each(['/', '/*', '/chat', '/chat/:room', '/a/:b/c/:d/*', '/A-Z._~0', '/.well-known/x'])(
    'may be %s',
    (path) => {
      expect(routeOf(`path: ${path}`)?.path).toBe(path)
    },
  )

  const segment = 'is not a segment of a path: letters, digits, "-._~", or :name, or "*" at the end'

  test.each([
    ['chat', 'must start with "/", not "chat"; did you mean "/chat"?'],
    ['"*"', 'must start with "/", not "*"'],
    ['""', 'must start with "/", not ""'],
    ['/chat/', '"/chat/" has an empty segment; write "/chat" or, with everything below, "/chat/*"'],
    ['//chat', '"//chat" has an empty segment; write "/chat"'],
    ['/a/../b', '"/a/../b" has a dot segment; no request that has one is let in'],
    ['/a/.', '"/a/." has a dot segment; no request that has one is let in'],
    ['/a/*/b', '"*" may only be the last segment of a path'],
    ['/a*', `"a*" ${segment}`],
    ['"/a/{room}"', `"{room}" ${segment}; did you mean ":room"?`],
    ['"/a/:"', `":" ${segment}`],
    ['/a/:1', `":1" ${segment}`],
    ['/a b', `"a b" ${segment}`],
    ['/a%20b', `"a%20b" ${segment}`],
    ['/bücher', `"bücher" ${segment}`],
    ['/a?x=1', `"a?x=1" ${segment}`],
    ['/:a/b/:a', 'the parameter :a occurs twice in one path'],
    [`/${'a'.repeat(1024)}`, 'must have at most 1024 characters'],
    ['7', 'must be a path such as /chat/*, not 7'],
  ])('cannot be %s', (path, sentence) => {
    expect(refused(`path: ${path}`)).toEqual([`routes[0].path: ${sentence}`])
  })
})

describe('origins', () => {
  test('may be any, or left to whether there are cookies, the default', () => {
    expect(routeOf('origins: "*"')?.origins).toBe('any')
    expect(routeOf('origins: own')?.origins).toBe('own')
    expect(routeOf('limits: {}')?.origins).toBe('own')
  })

  test.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['https://App.Example.com', 'https://app.example.com'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['chrome-extension://abcdef', 'chrome-extension://abcdef'],
  ])('may hold %s', (origin, value) => {
    expect(routeOf(`origins: ["${origin}"]`)?.origins).toEqual([value])
  })

  const shape = 'must be an origin such as https://app.example.com, not'

  test.each([
    [
      'https://a.com/',
      '"https://a.com/" has more than a scheme, a host and a port; did you mean "https://a.com"?',
    ],
    [
      'https://a.com/x?y',
      '"https://a.com/x?y" has more than a scheme, a host and a port; did you mean "https://a.com"?',
    ],
    [
      'https://a.com:443',
      '"https://a.com:443" is not how a browser writes it; did you mean "https://a.com"?',
    ],
    ['a.com', `${shape} "a.com"; did you mean "https://a.com"?`],
    ['https://*.a.com', `${shape} "https://*.a.com"`],
    ['https://', `${shape} "https://"`],
    ['null', '"null" is no origin: any sandboxed page sends it'],
    ['*', '"*" stands alone and means any origin; write origins: "*"'],
  ])('cannot hold %s', (origin, sentence) => {
    expect(refused(`origins: ["${origin}"]`)).toEqual([`routes[0].origins[0]: ${sentence}`])
  })

  test.each([
    ['[]', 'must not be empty; "*" lets every origin in'],
    [
      'https://a.com',
      'must be a list of origins, or "*", not "https://a.com"; write ["https://a.com"]',
    ],
    ['5', 'must be a list of origins, or "*", not 5'],
  ])('cannot be %s', (origins, sentence) => {
    expect(refused(`origins: ${origins}`)).toEqual([`routes[0].origins: ${sentence}`])
  })
})
