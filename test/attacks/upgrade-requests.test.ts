/**
 * Smuggling through the upgrade, by what is asked: a gateway that takes for a tunnel what its server
 * does not, or the other way round, relays requests that nobody has looked at.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, head, type ByteAttack } from '../support/byte-attack.ts'
import { page } from '../support/recording-server.ts'

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

const defences: Defence[] = [
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
        replace: `if (facts.method === 'CONNECT' || facts.method === 'TRACE')`,
        by: `if (facts.method === '')`,
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
    without: [{ file: 'proxy/hop-by-hop.ts', replace: `  'upgrade',\n  'te',`, by: `  'te',` }],
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

testDefences(defences)
