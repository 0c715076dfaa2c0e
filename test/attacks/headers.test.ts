/**
 * Headers that a server must not believe a client for, and characters that make two headers of one.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, head, type ByteAttack } from '../support/byte-attack.ts'
import { page, switchTo } from '../support/recording-server.ts'

const routes = `
  - { path: /page/*, upstream: "http://UPSTREAM" }
  - { path: /chat, upstream: "ws://UPSTREAM" }
`

type Row = Pick<ByteAttack, 'name' | 'sends' | 'gains'> & Partial<ByteAttack>

/** By default refused with 400 and not passed on. */
const injection = (row: Row) =>
  byteAttack({
    wants: 'a header, or a request, of his own where somebody else writes them',
    routes,
    repelled: ['400 MALFORMED_REQUEST', 'ended'],
    ...row,
  })

const file = 'wire/http-head.ts'
const controls: Record<string, string> = {
  NUL: '\0',
  BS: '\b',
  VT: '\v',
  FF: '\f',
  ESC: '\x1b',
  DEL: '\x7f',
}

const injections: Defence[] = [
  {
    name: 'a head has no control characters',
    without: [
      {
        file,
        replace: 'return malformed(`a control character (0x',
        by: 'if (offset < 0) return malformed(`a control character (0x',
      },
    ],
    attacks: Object.entries(controls).map(([name, character]) =>
      injection({
        name: `${name} in a value`,
        sends: [head('GET /page/x HTTP/1.1', `X-A: a${character}b`)],
        gains: { upstream: /X-A: a[^]b/ },
      }),
    ),
  },
  {
    name: 'a target has no control characters, and no space',
    without: [
      {
        file,
        replace: 'return malformed(`a control character (0x',
        by: 'if (offset < 0) return malformed(`a control character (0x',
      },
      {
        file: 'wire/http-request.ts',
        replace: "if (!targetPattern.test(sent) || sent.includes('#'))",
        by: "if (sent === '')",
      },
    ],
    attacks: Object.entries(controls).map(([name, character]) =>
      injection({
        name: `${name} in a target`,
        sends: [head(`GET /page/a${character}b HTTP/1.1`)],
        gains: { upstream: /page\/a[^]b/ },
      }),
    ),
  },
  {
    name: 'a target has no tab and no fragment',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: "if (!targetPattern.test(sent) || sent.includes('#'))",
        by: "if (sent === '')",
      },
    ],
    attacks: ['/page/a\tb', '/page/a#/hidden', '/page/#', 'http://site.test/page/a#@evil.test'].map(
      (target) =>
        injection({
          name: JSON.stringify(target),
          sends: [head(`GET ${target} HTTP/1.1`)],
          gains: { upstream: /^GET/ },
        }),
    ),
  },
  {
    name: 'a value has no LF of its own',
    without: [
      {
        file,
        replace: 'if (offset === 0 || bytes[offset - 1] !== CR) return',
        by: 'if (offset < 0) return',
      },
    ],
    attacks: [
      ['a value', head('GET /page/x HTTP/1.1', 'X-A: a\nSluice-Session: admin')],
      ['a name', head('GET /page/x HTTP/1.1', 'X-A: a\nX-Real-IP: 127.0.0.1\nX-B: b')],
      ['a handshake', handshake('/chat', 'X-A: a\nSluice-Session: admin')],
    ].map(([where = '', bytes = '']) =>
      injection({
        name: `LF in ${where}`,
        sends: [bytes],
        gains: { upstream: /X-A: a\n(Sluice-Session|X-Real-IP)/ },
      }),
    ),
  },
  {
    name: 'a value has no CR of its own',
    without: [
      { file, replace: 'if (bytes[offset + 1] !== LF) return', by: 'if (offset < 0) return' },
    ],
    attacks: ['X-A: a\rSluice-Session: admin', 'X-A: a\r\r\n'].map((field) =>
      injection({
        name: JSON.stringify(field),
        sends: [head('GET /page/x HTTP/1.1', field)],
        gains: { upstream: /X-A: a\r[^\n]/ },
      }),
    ),
  },
  {
    name: 'a method is a token',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: 'if (!isToken(method) || more.length > 0)',
        by: 'if (more.length > 0)',
      },
    ],
    attacks: ['G(ET', 'GET:', 'G\xc8T', '"GET"', ''].map((method) =>
      injection({
        name: `the method ${JSON.stringify(method)}`,
        sends: [head(`${method} /page/x HTTP/1.1`)],
        gains: { upstream: / \/page\/x/ },
      }),
    ),
  },
  {
    name: 'a head is bounded',
    without: [
      {
        file,
        replace: 'if (bytes.length >= this.#limits.headBytes) return',
        by: 'if (bytes.length < 0) return',
      },
    ],
    attacks: [
      injection({
        name: 'a head that never ends',
        wants: 'memory',
        sends: [`GET /page/x HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(200_000)}`],
        repelled: ['431 HEAD_TOO_LARGE', 'ended'],
        // The refusal is what is missed.
        gains: { client: /408 / },
        listener: 'timeout: { head: 500ms }',
      }),
    ],
  },
  {
    name: 'header lines are bounded',
    without: [{ file, replace: 'if (lines.length - 1 > maxFields)', by: 'if (lines.length < 0)' }],
    attacks: [
      injection({
        name: 'a thousand headers',
        wants: 'work',
        sends: [head('GET /page/x HTTP/1.1', ...Array<string>(1_000).fill('X: 1'))],
        repelled: ['431 HEAD_TOO_LARGE', 'ended'],
        gains: { upstream: /^GET/ },
      }),
    ],
  },
]

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

const forgeries: Defence[] = [
  {
    name: 'only the gateway tells who the client is',
    without: [
      {
        file: 'proxy/forward.ts',
        replace: `if (told.test(key.replaceAll('_', '-'))) continue`,
        by: '',
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
        file: 'proxy/forward.ts',
        replace: `told.test(key.replaceAll('_', '-'))`,
        by: 'told.test(key)',
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
        file: 'proxy/forward.ts',
        replace: `{ name: 'X-Real-IP', value: address },`,
        by: `...(isNamed('x-real-ip', head.connection) ? [] : [{ name: 'X-Real-IP', value: address }]),`,
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
    without: [{ file: 'proxy/forward.ts', replace: `  'sec-websocket-key',\n`, by: '' }],
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
        replace: 'if (hopByHop.has(key) || isNamed(key, head.connection)) continue',
        by: 'if (key === "host") continue',
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
    name: 'only the gateway tells a client of its session',
    without: [
      {
        file: 'proxy/forward.ts',
        replace: `!isNamed(key, answer.connection) &&\n      !key.startsWith('sluice-'),`,
        by: `!isNamed(key, answer.connection),`,
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

testDefences([...injections, ...forgeries])
