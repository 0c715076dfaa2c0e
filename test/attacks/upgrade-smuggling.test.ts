/**
 * Smuggling through the upgrade: a gateway that takes for a tunnel what its server does not, or the
 * other way round, relays requests that nobody has looked at.
 */
import type { Defence } from '../support/attack.ts'
import { testDefences } from '../support/attack.ts'
import { byteAttack, handshake, head, type ByteAttack } from '../support/byte-attack.ts'
import { page, politely, switchTo, type Answer } from '../support/recording-server.ts'

const routes = `
  - { path: /page/*, upstream: "http://UPSTREAM" }
  - { path: /chat, upstream: "ws://UPSTREAM" }
`
/** What no route leads to. */
const hidden = head('GET /hidden HTTP/1.1')

type Row = Pick<ByteAttack, 'name' | 'sends' | 'repelled'> & Partial<ByteAttack>

/** A handshake that the server must not see. */
const unseen = ({ name, ...row }: Row) =>
  byteAttack({
    name,
    wants: 'a server that was asked for a tunnel of another kind than the gateway believes',
    routes,
    gains: { upstream: /^[a-z]+ \/chat/i },
    ...row,
  })

/** An upgrade that is none for the gateway, and so must be none for the server. */
const otherwise = (line: string, ...fields: readonly string[]) =>
  byteAttack({
    name: `${line} with ${fields[0]}`,
    wants: 'a server that switches to what the gateway still takes for HTTP/1.1',
    routes,
    answer: () => page('ok'),
    sends: [head(line, ...fields)],
    repelled: [
      '200 ok',
      ...(line.endsWith('1.0') ? ['ended'] : []),
      `upstream: ${line.slice(0, -' HTTP/1.1'.length)}`,
    ],
    gains: { upstream: /^upgrade:/im },
  })

const requests: Defence[] = [
  {
    name: 'only version 13 is passed on',
    without: [
      {
        file: 'proxy/handshake.ts',
        replace: `if (head.fields.get('sec-websocket-version') !== '13') throw`,
        by: `if (head.method === '') throw`,
      },
    ],
    attacks: ['777', '12', '013', '13, 12', '+13', ''].map((version) =>
      unseen({
        name: `a handshake of version "${version}", with a request behind the answer`,
        sends: [handshake('/chat', `Sec-WebSocket-Version: ${version}`), hidden],
        repelled: ['426 WEBSOCKET_VERSION', '404 NO_ROUTE'],
      }),
    ),
  },
  {
    name: 'an upgrade has no body',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: `if (head.body.kind !== 'length' || head.body.bytes > 0) return`,
        by: `if (head.method === '') return`,
      },
    ],
    attacks: [
      ['Content-Length', `Content-Length: ${hidden.length}`, hidden],
      ['chunks', 'Transfer-Encoding: chunked', `0\r\n\r\n${hidden}`],
      ['a length, and sends nothing of it', 'Content-Length: 10', ''],
    ].map(([what = '', field = '', body = '']) =>
      unseen({
        name: `a handshake with ${what}, its body a request`,
        sends: [handshake('/chat', field) + body],
        repelled: ['400 MALFORMED_UPGRADE', 'ended'],
      }),
    ),
  },
  {
    name: 'an upgrade is a GET',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: `if (head.method !== 'GET') return`,
        by: `if (head.method === '') return`,
      },
    ],
    attacks: ['POST', 'PUT', 'OPTIONS', 'get'].map((method) =>
      unseen({
        name: `a handshake by ${method}`,
        sends: [handshake('/chat').replace('GET', method)],
        repelled: ['400 MALFORMED_UPGRADE'],
      }),
    ),
  },
  {
    name: 'a key is sixteen bytes',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: `if (key === undefined || !keyPattern.test(key))`,
        by: `if (head.method === '')`,
      },
    ],
    attacks: ['', ': ', ': c2hvcnQ=', ': dGhlIHNhbXBsZSBub25jZR==', `: ${'A'.repeat(400)}`].map(
      (key) =>
        unseen({
          name: `a handshake with the key "${key.slice(2, 26)}"`,
          sends: [handshake('/chat', `Sec-WebSocket-Key${key}`)],
          repelled: ['400 MALFORMED_UPGRADE'],
        }),
    ),
  },
  {
    name: 'what comes behind a handshake before it is answered is no request and no frame',
    without: [
      {
        file: 'listener/request-reader.ts',
        replace: 'const isEarly = this.#request?.head.isUpgrade === true && this.isBodyRead',
        by: 'const isEarly = false',
      },
    ],
    attacks: [
      ['a request', hidden],
      ['a frame', '\x81\x80aaaa'],
      ['one byte', 'G'],
    ].map(([what = '', bytes = '']) =>
      byteAttack({
        name: `${what} in one segment with a handshake`,
        wants: 'bytes that a server reads as request or frame, whichever the gateway does not',
        routes,
        sends: [handshake('/chat') + bytes],
        repelled: ['400 EARLY_DATA', 'ended'],
        gains: { client: /^HTTP\/1\.1 101 / },
      }),
    ),
  },
  {
    name: 'CONNECT and TRACE are not relayed',
    without: [
      {
        file: 'proxy/serve.ts',
        replace: `if (method === 'CONNECT' || method === 'TRACE') throw`,
        by: `if (method === '') throw`,
      },
    ],
    attacks: [
      ['CONNECT /page/x', ''],
      ['CONNECT http://site.test/page/x', ''],
      ['TRACE /page/x', 'Cookie: session=secret'],
      ['CONNECT /chat', 'Upgrade: websocket'],
    ].map(([line = '', field = '']) =>
      byteAttack({
        name: line,
        wants: 'a tunnel that the gateway does not follow, or a page that repeats its cookies',
        routes,
        sends: [field === '' ? head(`${line} HTTP/1.1`) : head(`${line} HTTP/1.1`, field)],
        repelled: ['405 METHOD_NOT_ALLOWED'],
        gains: { upstream: /^(CONNECT|TRACE)/ },
      }),
    ),
  },
  {
    name: 'an upgrade to anything else is not passed on',
    without: [{ file: 'proxy/forward.ts', replace: `  'upgrade',\n  'te',`, by: `  'te',` }],
    attacks: [
      otherwise('GET /page/x HTTP/1.1', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
      otherwise('OPTIONS /page/x HTTP/1.1', 'Upgrade: TLS/1.2'),
      otherwise('GET /chat HTTP/1.0', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
      otherwise('GET /chat HTTP/1.1', 'Upgrade: websocket'),
    ],
  },
  {
    name: 'a field that a handshake has once is there once',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: '|transfer-encoding|sec-websocket-.*)$/',
        by: '|transfer-encoding)$/',
      },
    ],
    attacks: [
      ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 777'],
      ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Key: c2hvcnQ='],
      ['Sec-WebSocket-Protocol: chat', 'Sec-WebSocket-Protocol: admin'],
    ].map(([first = '', second = '']) =>
      unseen({
        name: `a handshake with "${first}" and "${second}"`,
        sends: [handshake('/chat', first, second)],
        repelled: ['400 MALFORMED_REQUEST', 'ended'],
      }),
    ),
  },
]

