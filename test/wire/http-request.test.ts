// Request heads, understood: what each asks for, and the ways of being read twice that are refused.

import { describe, expect, test } from 'bun:test'
import { accepted, readRequest, refusal } from '../support/reading.ts'

const host = 'Host: example.com'

/** The head of a GET with these fields. */
function get(...fields: readonly string[]) {
  return readRequest('GET / HTTP/1.1', ...fields)
}

function requestLine(line: string) {
  return readRequest(line, host)
}

describe('the request line', () => {
  test.each(['GET', 'POST', 'M-SEARCH', 'get', "!#$%&'*+-.^_`|~0"])(
    'has the method %s',
    (method) => {
      expect(accepted(requestLine(`${method} / HTTP/1.1`)).method).toBe(method)
    },
  )

  test('has a target that is kept as sent, and a path without the query', () => {
    const target = '/a%2Fb/../c;d=1//?token=s3cret?x=/y'
    const read = accepted(requestLine(`GET ${target} HTTP/1.1`))
    expect([read.target, read.path]).toEqual([target, '/a%2Fb/../c;d=1//'])
  })

  test('may have a target with bytes above 0x7f, which browsers of old send', () => {
    expect(accepted(requestLine('GET /caf\xc3\xa9 HTTP/1.1')).target).toBe('/caf\xc3\xa9')
  })

  const line = 'malformed: the request line is not METHOD TARGET VERSION'
  const target = 'malformed: the request target has a character that none may have'
  const place = 'malformed: the request target is neither a path nor a URL'
  const noVersion = 'malformed: the request line does not end with a version'

  test.each([
    ['two spaces', 'GET  / HTTP/1.1', line],
    ['a leading space', ' GET / HTTP/1.1', line],
    ['a trailing space', 'GET / HTTP/1.1 ', line],
    ['a space in the target', 'GET /a b HTTP/1.1', line],
    ['a method that is no token', 'G(T / HTTP/1.1', line],
    ['tabs for spaces', 'GET\t/\tHTTP/1.1', line],
    ['a tab in the target', 'GET /\tb HTTP/1.1', target],
    ['a fragment', 'GET /a#b HTTP/1.1', target],
    ['a method alone', 'GET', target],
    ['a path without slash', 'GET chat HTTP/1.1', place],
    ['a URL of another scheme', 'GET ftp://a/ HTTP/1.1', place],
    ['a URL without authority', 'GET http:///a HTTP/1.1', place],
    ['an authority alone', 'GET example.com:443 HTTP/1.1', place],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1', 'method: CONNECT is not relayed'],
    ['CONNECT to what is no authority', 'CONNECT u@example.com HTTP/1.1', place],
    ['an asterisk without OPTIONS', 'GET * HTTP/1.1', place],
    ['no version, as in HTTP/0.9', 'GET /', noVersion],
    ['a version in lower case', 'GET / http/1.1', noVersion],
    ['a version with two digits', 'GET / HTTP/1.10', noVersion],
    ['a version without minor', 'GET / HTTP/1', noVersion],
    ['another protocol', 'GET / ICY/1.1', noVersion],
    ['HTTP/1.2', 'GET / HTTP/1.2', 'version: the version is HTTP/1.2'],
    ['HTTP/0.9', 'GET / HTTP/0.9', 'version: the version is HTTP/0.9'],
    ['HTTP/2.0', 'GET / HTTP/2.0', 'version: the version is HTTP/2.0'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0', 'version: the version is HTTP/2.0'],
  ])('is refused with %s', (_, text, wanted) => {
    expect(refusal(requestLine(text))).toBe(wanted)
  })
})

describe('the host', () => {
  test.each([
    'example.com',
    'example.com:8080',
    'EXAMPLE.com.',
    '[2001:db8::1]:443',
    '[::1]',
    '127.0.0.1',
    'under_score.example',
    '',
  ])('%p is kept as sent', (name) => {
    expect(accepted(get(`Host: ${name}`)).host).toBe(name)
  })

  test.each([
    'a b',
    'a/b',
    'user@a',
    'a?b',
    'a#b',
    'a\\b',
    'a:b',
    'a:80:80',
    'a:123456',
    '::1',
    '[::1',
    '[::1]x',
    '[]',
    ':80',
    ':',
    'a\xe9',
    'a<b',
    'a"b',
    'a,b',
    'a%62',
    'a;b=c',
    'a=b',
    'a(b)',
    'a~',
  ])('%p is no host', (name) => {
    expect(refusal(get(`Host: ${name}`))).toBe('malformed: the host header is not a host')
  })

  test('must be told in HTTP/1.1, once', () => {
    expect(refusal(get())).toBe('malformed: no host header')
    expect(refusal(get('Host: a', 'Host: b'))).toBe('malformed: more than one host header')
    expect(refusal(get('Host: a', 'hOST: a'))).toBe('malformed: more than one host header')
    expect(refusal(readRequest('GET http://a/ HTTP/1.1'))).toBe('malformed: no host header')
  })

  test('may be left out in HTTP/1.0', () => {
    expect(accepted(readRequest('GET / HTTP/1.0')).host).toBe('')
    expect(accepted(readRequest('GET / HTTP/1.0', host)).host).toBe('example.com')
  })
})

describe('a whole URL as target', () => {
  test.each([
    ['http://other:81/a?b', 'other:81', '/a?b'],
    ['https://other', 'other', '/'],
    ['ws://other?q=1', 'other', '/?q=1'],
    ['wss://other/', 'other', '/'],
    ['HTTP://Other/A', 'Other', '/A'],
    ['http://[::1]:80/', '[::1]:80', '/'],
  ])('%s is for the host in it, whatever Host says', (url, authority, target) => {
    const read = accepted(requestLine(`GET ${url} HTTP/1.1`))
    expect([read.host, read.target]).toEqual([authority, target])
  })

  test.each(['http://user@other/', 'http://user:pass@other/', 'http://a:b/', 'http://a\\b/'])(
    '%s is refused',
    (url) => {
      expect(refusal(requestLine(`GET ${url} HTTP/1.1`))).toBe(
        'malformed: the host header is not a host',
      )
    },
  )
})

test('an asterisk is the target of OPTIONS', () => {
  const read = accepted(requestLine('OPTIONS * HTTP/1.1'))
  expect([read.target, read.path]).toEqual(['*', '*'])
})

describe('fields that may come once', () => {
  test.each([
    ['Upgrade: websocket', 'upgrade'],
    ['Content-Length: 0', 'content-length'],
    ['Transfer-Encoding: chunked', 'transfer-encoding'],
    ['Sec-WebSocket-Key: a', 'sec-websocket-key'],
    ['Sec-WebSocket-Version: 13', 'sec-websocket-version'],
    ['Sec-WebSocket-Protocol: a', 'sec-websocket-protocol'],
    ['Sec-WebSocket-Extensions: a', 'sec-websocket-extensions'],
    ['Sec-WebSocket-Accept: a', 'sec-websocket-accept'],
    ['Sec-WebSocket-Other: a', 'sec-websocket-other'],
    ['Origin: https://a', 'origin'],
  ])('%s is refused twice, also with another case and the same value', (line, key) => {
    expect(accepted(get(host, line)).fields.count(key)).toBe(1)
    const wanted = `malformed: more than one ${key} header`
    expect(refusal(get(host, line, line))).toBe(wanted)
    expect(refusal(get(line.toUpperCase(), host, line))).toBe(wanted)
  })

  test('are not those of a list', () => {
    const read = accepted(get(host, 'Connection: a', 'Connection: b', 'Cookie: c', 'Cookie: d'))
    expect(read.fields.count('connection')).toBe(2)
  })
})

test('a request has no body unless it says so', () => {
  expect(accepted(get(host)).body).toEqual({ kind: 'length', bytes: 0 })
  expect(accepted(get(host, 'Content-Length: 12')).body).toEqual({ kind: 'length', bytes: 12 })
  expect(accepted(get(host, 'Transfer-Encoding: chunked')).body).toEqual({ kind: 'chunked' })
})

test('a fault of the body framing is one of the request', () => {
  expect(refusal(get(host, 'Transfer-Encoding: gzip'))).toStartWith('coding')
  expect(refusal(get(host, 'Content-Length: +5'))).toStartWith('malformed')
  const chunksOfOld = readRequest('GET / HTTP/1.0', host, 'Transfer-Encoding: chunked')
  expect(refusal(chunksOfOld)).toBe('malformed: transfer-encoding in HTTP/1.0')
})

describe('the connection', () => {
  const isKept = (minor: 0 | 1, ...fields: string[]) =>
    accepted(readRequest(`GET / HTTP/1.${minor}`, host, ...fields)).isKeptAlive

  test('goes on in HTTP/1.1 unless the client says close', () => {
    expect(isKept(1)).toBe(true)
    expect(isKept(1, 'Connection: keep-alive')).toBe(true)
    expect(isKept(1, 'Connection: close')).toBe(false)
    expect(isKept(1, 'Connection: x, Close')).toBe(false)
    expect(isKept(1, 'Connection: keep-alive', 'Connection: close')).toBe(false)
    expect(isKept(1, 'Connection: closed')).toBe(true)
  })

  test('ends in HTTP/1.0 unless the client says keep-alive', () => {
    expect(isKept(0)).toBe(false)
    expect(isKept(0, 'Connection: Keep-Alive')).toBe(true)
    expect(isKept(0, 'Connection: close')).toBe(false)
  })

  test('ends in HTTP/1.0 too where the client says both: close wins (RFC 9112 §9.3)', () => {
    expect(isKept(0, 'Connection: keep-alive, close')).toBe(false)
  })
})

describe('a request is an upgrade', () => {
  const isUpgrade = (...fields: string[]) => accepted(get(host, ...fields)).isUpgrade

  test('where it says so in both fields, in any case and list', () => {
    expect(isUpgrade('Upgrade: websocket', 'Connection: Upgrade')).toBe(true)
    expect(isUpgrade('Upgrade: WebSocket', 'Connection: keep-alive, UPGRADE')).toBe(true)
    expect(isUpgrade('Upgrade: h2c, websocket', 'Connection: x', 'Connection: upgrade')).toBe(true)
  })

  test('and not where one of them is missing or another', () => {
    expect(isUpgrade('Upgrade: websocket')).toBe(false)
    expect(isUpgrade('Connection: upgrade')).toBe(false)
    expect(isUpgrade('Upgrade: websocket', 'Connection: close')).toBe(false)
    expect(isUpgrade('Upgrade: websockets', 'Connection: upgrade')).toBe(false)
    expect(isUpgrade('Upgrade: h2c', 'Connection: upgrade')).toBe(false)
  })

  test('and never in HTTP/1.0 (RFC 6455 §4.1)', () => {
    const fields = ['Upgrade: websocket', 'Connection: Upgrade']
    expect(accepted(readRequest('GET / HTTP/1.0', ...fields)).isUpgrade).toBe(false)
  })
})
