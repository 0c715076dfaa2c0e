/**
 * The admin port, asked by those it is not for: pages in a browser on the same machine, and whoever reaches
 * the port without knowing its token.
 */
import { testDefences, type Attack, type Defence } from '../support/attack.ts'
import { handshake, head, until } from '../support/byte-attack.ts'
import { dialTcp } from '../support/tcp.ts'

const token = 'a-secret-of-some-length'
const routes = '  - { path: /chat, upstream: "ws://UPSTREAM" }'
const file = 'admin/guard.ts'

interface Row {
  readonly name: string
  readonly wants: string
  /** `ID` stands for the id of a session that is open, `PORT` for the admin port. */
  readonly asks: string
  /** The status he gets. */
  readonly repelled: string
  /** The token that is configured; null for none. */
  readonly token?: string | null
  /** What he wants to read; by default he wants the session to be closed. */
  readonly gains?: RegExp
}

/** Asks while a session is open. */
function asking({ asks, repelled, gains, token: configured = token, ...row }: Row): Attack {
  return {
    ...row,
    routes,
    admin: configured === null ? {} : { token: configured },
    repelled: [repelled, 'the session goes on'],
    async run({ adminPort, open }) {
      using session = await open()
      session.send(handshake('/chat'))
      const answer = await session.until(/\r\n\r\n/)
      const id = /^sluice-session: (.*)\r$/im.exec(answer)?.[1] ?? ''
      using admin = await dialTcp(adminPort)
      admin.send(asks.replaceAll('ID', id).replaceAll('PORT', String(adminPort)))
      const status = () => /^HTTP\/1\.1 (\d{3})/.exec(admin.received)?.[1]
      await until(() => status() !== undefined)
      // The Close of a session would be on its way before the answer is.
      const isClosed = await until(() => session.received !== '', gains === undefined ? 50 : 0)
      return {
        seen: [status() ?? 'nothing', isClosed ? 'the session is closed' : 'the session goes on'],
        isGained: gains === undefined ? isClosed : gains.test(admin.received),
      }
    },
  }
}

/** Asks for what shows who is connected, by another name than the port's own. */
const looking = (target: string, ...fields: readonly string[]) =>
  asking({
    name: [target, ...fields].join(' with '),
    wants: 'who is connected, read by a page whose name he made lead here (DNS rebinding)',
    asks: head(`GET ${target} HTTP/1.1`, ...fields),
    repelled: '421',
    gains: /^HTTP\/1\.1 200/,
  })

const bearer = `Authorization: Bearer ${token}`

/** Closes a session, in some way that is not let in. */
const closing = (status: string, ...fields: readonly string[]) =>
  asking({
    name: fields.join(' and ') || 'no token',
    wants: 'to close the sessions of others',
    asks: head('DELETE /sessions/ID HTTP/1.1', 'Host: 127.0.0.1:PORT', ...fields),
    repelled: status,
  })

const looks: Defence[] = [
  {
    name: 'who is connected is shown to who asks by the address',
    without: [
      {
        file,
        replace: `if (isIP(hostname) > 0 || hostname === 'localhost' || hostname === address.toLowerCase())`,
        by: `if (address !== '')`,
      },
    ],
    attacks: [
      ...['/sessions', '/sessions/ID', '/status', '/metrics', '/sessions?limit=1'].map((target) =>
        looking(target, 'Host: evil.test:PORT'),
      ),
      ...['/./sessions', '/healthz/../sessions', '/%2e/status'].map((target) =>
        looking(target, 'Host: evil.test'),
      ),
      ...[
        'evil.test',
        '127.0.0.1.evil.test',
        'evil.localhost',
        'localhost.evil.test',
        'localhost@evil.test',
        '127.0.0.1, evil.test',
        '[::1',
        '',
        '2130706433',
        '0x7f.1',
        '127.1',
        '127.0.0.01',
        'localhost.',
      ].map((host) => looking('/sessions', `Host: ${host}`)),
      looking('/sessions', 'Host: evil.test', 'X-Forwarded-Host: localhost'),
      looking('/sessions', 'Host: evil.test', bearer),
    ],
  },
  {
    name: 'a name is compared from its start to its end',
    without: [
      {
        file,
        replace: `hostname === 'localhost'`,
        by: `hostname.endsWith('localhost') || hostname.startsWith('localhost')`,
      },
    ],
    attacks: ['evil.localhost', 'notlocalhost', 'localhost.evil.test'].map((host) =>
      looking('/sessions', `Host: ${host}`),
    ),
  },
  {
    name: 'no page of another origin reads an answer',
    without: [
      {
        file: 'admin/answer.ts',
        replace: `'Cross-Origin-Resource-Policy': 'same-origin',`,
        by: `'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Methods': 'DELETE', 'Access-Control-Allow-Headers': 'Authorization',`,
      },
    ],
    attacks: [
      ['GET /healthz', '200'],
      ['GET /status', '200'],
      ['OPTIONS /sessions/ID', '405'],
    ].map(([line = '', status = '']) =>
      asking({
        name: `${line} by a page of evil.test`,
        wants: 'a page that reads the answer, or is told that it may ask to close sessions',
        asks: head(
          `${line} HTTP/1.1`,
          'Host: 127.0.0.1:PORT',
          'Origin: https://evil.test',
          'Access-Control-Request-Method: DELETE',
          'Access-Control-Request-Headers: authorization',
        ),
        repelled: status,
        gains: /access-control-allow/i,
      }),
    ),
  },
]