/** Grants the upgrade as it should not. */
const grant =
  (...fields: readonly string[]): Answer =>
  (request) =>
    switchTo(request, ...fields)

/** A server's answer that must not become a tunnel: the server may be made to give it by what it is asked. */
const noTunnel = (name: string, answer: Answer, fields: readonly string[] = []) =>
  byteAttack({
    name,
    wants: 'a tunnel to a server that goes on reading requests',
    routes,
    answer,
    sends: [handshake('/chat', ...fields), hidden],
    repelled: ['502 UPSTREAM_BAD_HANDSHAKE', '404 NO_ROUTE', 'upstream: GET /chat'],
    gains: { client: /^HTTP\/1\.1 101 / },
  })

const accept = `fields.get('sec-websocket-accept') !== acceptFor(offer.key)`

const answers: Defence[] = [
  {
    name: 'a 101 proves that it was made for this key',
    without: [{ file: 'wire/websocket-handshake.ts', replace: accept, by: 'false' }],
    attacks: [
      noTunnel(
        'a 101 for another key',
        grant('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp='),
      ),
      noTunnel('a 101 with the proof in other case', (request) =>
        switchTo(request).replace(
          /Accept: .*/,
          (proof) => `Accept: ${proof.slice(8).toLowerCase()}`,
        ),
      ),
    ],
  },
  {
    name: 'a 101 has one proof',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: `fields.count('sec-websocket-accept') !== 1 ||`,
        by: '',
      },
    ],
    attacks: [
      noTunnel('a 101 with the proof and another one', (request) =>
        switchTo(request).replace('\r\n\r\n', '\r\nSec-WebSocket-Accept: aaaa\r\n\r\n'),
      ),
    ],
  },
  {
    name: 'a 101 switches to WebSocket and to nothing else',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: `if (fields.tokens('upgrade').join() !== 'websocket')`,
        by: `if (answer.status === 0)`,
      },
    ],
    attacks: [
      noTunnel('a 101 to HTTP/2', grant('Upgrade: h2c')),
      noTunnel('a 101 to WebSocket and HTTP/2', grant('Upgrade: websocket, h2c')),
      noTunnel('a 101 to nothing', grant('Upgrade: ')),
    ],
  },
  {
    name: 'a 101 says that the connection is upgraded',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: `if (!answer.connection.includes('upgrade'))`,
        by: `if (answer.status === 0)`,
      },
    ],
    attacks: [
      noTunnel('a 101 of a connection that is kept', grant('Connection: keep-alive')),
      noTunnel('a 101 of a connection that is closed', grant('Connection: close')),
    ],
  },
  {
    name: 'a 101 is HTTP/1.1',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: 'if (answer.minor !== 1)',
        by: 'if (answer.status === 0)',
      },
    ],
    attacks: [
      noTunnel('a 101 of HTTP/1.0', (request) => switchTo(request).replace('HTTP/1.1', 'HTTP/1.0')),
    ],
  },
  {
    name: 'a subprotocol was offered before it is chosen',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: 'if (chosen !== undefined && !offer.subprotocols.includes(chosen))',
        by: 'if (answer.status === 0)',
      },
    ],
    attacks: [
      noTunnel('a subprotocol nobody offered', grant('Sec-WebSocket-Protocol: admin')),
      noTunnel('a subprotocol in other case', grant('Sec-WebSocket-Protocol: CHAT'), [
        'Sec-WebSocket-Protocol: chat, news',
      ]),
      noTunnel('all subprotocols that were offered', grant('Sec-WebSocket-Protocol: chat, news'), [
        'Sec-WebSocket-Protocol: chat, news',
      ]),
    ],
  },
  {
    name: 'one subprotocol is chosen',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: `if (fields.count('sec-websocket-protocol') > 1)`,
        by: `if (answer.status === 0)`,
      },
    ],
    attacks: [
      noTunnel(
        'a subprotocol that was offered, and another',
        grant('Sec-WebSocket-Protocol: chat', 'Sec-WebSocket-Protocol: admin'),
        ['Sec-WebSocket-Protocol: chat'],
      ),
    ],
  },
  {
    name: 'a 101 that nobody asked for is none',
    without: [
      {
        file: 'proxy/http-relay.ts',
        replace: 'if (answer.status === 101)',
        by: 'if (answer.status === 0)',
      },
    ],
    attacks: [
      byteAttack({
        name: 'a page is answered with 101, as an echo of a status may be',
        wants: 'a client or a proxy in front that takes its connection for a tunnel',
        routes,
        answer: grant('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='),
        sends: [head('GET /page/101 HTTP/1.1')],
        repelled: ['502 UPSTREAM_BAD_HANDSHAKE', 'upstream: GET /page/101'],
        gains: { client: /^HTTP\/1\.1 101 / },
      }),
    ],
  },
  {
    name: 'a 101 has no body, and says nothing of one',
    without: [
      {
        file: 'proxy/forward.ts',
        replace: 'const isBodiless = answer.status < 200 || answer.status === 204',
        by: 'const isBodiless = answer.status === 204',
      },
    ],
    attacks: [['Content-Length: 20', 'Transfer-Encoding: chunked']].flat().map((field) =>
      byteAttack({
        name: `a 101 with ${field}`,
        wants: 'a client that takes the first frames for a body',
        routes,
        answer: grant(field),
        sends: [handshake('/chat')],
        repelled: ['101', 'upstream: GET /chat'],
        gains: { client: /^(content-length|transfer-encoding):/im },
      }),
    ),
  },
  {
    name: 'only a 101 makes a tunnel',
    without: [
      {
        file: 'proxy/handshake.ts',
        replace: 'if (answer.status === 101) session',
        by: 'if (answer.status === 101 || answer.status === 426) session',
      },
      {
        file: 'proxy/handshake.ts',
        replace: 'const fault = switchFault(answer, {',
        by: 'const fault = ((..._) => undefined)(answer, {',
      },
    ],
    attacks: [
      byteAttack({
        name: 'a server that refuses a handshake is spoken to again on the same connection',
        wants: 'a request to a path that no route leads to',
        routes,
        answer: (request) =>
          request.includes('/chat')
            ? 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n'
            : politely(request),
        sends: [handshake('/chat'), hidden],
        repelled: ['426', '404 NO_ROUTE', 'upstream: GET /chat'],
        gains: { client: /^HTTP\/1\.1 101 / },
      }),
    ],
  },
]

testDefences([...requests, ...answers])
