// What mutations start from: valid inputs for each target, and words of its grammar.

import fc from 'fast-check'
import { clientHello, serverName } from './client-hello.ts'
import { compressedWords, deflateStreams } from './deflate-material.ts'
import { frames } from './frame-arbitraries.ts'
import { closeFrame, frame, someKey } from './frames.ts'
import { messageStreams } from './message-arbitraries.ts'
import type { Material } from './mutate.ts'
import { binaryHeader } from './proxy-header.ts'
import { head } from './reading.ts'
import { readingsFuzzed, rulesFuzzed, type TargetName } from './wire-targets.ts'

/** Valid sequences of frames for each set of rules. */
const corpusSize = 100

/** The same for the same seed. */
export function materials(seed: number): Record<TargetName, Material> {
  const framesOf = (name: keyof typeof rulesFuzzed): Material => ({
    corpus: fc.sample(frames(rulesFuzzed[name]), { seed, numRuns: corpusSize }),
    words: frameWords,
  })
  const messagesOf = (name: keyof typeof readingsFuzzed): Material => ({
    corpus: fc.sample(messageStreams(readingsFuzzed[name]), { seed, numRuns: corpusSize }),
    words: [...frameWords, ...compressedWords],
  })
  return {
    'messages of a client': messagesOf('messages of a client'),
    'messages of a client that compresses': messagesOf('messages of a client that compresses'),
    'messages of a server that compresses': messagesOf('messages of a server that compresses'),
    inflate: { corpus: deflateStreams(seed), words: compressedWords },
    'frames of a client': framesOf('frames of a client'),
    'frames of a server': framesOf('frames of a server'),
    'frames of a server that compresses': framesOf('frames of a server that compresses'),
    request: { corpus: requests, words: headWords },
    response: { corpus: responses, words: headWords },
    chunks: {
      corpus: bodies,
      words: texts(
        '0\r\n\r\n',
        '5\r\nHello\r\n',
        ';a=b',
        '\r',
        '\n',
        '00',
        'f',
        'A: b\r\n',
        'X-A: b\r\n',
        ':',
      ),
    },
    extensions: {
      corpus: offers,
      words: texts(',', ';', '=', '"', '\\', ' ', '\t', '; a="b"', ', foo', '\xa0'),
    },
    'client hello': { corpus: hellos, words: helloWords },
    'proxy header': { corpus: proxyHeaders, words: proxyWords },
  }
}

function texts(...words: string[]): Buffer[] {
  return words.map((word) => Buffer.from(word, 'latin1'))
}

const frameWords = [
  frame({ opcode: 9, payload: 'ping' }),
  frame({ opcode: 0, key: someKey }),
  frame({ opcode: 1, isFinal: false, payload: 'x', key: someKey }),
  frame({ opcode: 2, length: 2n ** 63n }),
  frame({ opcode: 2, lengthBytes: 8, payload: 'x' }),
  frame({ opcode: 2, lengthBytes: 8, length: 65_535n }),
  frame({ opcode: 2, length: 65_536n }),
  frame({ opcode: 2, lengthBytes: 2, payload: 'x', key: someKey }),
  closeFrame(1000, 'bye', someKey),
  closeFrame(1006),
]

const headWords = texts(
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  '\x0b',
  '\x7f',
  '\xa0',
  '\x85',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: +5\r\n',
  'Host: b\r\n',
  'Upgrade: websocket\r\n',
  'Connection: close\r\n',
  'http://b:80/',
  'HTTP/1.0',
  ' HTTP/2.0',
  'OPTIONS',
  '[::1]',
  '#',
  '?',
  '*',
  '@',
  '\\',
)

const requests = [
  head(
    'GET /chat?room=1 HTTP/1.1',
    'Host: example.com:8080',
    'Upgrade: websocket',
    'Connection: keep-alive, Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ),
  head('POST /api HTTP/1.1', 'Host: a', 'Content-Length: 5', 'Content-Type: text/plain'),
  head('POST /api HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'X-Empty:'),
  head('GET / HTTP/1.0', 'Accept: */*', 'Cookie: a=b; c="d"'),
  head('OPTIONS * HTTP/1.1', 'Host: [::1]:80'),
  head('GET http://other/path?x HTTP/1.1', 'Host: a', 'Connection: close'),
  Buffer.concat([Buffer.from('\r\n'), head('GET / HTTP/1.1', 'Host: a'), head('GET / HTTP/1.1')]),
  head(
    'GET / HTTP/1.1',
    'Host: a',
    ...Array.from({ length: 11 }, (_, index) => `X-${index}: \t\xe9 `),
  ),
  head(`GET /${'x'.repeat(476)} HTTP/1.1`, 'Host: example'),
]

const responses = [
  head(
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  ),
  head('HTTP/1.1 200 OK', 'Content-Length: 12', 'Connection: keep-alive'),
  head('HTTP/1.1 200 ', 'Transfer-Encoding: chunked'),
  head('HTTP/1.0 404 Not Found', 'Server: x'),
  head('HTTP/1.1 304', 'Content-Length: 5'),
]

const bodies = texts(
  '0\r\n\r\n',
  '5\r\nHello\r\n0\r\n\r\nGET / HTTP/1.1\r\n',
  'a;x="y"\r\n0123456789\r\n1\r\nx\r\n000\r\nExpires: never\r\nX: y\r\n\r\n',
  `4\r\n\r\n\r\n\r\n${'10\r\n0123456789abcdef\r\n'.repeat(4)}0\r\n\r\n`,
)

const hellos = [
  clientHello({ extensions: [serverName('chat.example.com')] }),
  clientHello({ extensions: [{ type: 43, body: Buffer.alloc(5) }, serverName('a')] }),
  clientHello({ extensions: [serverName('b.example')], recordBytes: [1, 3, 40] }),
  clientHello({ extensions: undefined }),
]

const helloWords = [
  Buffer.from([22, 3, 1, 0, 0]),
  Buffer.from([22, 3, 1, 0, 4]),
  Buffer.from([0, 0, 0, 4]),
  serverName('c', 'd').body,
  clientHello({}),
]

const proxyHeaders = [
  ...texts(
    'PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n',
    'PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 1 65535\r\nGET /',
    'PROXY UNKNOWN ffff:f ffff 1 2\r\n',
  ),
  binaryHeader({ source: '192.0.2.1' }),
  binaryHeader({ source: '2001:db8::1', extensions: Buffer.alloc(30, 4) }),
  binaryHeader({ command: 0 }),
]

const proxyWords = texts('PROXY ', '\r\n', 'TCP4 ', '::', '0', ' 65536', '\x21\x11', '\0\x0c', ' ')

const offers = texts(
  'permessage-deflate; client_max_window_bits; server_max_window_bits=10',
  'foo; a="b\\c"; d, bar;e=1 , baz',
  'permessage-deflate, permessage-deflate; x="1"',
)
