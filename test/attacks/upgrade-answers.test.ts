/**
 * Smuggling through the upgrade, by what is answered: a 101 that is none, of a server that may be made
 * to give it by what it is asked, and goes on reading requests in what the gateway takes for a tunnel.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, head } from '../support/byte-attack.ts'
import { politely, switchTo, type Answer } from '../support/recording-server.ts'

const routes = `
  - { path: /page/*, upstream: "http://UPSTREAM" }
  - { path: /chat, upstream: "ws://UPSTREAM" }
`
/** What no route leads to. */
const hidden = head('GET /hidden HTTP/1.1')

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

const defences: Defence[] = [
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
    name: 'an extension is chosen once',
    without: [
      {
        file: 'wire/websocket-handshake.ts',
        replace: 'if (new Set(names).size < names.length)',
        by: 'if (answer.status === 0)',
      },
    ],
    attacks: [
      noTunnel(
        'an extension that was offered, twice',
        grant(
          'Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate; client_max_window_bits=9',
        ),
        ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'],
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
        file: 'proxy/answer.ts',
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
        replace: 'if (answer.status === 101) return',
        by: 'if (answer.status === 101 || answer.status === 426) return',
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

testDefences(defences)