const changes: Defence[] = [
  {
    name: 'whoever changes something is no page of another origin, token or not',
    without: [{ file, replace: '?? originFault(request) ?? tokenFault', by: '?? tokenFault' }],
    attacks: [
      'Origin: https://evil.test',
      'Origin: null',
      'Origin: http://127.0.0.1',
      'Origin: http://127.0.0.1:PORT.evil.test',
      'Origin: https://127.0.0.1:PORT',
      'Origin: http://localhost:PORT',
      'Origin:',
      'Sec-Fetch-Site: cross-site',
      'Sec-Fetch-Site: same-site',
      'Origin: http://127.0.0.1:PORT\r\nSec-Fetch-Site: cross-site',
    ].map((field) => closing('403', field, bearer)),
  },
  {
    name: 'whoever changes something knows the token',
    without: [{ file, replace: '?? originFault(request) ?? tokenFault', by: '?? void tokenFault' }],
    attacks: [
      closing('401'),
      closing('401', 'Authorization: Bearer'),
      closing('401', 'Authorization: Bearer undefined'),
      closing('401', `Authorization: Basic ${btoa(`admin:${token}`)}`),
      closing('401', `Authorization: ${token}`),
      closing('401', `Proxy-Authorization: Bearer ${token}`),
      closing('401', `Cookie: token=${token}`),
      closing('401', `X-Token: ${token}`),
    ],
  },
  {
    name: 'it is the whole token, and nothing but it',
    without: [
      {
        file,
        replace: 'isSame(shown, token)',
        by: '(token.toLowerCase().startsWith(shown.toLowerCase()) || shown.startsWith(token) || isSame(shown, token))',
      },
    ],
    attacks: [
      token.slice(0, -1),
      token.slice(0, 1),
      `${token}x`,
      token.toUpperCase(),
      `${token},${token}`,
    ].map((shown) => closing('401', `Authorization: Bearer ${shown}`)),
  },
  {
    name: 'without a token nothing can be changed',
    without: [
      {
        file,
        replace: 'if (token === undefined) {\n    return {',
        by: `if (token === undefined) return undefined\n  if (token === '') {\n    return {`,
      },
    ],
    attacks: [[], ['Authorization: Bearer undefined'], ['Authorization: Bearer']].map((fields) =>
      asking({
        name: fields.join() || 'no token, where there is none',
        wants: 'to close the sessions of others',
        asks: head('DELETE /sessions/ID HTTP/1.1', 'Host: 127.0.0.1:PORT', ...fields),
        token: null,
        repelled: '403',
      }),
    ),
  },
  {
    name: 'what closes a session is DELETE alone, which no page can send unasked',
    without: [
      {
        file: 'admin/paths.ts',
        replace: `const method = request.method === 'HEAD' ? 'GET' : request.method`,
        by: `const method = request.headers.get('x-http-method-override') ?? 'GET'`,
      },
    ],
    attacks: [
      ['GET /sessions/ID', '200'],
      ['POST /sessions/ID', '405'],
      ['HEAD /sessions/ID', '200'],
      ['PUT /sessions/ID', '405'],
      ['OPTIONS /sessions/ID', '405'],
    ].map(([line = '', status = '']) =>
      asking({
        name: `${line} that says it means DELETE`,
        wants: 'a link or a form that closes a session',
        asks: head(
          `${line} HTTP/1.1`,
          'Host: 127.0.0.1:PORT',
          'X-HTTP-Method-Override: DELETE',
          bearer,
        ),
        repelled: status,
      }),
    ),
  },
]

testDefences([...looks, ...changes])
