/**
 * `upstreams`: short forms, endpoint URLs, and what the endpoints of one upstream have in common.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withUpstream } from '../checking.ts'

const endpointsOf = (upstream: string) =>
  configOf(withUpstream(upstream)).upstreams[0]?.endpoints.map((each) => each.url)

describe('an upstream may be', () => {
  test.each([
    ['ws://a:9000', ['ws://a:9000']],
    ['[ws://a:9000, ws://b:9000]', ['ws://a:9000', 'ws://b:9000']],
    ['{ endpoints: [ws://a, { url: ws://b }] }', ['ws://a', 'ws://b']],
    ['[{ url: http://a }]', ['http://a']],
  ])('%s', (upstream, urls) => {
    expect(endpointsOf(upstream)).toEqual(urls)
  })

  test('in a short form, with the defaults of the long one', () => {
    const [short] = configOf(withUpstream('ws://a')).upstreams
    const [long] = configOf(withUpstream('{ endpoints: [ws://a] }')).upstreams
    expect(short).toEqual(long)
  })
})

describe('an upstream is refused', () => {
  test.each([
    ['[]', '1:20+2 upstreams.chat: needs at least one endpoint'],
    ['{ endpoints: [] }', '1:33+2 upstreams.chat.endpoints: needs at least one endpoint'],
    ['{}', '1:14+4 upstreams.chat.endpoints: is missing; it must be a list of URLs'],
    [
      '{ endpoints: ws://a }',
      '1:33+6 upstreams.chat.endpoints: must be a list of URLs, not "ws://a"',
    ],
    ['5', '1:20+1 upstreams.chat: must be a URL, a list of URLs or a mapping, not 5'],
    ['[ws://a, 5]', '1:29+1 upstreams.chat[1]: must be a URL or a mapping, not 5'],
    [
      '{ endpoints: [{ url: ws://a, weight: 2 }] }',
      '1:49+6 upstreams.chat.endpoints[0].weight: unknown key; known here: url',
    ],
    ['[ws://a, ws://b, ws://a/]', '1:37+7 upstreams.chat[2]: "ws://a" is listed twice'],
    [
      '[ws://a, http://b]',
      '1:29+8 upstreams.chat[1]: the endpoints of one upstream have one scheme; the first has ws, this one http',
    ],
    [
      '{ endpoints: [ws://a], balancer: first }',
      '1:43+8 upstreams.chat.balancer: unknown key; known here: endpoints, timeout, keep-alive',
    ],
    [
      '{ endpoints: [ws://a], timeout: { connect: 11m } }',
      '1:63+3 upstreams.chat.timeout.connect: must be from 10ms to 10m, not 11m',
    ],
    [
      '{ endpoints: [ws://a], timeout: { answer: off } }',
      '1:62+3 upstreams.chat.timeout.answer: cannot be off; it must be from 10ms to 1d',
    ],
    [
      '{ endpoints: [ws://a], keep-alive: { connections: 1025 } }',
      '1:70+4 upstreams.chat.keep-alive.connections: must be a whole number from 0 to 1024, not 1025',
    ],
    [
      '{ endpoints: [ws://a], keep-alive: { idle: 2h } }',
      '1:63+2 upstreams.chat.keep-alive.idle: must be from 10ms to 1h, not 2h',
    ],
  ])('as %s', (upstream, sentence) => {
    expect(told(withUpstream(upstream))).toEqual([sentence])
  })

  test('under a name that could be taken for a URL', () => {
    const text = 'listeners: [1]\nroutes: [{ respond: {} }]\nupstreams:\n  "a:b": ws://a\n'
    expect(told(text)).toEqual([
      '4:3+5 upstreams["a:b"]: an upstream name has letters, digits, ".", "-" and "_" only, at most 128; a space is missing: a: b',
    ])
  })

  test('in a list, which has no names', () => {
    expect(told('listeners: [1]\nroutes: [{ upstream: chat }]\nupstreams: [ws://a]\n')).toEqual([
      '3:12+8 upstreams: must be a mapping of names to endpoints, not a list',
    ])
  })
})

describe('an endpoint URL', () => {
  const endpointOf = (url: string) => configOf(withUpstream(`"${url}"`)).upstreams[0]?.endpoints[0]

  test.each([
    ['ws://a', { url: 'ws://a', scheme: 'ws', host: 'a', port: 80, path: '' }],
    ['ws://a:80/', { url: 'ws://a', scheme: 'ws', host: 'a', port: 80, path: '' }],
    [
      'WS://A.Example:9000',
      { url: 'ws://a.example:9000', scheme: 'ws', host: 'a.example', port: 9000, path: '' },
    ],
    [
      'http://[::1]:3000/base/',
      { url: 'http://[::1]:3000/base', scheme: 'http', host: '::1', port: 3000, path: '/base' },
    ],
    [
      'ws://my_service:1/a/b%20c',
      {
        url: 'ws://my_service:1/a/b%20c',
        scheme: 'ws',
        host: 'my_service',
        port: 1,
        path: '/a/b%20c',
      },
    ],
    [
      'ws://bücher.example',
      {
        url: 'ws://xn--bcher-kva.example',
        scheme: 'ws',
        host: 'xn--bcher-kva.example',
        port: 80,
        path: '',
      },
    ],
  ] as const)('%s is taken apart', (url, endpoint) => {
    expect(endpointOf(url)).toEqual(endpoint)
  })

  test.each([
    [
      'localhost:9000',
      'must be a URL such as ws://localhost:9000, not "localhost:9000"; did you mean "ws://localhost:9000"?',
    ],
    ['a b', 'must be a URL such as ws://localhost:9000, not "a b"'],
    ['user:secret@a', 'must be a URL such as ws://localhost:9000'],
    [
      'wss://a:9000/x',
      'wss is not supported: TLS towards upstreams is not available yet; without TLS it is "ws://a:9000/x"',
    ],
    [
      'https://a',
      'https is not supported: TLS towards upstreams is not available yet; without TLS it is "http://a"',
    ],
    ['https://u:secret@a', 'https is not supported: TLS towards upstreams is not available yet'],
    ['ftp://a', 'unknown scheme "ftp" of an endpoint; the schemes are ws and http'],
    ['ws://user:secret@a', 'an endpoint URL cannot carry a user name or password'],
    ['ws://a?token=secret', 'an endpoint URL cannot carry a query'],
    ['ws://a/x#secret', 'an endpoint URL cannot carry a fragment'],
    ['ws://', '"" is not a host and port'],
    ['ws://a:', '"a:" is not a host and port'],
    ['ws://a:99999', '"a:99999" is not a host and port'],
    ['ws://::1', '"::1" is not a host and port'],
    ['ws://a b', '"a b" is not a host and port'],
    ['ws://a%41', '"a%41" is not a host and port'],
    ['ws://a:0', 'an endpoint cannot have port 0'],
    ['ws://a/x/../y', '"/x/../y" is not a plain path of segments and single slashes'],
    ['ws://a/%2e%2e', '"/%2e%2e" is not a plain path of segments and single slashes'],
    ['ws://a/x//y', '"/x//y" is not a plain path of segments and single slashes'],
    ['ws://a/x y', '"/x y" is not a plain path of segments and single slashes'],
    ['ws://a/%zz', '"/%zz" is not a plain path of segments and single slashes'],
  ])('%s is refused', (url, sentence) => {
    expect(told(withUpstream(`"${url}"`))).toEqual([
      `1:20+${url.length + 2} upstreams.chat: ${sentence}`,
    ])
  })
})
