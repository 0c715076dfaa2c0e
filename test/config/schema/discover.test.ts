/**
 * `discover`: where endpoints are found.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withUpstream, type World } from '../checking.ts'

const withDiscover = (keys: string) => withUpstream(`{ discover: ${keys} }`)

const problems = (text: string, world?: World) =>
  told(text, world).map((each) => each.replace(/^\S+ upstreams\.chat\./, ''))

const form = { scheme: 'ws', isTls: false, path: '', everyMs: 30_000, resolvers: [] }

describe('endpoints are found', () => {
  test.each([
    ['{ dns: chat.internal, port: 9000 }', { kind: 'dns', name: 'chat.internal', port: 9000 }],
    ['{ dns: Chat.Internal., port: 1 }', { kind: 'dns', name: 'chat.internal.', port: 1 }],
    ['{ srv: _ws._tcp.chat.internal }', { kind: 'srv', name: '_ws._tcp.chat.internal' }],
    ['{ srv: chat, scheme: wss }', { kind: 'srv', name: 'chat', isTls: true }],
    ['{ srv: chat, scheme: http }', { kind: 'srv', name: 'chat', scheme: 'http' }],
    ['{ srv: chat, scheme: https }', { kind: 'srv', name: 'chat', scheme: 'http', isTls: true }],
    [
      '{ srv: chat, every: 1s, path: /base/ }',
      { kind: 'srv', name: 'chat', everyMs: 1_000, path: '/base' },
    ],
    [
      '{ srv: chat, resolver: 10.0.0.1 }',
      { kind: 'srv', name: 'chat', resolvers: ['10.0.0.1:53'] },
    ],
    [
      '{ srv: chat, resolver: ["10.0.0.1:8600", "::1", "[::1]:54", "[::1]"] }',
      {
        kind: 'srv',
        name: 'chat',
        resolvers: ['10.0.0.1:8600', '[::1]:53', '[::1]:54', '[::1]:53'],
      },
    ],
  ])('by %s', (keys, expected) => {
    const [upstream] = configOf(withDiscover(keys)).upstreams
    expect(upstream?.discover).toEqual({ ...form, ...expected } as never)
    expect(upstream?.endpoints).toEqual([])
  })

  test('beside those that are listed', () => {
    const text = withUpstream('{ endpoints: [ws://a], discover: { srv: chat, scheme: wss } }')
    const [upstream] = configOf(text).upstreams
    expect(upstream?.endpoints).toHaveLength(1)
    expect(upstream?.discover).toMatchObject({ kind: 'srv' })
  })
})

describe('discovery is refused', () => {
  test.each([
    ['{}', 'discover: needs one of dns, srv, file'],
    ['{ every: 5s }', 'discover: needs one of dns, srv, file'],
    ['dns', 'discover: must be a mapping such as { dns: chat.internal, port: 9000 }, not "dns"'],
    ['{ dns: a }', 'discover.port: is missing; the addresses of a name come without ports'],
    ['{ dns: a, srv: b, port: 1 }', 'discover.srv: is given beside dns; choose one of them'],
    ['{ srv: a, port: 1 }', 'discover.port: means nothing beside srv: the records have the ports'],
    ['{ dns: a, port: 0 }', 'discover.port: must be a whole number from 1 to 65535, not 0'],
    ['{ srv: 10.0.0.1 }', 'discover.srv: "10.0.0.1" is an address; list it under endpoints'],
    ['{ srv: "::1" }', 'discover.srv: "::1" is an address; list it under endpoints'],
    ['{ srv: "*.a" }', 'discover.srv: must be a name such as chat.internal, not "*.a"'],
    [
      '{ srv: "ws://chat:9000" }',
      'discover.srv: must be a name such as chat.internal, not "ws://chat:9000"; did you mean "chat"?',
    ],
    ['{ srv: 5 }', 'discover.srv: must be a name, not 5'],
    ['{ srv: a, every: 500ms }', 'discover.every: must be from 1s to 1h, not 500ms'],
    ['{ srv: a, scheme: tcp }', 'discover.scheme: must be one of ws, wss, http, https, not "tcp"'],
    ['{ srv: a, path: chat }', 'discover.path: must be a path such as /chat, not "chat"'],
    [
      '{ srv: a, path: /a/../b }',
      'discover.path: "/a/../b" is not a plain path of segments and single slashes',
    ],
    ['{ srv: a, path: "/x?y=1" }', 'discover.path: the path of endpoints cannot carry a query'],
    ['{ srv: a, path: "/x?y#z" }', 'discover.path: the path of endpoints cannot carry a query'],
    ['{ srv: a, path: "/x#y?z" }', 'discover.path: the path of endpoints cannot carry a fragment'],
    [
      '{ srv: a, resolver: [] }',
      'discover.resolver: needs at least one server; leave it out for those of the system',
    ],
    [
      '{ srv: a, resolver: localhost }',
      'discover.resolver: must be an IP address, with a port or without, not "localhost"',
    ],
    [
      '{ srv: a, resolver: ["10.0.0.1:0"] }',
      'discover.resolver[0]: must be an IP address, with a port or without, not "10.0.0.1:0"',
    ],
    [
      '{ srv: a, resolver: 5 }',
      'discover.resolver: must be the address of a server or a list of them, not 5',
    ],
  ])('as %s', (keys, sentence) => {
    expect(problems(withDiscover(keys))).toEqual([sentence])
  })

  test('where it finds what the listed endpoints do not speak', () => {
    expect(problems(withUpstream('{ endpoints: [http://a], discover: { srv: chat } }'))).toEqual([
      'discover.scheme: the endpoints of one upstream speak the same; those listed speak http, those found ws; write scheme: http',
    ])
  })

  test('in defaults', () => {
    const text = `defaults: { upstream: { discover: { srv: a } } }\n${withUpstream('ws://a')}`
    expect(told(text)).toEqual([
      '1:25+8 defaults.upstream.discover: has no default: every upstream gives its own',
    ])
  })
})

describe('TLS of endpoints that are found', () => {
  test('means nothing where none can have it', () => {
    expect(problems(withUpstream('{ discover: { srv: chat }, tls: { verify: false } }'))).toEqual([
      'tls: means nothing here: no endpoint has TLS; endpoints with TLS are wss:// or https://',
    ])
  })

  test.each(['{ srv: chat, scheme: wss }', '{ file: /list }'])(
    'may be given for %s',
    (discover) => {
      const text = withUpstream(`{ discover: ${discover}, tls: { verify: false } }`)
      expect(problems(text, { files: { '/list': '' } })).toEqual([])
    },
  )

  test('has files that are looked at', () => {
    const text = withUpstream('{ discover: { srv: chat, scheme: wss }, tls: { ca: /none.pem } }')
    expect(problems(text)).toEqual(['tls.ca: cannot read the file "/none.pem" (ENOENT)'])
  })
})

describe('a file of endpoints', () => {
  const world = (text: string): World => ({
    file: '/etc/sluice/sluice.yaml',
    files: { '/etc/sluice/chat/list.txt': text },
  })
  const text = withDiscover('{ file: ./chat/list.txt }')

  test('is read again by the one who watches it, with sockets from its own folder', () => {
    const [upstream] = configOf(text, world('')).upstreams
    if (upstream?.discover?.kind !== 'file') throw new Error('no file')
    expect(upstream.discover.file).toBe('/etc/sluice/chat/list.txt')
    expect(upstream.discover.read('ws+unix:a.sock weight=2\n')).toMatchObject([
      { url: 'ws+unix:/etc/sluice/chat/a.sock', unix: '/etc/sluice/chat/a.sock', weight: 2 },
    ])
    expect(upstream.discover.read('a\n')).toStartWith('line 1: must be a URL')
  })

  test('must speak what the listed endpoints speak, now and later', () => {
    const both = withUpstream('{ endpoints: [ws://a], discover: { file: chat/list.txt } }')
    const sentence =
      'line 1: the endpoints of one upstream speak the same; this one speaks http, the others ws'
    expect(problems(both, world('http://b'))).toEqual([
      `discover.file: in the file "chat/list.txt", ${sentence}`,
    ])
    const [upstream] = configOf(both, world('')).upstreams
    expect(upstream?.discover?.kind === 'file' && upstream.discover.read('http://b')).toBe(sentence)
  })

  test.each([
    [
      'is not there',
      {},
      'cannot read the file "./chat/list.txt" (ENOENT); it was looked for at /etc/sluice/chat/list.txt',
    ],
    [
      'has a line that is wrong',
      world('ws://a\n\nws://b wieght=2\n').files,
      'in the file "./chat/list.txt", line 3: unknown word "wieght=2"; did you mean "weight=2"?',
    ],
    [
      'has a socket whose path is too long',
      world(`ws+unix:/${'a'.repeat(120)}`).files,
      'the path of its socket has 121 bytes, and the system takes 107; choose a shorter one',
    ],
  ])('is refused where it %s', (_, files, sentence) => {
    expect(problems(text, { ...world(''), ...(files && { files }) })).toEqual([
      `discover.file: ${sentence}`,
    ])
  })

  test('takes the place of the keys that names have', () => {
    const keys = withDiscover(
      '{ file: chat/list.txt, port: 1, every: 5s, scheme: ws, path: /a, resolver: "::1" }',
    )
    expect(problems(keys, world(''))).toEqual(
      [
        ['port', 'the file has the whole URL of each endpoint'],
        ['every', 'a file is looked at once a second'],
        ['scheme', 'the file has the whole URL of each endpoint'],
        ['path', 'the file has the whole URL of each endpoint'],
        ['resolver', 'no name is asked for'],
      ].map(([key, reason]) => `discover.${key}: means nothing beside file: ${reason}`),
    )
  })
})
