/**
 * Headers that a server must not believe a client for, and a client not a server.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, head } from '../support/byte-attack.ts'
import { page, switchTo } from '../support/recording-server.ts'

const routes = `
  - { path: /page/*, upstream: "http://UPSTREAM" }
  - { path: /chat, upstream: "ws://UPSTREAM" }
`

/** Relayed, but without what the client made up. */
const forged = (name: string, fields: readonly string[], gains: RegExp) =>
  byteAttack({
    name,
    wants: 'to be taken for somebody else: another address, another session',
    routes,
    sends: [head('GET /page/x HTTP/1.1', ...fields)],
    repelled: ['200 ok', 'upstream: GET /page/x'],
    gains: { upstream: gains },
  })

const told = [
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Server',
  'X-Forwarded-Prefix',
  'X-Forwarded-Client-Cert',
  'X-Real-IP',
  'Forwarded',
  'Sluice-Session',
  'Sluice-User',
  'Sluice-Client-Subject',
  'sLUICE-sESSION',
  'x-forwarded-for',
]

const defences: Defence[] = [
  {
    name: 'only the gateway tells who the client is',
    without: [
      {
        file: 'proxy/forward.ts',
        replace: `|| isReplaced(field.key, facts)) continue`,
        by: ') continue',
      },
    ],
    attacks: [
      ...told.map((name) => forged(name, [`${name}: evil`], /evil/)),
      forged(
        'X-Forwarded-For twice',
        ['X-Forwarded-For: 10.0.0.1', 'X-Forwarded-For: evil'],
        /evil/,
      ),
      forged('an empty Sluice-User', ['Sluice-User:'], /sluice-user/i),
      byteAttack({
        name: 'Sluice-Session in a handshake',
        wants: 'the session of somebody else',
        routes,
        sends: [handshake('/chat', 'Sluice-Session: evil')],
        repelled: ['101', 'upstream: GET /chat'],
        gains: { upstream: /evil/ },
      }),
    ],
  },
  {
    name: 'what is the same variable to a server is the same header',
    without: [
      {
        file: 'proxy/forwarded.ts',
        replace: 'const name = spelled(key)',
        by: 'const name = key',
      },
    ],
    attacks: [
      'X_Forwarded_For',
      'X-Forwarded_For',
      'X_Real_IP',
      'X-Real_IP',
      'Sluice_Session',
      'SLUICE_USER',
      'X_FORWARDED-PROTO',
    ].map((name) => forged(name, [`${name}: evil`], /evil/)),
  },
  {
    name: 'no Connection field takes away what the gateway tells',
    without: [
      {
        file: 'proxy/forwarded.ts',
        replace: `return all.filter(({ value }) => value !== '')`,
        by: `return all.filter(({ name }) => !facts.head.connection.includes(name.toLowerCase()))`,
      },
    ],
    attacks: [
      'Connection: x-real-ip',
      'Connection: close, X-Real-IP, x-forwarded-for, cookie',
      'Connection: sluice-session\r\nConnection: X-REAL-IP',
    ].map((field) =>
      byteAttack({
        name: field.replaceAll('\r\n', ' and '),
        wants: 'a server that finds no address, and takes that of its peer: the gateway',
        routes,
        sends: [head('GET /page/x HTTP/1.1', field)],
        repelled: [
          '200 ok',
          ...(field.includes('close') ? ['ended'] : []),
          'upstream: GET /page/x',
        ],
        gains: { upstream: /^GET (?:(?!x-real-ip)[^])*\r\n\r\n$/i },
      }),
    ),
  },
  {
    name: 'no Connection field takes away what a handshake consists of',
    without: [{ file: 'proxy/hop-by-hop.ts', replace: '|sec-websocket-.*)$/', by: ')$/' }],
    attacks: [
      byteAttack({
        name: 'Connection: Upgrade, Sec-WebSocket-Key',
        wants: 'a handshake to the gateway that is a page to the server',
        routes,
        sends: [handshake('/chat', 'Connection: Upgrade, Sec-WebSocket-Key')],
        repelled: ['101', 'upstream: GET /chat'],
        gains: { upstream: /^GET (?:(?!sec-websocket-key)[^])*\r\n\r\n$/i },
      }),
    ],
  },
  {
    name: 'what is for the gateway alone goes no further',
    without: [
      {
        file: 'proxy/forward.ts',
        replace: `if (field.key === 'host' || isHopByHop(field.key, head.connection)) continue`,
        by: `if (field.key === 'host') continue`,
      },
    ],
    attacks: [
      ['Proxy-Authorization: Basic c2VjcmV0', /proxy-authorization/i],
      ['Proxy-Connection: keep-alive', /proxy-connection/i],
      ['Keep-Alive: timeout=1000', /keep-alive:/i],
      ['TE: trailers', /^te:/im],
      ['Connection: X-Secret\r\nX-Secret: 1', /x-secret: 1/i],
    ].map(([field, gains]) =>
      forged(String(field).replace(/\r\n.*/, ''), [String(field)], new RegExp(gains ?? '')),
    ),
  },
  {
    name: 'what stays with the gateway does so in every spelling',
    without: [
      { file: 'proxy/hop-by-hop.ts', replace: 'const name = spelled(key)', by: 'const name = key' },
    ],
    attacks: [
      'Content_Length: 5',
      'Transfer_Encoding: chunked',
      'transfer_encoding: chunked',
      'Sec_WebSocket_Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Keep_Alive: timeout=1000',
      'Proxy_Connection: close',
      'PROXY_AUTHORIZATION: Basic c2VjcmV0',
    ].map((field) =>
      byteAttack({
        name: field,
        wants: 'a server that reads a body, or a handshake, where the gateway sees none',
        routes,
        sends: [head('GET /page/x HTTP/1.1', field)],
        repelled: ['200 ok', 'upstream: GET /page/x'],
        gains: { upstream: /^[a-z]+_/im },
      }),
    ),
  },
  {
    name: 'a Connection field names every spelling',
    without: [
      {
        file: 'proxy/hop-by-hop.ts',
        replace: 'if (spelled(member) === name)',
        by: 'if (member === key)',
      },
    ],
    attacks: [
      forged('X_Secret', ['Connection: X_Secret', 'X-Secret: 1'], /x-secret: 1/i),
      forged('X-Secret', ['Connection: X-Secret', 'X_Secret: 1'], /x_secret: 1/i),
    ],
  },
  {
    // CGI and its heirs make HTTP_PROXY of it, which libraries take for the proxy to use (httpoxy).
    name: 'no Proxy field is relayed',
    without: [{ file: 'proxy/hop-by-hop.ts', replace: `  'proxy',\n`, by: '' }],
    attacks: ['Proxy: http://evil.test', 'pROXY: evil.test:3128'].map((field) =>
      byteAttack({
        name: field,
        wants: 'the requests that a server makes itself',
        routes,
        sends: [head('GET /page/x HTTP/1.1', field)],
        repelled: ['200 ok', 'upstream: GET /page/x'],
        gains: { upstream: /^proxy:/im },
      }),
    ),
  },
  {
    name: 'only the gateway tells a client of its session',
    without: [
      {
        file: 'proxy/answer.ts',
        replace: `!isHopByHop(key, answer.connection) &&\n      !spelled(key).startsWith('sluice-'),`,
        by: `!isHopByHop(key, answer.connection),`,
      },
    ],
    attacks: [
      byteAttack({
        name: 'Sluice-Session in a 101',
        wants: 'a client that takes its session for another',
        routes,
        answer: (request) => switchTo(request, 'Sluice-Session: evil'),
        sends: [handshake('/chat')],
        repelled: ['101', 'upstream: GET /chat'],
        gains: { client: /evil/ },
      }),
      byteAttack({
        name: 'Sluice-Session in a page',
        wants: 'a client that takes its session for another',
        routes,
        answer: () => page('ok', 'SLUICE-SESSION: evil'),
        sends: [head('GET /page/x HTTP/1.1')],
        repelled: ['200 ok', 'upstream: GET /page/x'],
        gains: { client: /evil/ },
      }),
    ],
  },
]

testDefences(defences)
