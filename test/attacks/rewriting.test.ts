/**
 * Values of a request where a route writes them into a path, a header or a redirect: nobody gets to write
 * more there than one value.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, head, type ByteAttack } from '../support/byte-attack.ts'

const routes = `
  - { path: /query, upstream: "http://UPSTREAM", forward: { path: "/rooms/{request.query.room}/public" } }
  - { path: /header, upstream: "http://UPSTREAM", forward: { path: "/rooms/{request.header.x-room}/public" } }
  - { path: /search, upstream: "http://UPSTREAM", forward: { path: "/find?room={request.header.x-room}" } }
  - { path: "/chat/:room", upstream: "http://UPSTREAM", forward: { path: "/ws?room={request.path.room}" } }
  - { path: "/moved/:room", redirect: "/ws?room={request.path.room}" }
  - path: /told/*
    upstream: "http://UPSTREAM"
    forward: { headers: { set: { x-user: "{request.query.user}", x-area: "$request.path.*" }, remove: [x-debug] } }
  - { path: /tenant, upstream: "http://UPSTREAM", forward: { host: "{request.header.x-tenant}.internal" } }
  - { path: /away/*, redirect: "/{request.path.*}" }
  - { path: /back, redirect: "/{request.query.to}" }
  - { host: plain.test, redirect: "https://{request.host}{request.path}" }
  - { host: old.test, redirect: "https://example.com{request.path}" }
`

type Row = Pick<ByteAttack, 'gains'> & Partial<ByteAttack>

const asking = (target: string, row: Row, ...fields: readonly string[]) =>
  byteAttack({
    name: [target, ...fields].join(' with '),
    wants: 'another page of the server than the route is for',
    routes,
    sends: [head(`GET ${target} HTTP/1.1`, ...fields)],
    repelled: ['400 UNSAFE_PATH'],
    ...row,
  })

const byQuery = (room: string, row: Row) => asking(`/query?room=${room}`, row)
const byHeader = (room: string, row: Row) => asking('/header', row, `X-Room: ${room}`)
/** Arrives as one value. @param gained what it would be without encoding. */
const encoded = (room: string, gained: RegExp): Row => ({
  repelled: ['200 ok', `upstream: GET /rooms/${room}/public`],
  gains: { upstream: new RegExp(`^GET /rooms/${gained.source}`) },
})
const escaped = { upstream: /^GET \/rooms/ }

const encoding = 'expression/encoding.ts'
const aSlash = {
  file: encoding,
  replace: 'if (!isInQuery && slash.test(value)) return undefined',
  by: '',
}
const dots = {
  file: 'proxy/forward.ts',
  replace: 'if (pathSegments(rewritten) === undefined)',
  by: `if (rewritten === '')`,
}

