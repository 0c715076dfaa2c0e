/**
 * Attacks that succeed today, written down as they should end. Each is a decision somebody has to
 * make; what would repel it is said with it.
 */
import { testOpen } from '../support/attack.ts'
import { byteAttack, handshake, head } from '../support/byte-attack.ts'
import { frame } from '../support/frames.ts'
import { switchTo } from '../support/recording-server.ts'

const guarded = `
  - { path: /private/*, respond: { status: 403, body: private } }
  - { path: /*, upstream: "http://UPSTREAM" }
`

// A path that other readers take apart otherwise (a slash that is encoded or a backslash, a parameter cut
// off) has to lead to the same route in each reading; else it is unsafe.
testOpen(
  ['/private%2fx', '/private%5cx', '/private\\x', '/private;a=b/x', '/private%3b/x'].map((target) =>
    byteAttack({
      name: target,
      wants:
        'a private path, of a server that decodes %2f (WSGI, PHP) or cuts parameters (Tomcat, Jetty)',
      routes: guarded,
      sends: [head(`GET ${target} HTTP/1.1`)],
      repelled: ['400 UNSAFE_PATH'],
      gains: { upstream: /^GET/ },
    }),
  ),
)

// No path has %00: nginx refuses it.
testOpen([
  byteAttack({
    name: '/private%00/x',
    wants: 'a private path, of a server that reads a path up to NUL',
    routes: guarded,
    sends: [head('GET /private%00/x HTTP/1.1')],
    repelled: ['400 UNSAFE_PATH'],
    gains: { upstream: /^GET/ },
  }),
])

// What a client may not say in front of a body it may not say behind it (RFC 9110 §6.5.1): a follower of
// chunks that refuses these names, or a relay that lets no trailer of a request pass.
testOpen(
  ['Sluice-Session: evil', 'X-Real-IP: evil', 'Content-Length: 5'].map((field) =>
    byteAttack({
      name: `${field} in a trailer`,
      wants:
        'to be believed by a server that adds trailers to its headers (as httpd did, CVE-2013-5704)',
      routes: guarded,
      sends: [head('POST /x HTTP/1.1', 'Transfer-Encoding: chunked') + `0\r\n${field}\r\n\r\n`],
      repelled: ['400 MALFORMED_REQUEST', 'ended', 'upstream: POST /x'],
      gains: { upstream: new RegExp(`0\r\n${field}`) },
    }),
  ),
)

// CGI and its heirs make HTTP_PROXY of it, which libraries take for the proxy to use (httpoxy). It has no
// other meaning, so it can be left out.
testOpen([
  byteAttack({
    name: 'Proxy: http://evil.test',
    wants: 'the requests that a server makes itself',
    routes: guarded,
    sends: [head('GET /x HTTP/1.1', 'Proxy: http://evil.test')],
    repelled: ['200 ok', 'upstream: GET /x'],
    gains: { upstream: /^proxy:/im },
  }),
])

// The same variable as the one with a hyphen, to CGI, WSGI and PHP; left out like those of the gateway.
testOpen(
  ['Content_Length: 5', 'Transfer_Encoding: chunked', 'Proxy_Connection: close'].map((field) =>
    byteAttack({
      name: field,
      wants: 'a server that reads a body where the gateway sees none',
      routes: guarded,
      sends: [head('GET /x HTTP/1.1', field)],
      repelled: ['200 ok', 'upstream: GET /x'],
      gains: { upstream: /_/ },
    }),
  ),
)

// Fields that a 101 is understood by cannot be named away either: `sec-websocket-*` belongs to `unnamable`.
testOpen([
  byteAttack({
    name: 'a 101 whose Connection names Sec-WebSocket-Extensions',
    wants: 'compressed frames for a client that knows of no compression',
    routes: '  - { upstream: "ws://UPSTREAM" }',
    answer: (request) =>
      switchTo(
        request,
        'Sec-WebSocket-Extensions: permessage-deflate',
        'Connection: Upgrade, Sec-WebSocket-Extensions',
      ) + frame({ opcode: 1, reserved: 4, payload: 'EVIL' }).toString('latin1'),
    sends: [handshake('/', 'Sec-WebSocket-Extensions: permessage-deflate')],
    repelled: ['101', 'text EVIL', 'upstream: GET /'],
    gains: { client: /^(?![^]*sec-websocket-extensions)[^]*EVIL/i },
  }),
])
