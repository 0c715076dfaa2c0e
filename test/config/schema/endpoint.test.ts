/**
 * The URLs of endpoints, taken apart or refused.
 */
import { describe, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import type { EndpointConfig } from '../../../src/config/config.ts'
import { configOf, told, withUpstream } from '../checking.ts'

const endpointOf = (url: string) => configOf(withUpstream(`"${url}"`)).upstreams[0]?.endpoints[0]

/** Nothing is said of it beside its URL. */
const alone = { serverName: undefined, weight: 1, isBackup: false, sessions: undefined } as const

const plain = { ...alone, isTls: false, unix: undefined, path: '' } as const

const accepted: readonly (readonly [string, EndpointConfig])[] = [
  ['ws://a', { ...plain, url: 'ws://a', authority: 'a', scheme: 'ws', host: 'a', port: 80 }],
  ['ws://a:80/', { ...plain, url: 'ws://a', authority: 'a', scheme: 'ws', host: 'a', port: 80 }],
  [
    'ws://a:443',
    { ...plain, url: 'ws://a:443', authority: 'a:443', scheme: 'ws', host: 'a', port: 443 },
  ],
  [
    'wss://a',
    { ...plain, url: 'wss://a', authority: 'a', scheme: 'ws', isTls: true, host: 'a', port: 443 },
  ],
  [
    'https://a:443/',
    {
      ...plain,
      url: 'https://a',
      authority: 'a',
      scheme: 'http',
      isTls: true,
      host: 'a',
      port: 443,
    },
  ],
  [
    'wss://a:80',
    {
      ...plain,
      url: 'wss://a:80',
      authority: 'a:80',
      scheme: 'ws',
      isTls: true,
      host: 'a',
      port: 80,
    },
  ],
  [
    'WS://A.Example:9000',
    {
      ...plain,
      url: 'ws://a.example:9000',
      authority: 'a.example:9000',
      scheme: 'ws',
      host: 'a.example',
      port: 9000,
    },
  ],
  [
    'http://[::1]:3000/base/',
    {
      ...plain,
      url: 'http://[::1]:3000/base',
      authority: '[::1]:3000',
      scheme: 'http',
      host: '::1',
      port: 3000,
      path: '/base',
    },
  ],
  [
    'ws://my_service:1/a/b%20c',
    {
      ...plain,
      url: 'ws://my_service:1/a/b%20c',
      authority: 'my_service:1',
      scheme: 'ws',
      host: 'my_service',
      port: 1,
      path: '/a/b%20c',
    },
  ],
  [
    'ws://bücher.example',
    {
      ...plain,
      url: 'ws://xn--bcher-kva.example',
      authority: 'xn--bcher-kva.example',
      scheme: 'ws',
      host: 'xn--bcher-kva.example',
      port: 80,
    },
  ],
]

describe('the URL of a server', () => {
  test.each(accepted)('%s is taken apart', (url, endpoint) => {
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
      'ftp://a',
      'unknown scheme "ftp" of an endpoint; the schemes are ws, wss, http, https, ws+unix, http+unix',
    ],
    ['wss://user:secret@a', 'an endpoint URL cannot carry a user name or password'],
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

describe('the URL of a Unix socket', () => {
  const socket = { ...alone, isTls: false, host: 'localhost', port: 80, authority: 'localhost' }

  test.each([
    ['ws+unix:/run/a.sock', 'ws', '/run/a.sock', ''],
    ['ws+unix:///run/a.sock', 'ws', '/run/a.sock', ''],
    ['WS+UNIX:/run/a.sock', 'ws', '/run/a.sock', ''],
    ['http+unix:/run/a.sock:/base/', 'http', '/run/a.sock', '/base'],
    ['ws+unix:/run/a.sock:/', 'ws', '/run/a.sock', ''],
  ])('%s is taken apart', (url, scheme, unix, path) => {
    const normal = `${scheme}+unix:${unix}${path === '' ? '' : `:${path}`}`
    expect(endpointOf(url)).toEqual({
      ...socket,
      url: normal,
      scheme,
      unix,
      path,
    } as EndpointConfig)
  })

  test('may be relative to the folder of the file', () => {
    const absolute = resolve('run/a.sock')
    expect(endpointOf('ws+unix:run/a.sock')).toMatchObject({
      url: `ws+unix:${absolute}`,
      unix: absolute,
    })
  })

  test('is no name of an upstream', () => {
    const { upstreams } = configOf('listeners: [1]\nroutes: [{ upstream: ws+unix:/run/a.sock }]\n')
    expect(upstreams.map((each) => each.name)).toEqual(['ws+unix:/run/a.sock'])
  })

  const example = 'must be a URL such as ws+unix:/run/chat.sock'

  test.each([
    ['ws+unix:', `${example} or ws+unix:/run/chat.sock:/base, not ""`],
    [
      'ws+unix:/run/a.sock:/b:c',
      `${example} or ws+unix:/run/chat.sock:/base, not "/run/a.sock:/b:c"`,
    ],
    ['ws+unix:/a.sock?x', `${example} or ws+unix:/run/chat.sock:/base, not "/a.sock?x"`],
    ['ws+unix:/a.sock:base', 'the path behind "/a.sock" must start with "/", not "base"'],
    ['ws+unix:/a.sock:/../b', '"/../b" is not a plain path of segments and single slashes'],
    ['ws+unix://run/a.sock', `${example}, without a host; did you mean "ws+unix:/run/a.sock"?`],
    [
      '/run/a.sock',
      'must be a URL such as ws://localhost:9000, not "/run/a.sock"; did you mean "ws+unix:/run/a.sock"?',
    ],
  ])('%s is refused', (url, sentence) => {
    expect(told(withUpstream(`"${url}"`))).toEqual([
      `1:20+${url.length + 2} upstreams.chat: ${sentence}`,
    ])
  })
})