const paths: Defence[] = [
  {
    name: 'a value in a path is one segment',
    without: [aSlash],
    attacks: [
      ...['x/private', '/private', 'x%2fprivate', 'x%2Fprivate', 'x\\private', 'x%5cprivate'].map(
        (room) => byQuery(room, { gains: escaped }),
      ),
      byHeader('x\\private', {
        // It would be encoded, but a server that decodes it finds a slash in it.
        gains: { upstream: /^GET \/rooms\/x%5Cprivate/ },
      }),
    ],
  },
  {
    name: 'a value in a path makes no dot segment',
    without: [dots],
    attacks: [
      ...['..', '.', '%2e%2e', '%2E.', '..;', '..;a=b', '..%3ba', 'x%00'].map((room) =>
        byQuery(room, { gains: escaped }),
      ),
      byHeader('..', { gains: escaped }),
    ],
  },
  {
    name: 'dots and slashes climb nowhere',
    without: [aSlash, dots],
    attacks: ['../private', '..%2fprivate', '..\\private', '../../private?', '..%2F..%2F'].map(
      (room) => byQuery(room, { gains: escaped }),
    ),
  },
  {
    name: 'a value in a URL is encoded',
    without: [
      {
        file: encoding,
        replace: `if (form === 'text') return encodeText(value)`,
        by: `if (form === 'text') return value`,
      },
    ],
    attacks: [
      byHeader('a?admin=1', encoded('a%3Fadmin%3D1', /a\?admin=1/)),
      byHeader('a b', encoded('a%20b', /a b/)),
      byHeader('a#b', encoded('a%23b', /a#b/)),
      byHeader('%61dmin', encoded('%2561dmin', /%61dmin/)),
      byHeader('\xe4', encoded('%E4', /\xe4/)),
      asking(
        '/search',
        {
          repelled: ['200 ok', 'upstream: GET /find?room=a%26admin%3D1'],
          gains: { upstream: /^GET \/find\?room=a&admin=1/ },
        },
        'X-Room: a&admin=1',
      ),
    ],
  },
  {
    name: 'a part of the path is one value in a query',
    without: [
      {
        file: encoding,
        replace: 'return isInQuery ? value.replace(queryMark, encodeCharacter) : value',
        by: 'return isInQuery ? value.replace(queryMark, (mark) => mark) : value',
      },
    ],
    attacks: [
      ...[
        ['a&admin=1', 'a%26admin%3D1'],
        ['a;admin=1', 'a%3Badmin%3D1'],
        ['&room=b', '%26room%3Db'],
        ['a+b', 'a%2Bb'],
      ].map(([room = '', expected = '']) =>
        asking(`/chat/${room}`, {
          wants: 'a parameter of his own',
          repelled: ['200 ok', `upstream: GET /ws?room=${expected}`],
          gains: { upstream: /^GET \/ws\?room=[^ ]*[&;+]/ },
        }),
      ),
      asking('/moved/a&admin=1', {
        wants: 'a parameter of his own, in a link that is the page of somebody else',
        repelled: ['302'],
        gains: { client: /^location: \/ws\?room=a&/im },
      }),
    ],
  },
  {
    name: 'a value in a path begins no query',
    without: [{ file: encoding, replace: `.replaceAll('?', '%3F')`, by: '' }],
    attacks: [
      byQuery('a?admin=1', {
        repelled: ['200 ok', 'upstream: GET /rooms/a%3Fadmin=1/public?room=a?admin=1'],
        gains: { upstream: /^GET \/rooms\/a\?admin/ },
      }),
    ],
  },
]

const headers: Defence[] = [
  {
    name: 'a value ends no header line',
    without: [
      {
        file: 'expression/selection.ts',
        replace: `readQuery(target).find((item) => item.name === name)?.sent ?? ''`,
        by: `decodeURIComponent(readQuery(target).find((item) => item.name === name)?.sent ?? '')`,
      },
      {
        file: encoding,
        replace: String.raw`if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value`,
        by: 'if (value !== undefined) return value',
      },
    ],
    attacks: ['evil%0d%0aX-Admin:%201', 'evil%0aX-Admin:%201', '%0D%0A%0D%0AX-Admin:1'].map(
      (user) =>
        asking(`/told/x?user=${user}`, {
          wants: 'a header of his own',
          repelled: ['200 ok', `upstream: GET /told/x?user=${user}`],
          gains: { upstream: /^x-admin:/im },
        }),
    ),
  },
  {
    name: 'what a route sets is there once, in whatever spelling',
    without: [
      {
        file: 'proxy/header-rewrite.ts',
        replace: '!this.#names.has(spelled(name))',
        by: '!this.#names.has(name)',
      },
    ],
    attacks: [
      'X-User: admin',
      'x_user: admin',
      'X_USER: admin',
      'X-Area: admin',
      'X_Debug: admin',
    ].map((field) =>
      asking(
        '/told/x?user=me',
        {
          wants: 'to be somebody else to the server',
          repelled: ['200 ok', 'upstream: GET /told/x?user=me'],
          gains: { upstream: /: admin\r/ },
        },
        field,
      ),
    ),
  },
  {
    name: 'no Connection field takes away what a route sets',
    without: [
      {
        file: 'proxy/forward.ts',
        replace: '...route.requestHeaders.apply(fields, facts),',
        by: '...route.requestHeaders.apply(fields, facts).filter(({ name }) => !isHopByHop(name, head.connection)),',
      },
    ],
    attacks: [
      asking(
        '/told/x?user=me',
        {
          wants: 'a server that finds nobody, and takes him for one of its own',
          repelled: ['200 ok', 'upstream: GET /told/x?user=me'],
          gains: { upstream: /^GET (?:(?!x-user)[^])*\r\n\r\n$/i },
        },
        'Connection: keep-alive, X-User',
      ),
    ],
  },
  {
    name: 'a value in a Host makes a host of it',
    without: [
      {
        file: 'proxy/forward.ts',
        replace: 'if (isHost(rendered)) return rendered',
        by: 'if (rendered !== host.source) return rendered',
      },
    ],
    attacks: [
      'evil.test/x',
      'evil.test#',
      'evil.test?',
      'a@evil',
      'evil.test:80:',
      'evil, a',
      '\xe4',
    ].map((tenant) =>
      asking(
        '/tenant',
        {
          wants: 'the pages of another host',
          repelled: ['400 MALFORMED_REQUEST'],
          gains: { upstream: /^GET/ },
        },
        `X-Tenant: ${tenant}`,
      ),
    ),
  },
]

const away: Row = {
  wants: "his own page behind a link to somebody else's server",
  gains: { client: /^location: (\/[/\\]|https:\/\/\/)/im },
}
const strip = {
  file: 'proxy/redirect.ts',
  replace: String.raw`location.replace(/^[/\\]+/, '')`,
  by: 'location.slice(1)',
}

const redirects: Defence[] = [
  {
    name: 'a redirect to a path is one on the same host',
    without: [strip],
    attacks: ['/away/\\evil.test', '/away/\\/evil.test/x', '/away//\\evil.test?'].map((target) =>
      asking(target, { ...away, repelled: ['302'] }),
    ),
  },
  {
    name: 'a value in a redirect is one segment',
    without: [aSlash, strip],
    attacks: ['/evil.test', '//evil.test', '\\evil.test', '\\/evil.test'].map((to) =>
      asking(`/back?to=${to}`, away),
    ),
  },
  {
    name: 'a redirect to a site is one to this site',
    without: [
      {
        file: 'proxy/redirect.ts',
        replace: 'if (!isMeant(authority, this.#authority)) throw unsafe()',
        by: 'void [isMeant, authority]',
      },
    ],
    attacks: [
      asking('/evil.test/x', {
        ...away,
        name: 'a URL without a host, which browsers take the next best for',
        routes: '  - { redirect: "https://{request.host}{request.path}" }',
        sends: ['GET /evil.test/x HTTP/1.1\r\nHost:\r\n\r\n'],
      }),
      asking('*', {
        ...away,
        name: 'OPTIONS *, which is no path behind a host',
        sends: [head('OPTIONS * HTTP/1.1', 'Host: old.test')],
        gains: { client: /^location: https:\/\/example\.com\*/im },
      }),
    ],
  },
]

testDefences([...paths, ...headers, ...redirects])
