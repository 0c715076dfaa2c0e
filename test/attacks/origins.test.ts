/**
 * Cross-site hijacking: a page of somebody else's opens a WebSocket, to which the browser adds the
 * cookies, the login and the certificate of its victim. What tells it from a page of one's own is its origin, compared exactly.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, type ByteAttack } from '../support/byte-attack.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import { dialTls } from '../support/tcp.ts'

const routes =
  '  - { path: /chat, upstream: "ws://UPSTREAM", origins: ["https://app.example.com"] }'

/** A handshake with the cookies of a victim. */
const from = (origin: string, row: Partial<ByteAttack> = {}) =>
  byteAttack({
    name: JSON.stringify(origin),
    wants: 'to speak to the server with the cookies of whoever looks at his page',
    routes,
    sends: [handshake('/chat', `Origin: ${origin}`, 'Cookie: session=victim')],
    repelled: ['403 ORIGIN_NOT_ALLOWED'],
    gains: { upstream: /session=victim/ },
    ...row,
  })

const file = 'proxy/origin.ts'
const replace = 'return origins.includes(origin) ?'

const defences: Defence[] = [
  {
    name: 'an origin is one of the list',
    without: [{ file, replace, by: 'return true ?' }],
    attacks: [
      'https://evil.com',
      'https://evil.com\r\nConnection: Upgrade, Origin',
      'null',
      '',
      '*',
      'https://xn--pp-9ia.example.com',
      'https://\xe0pp.example.com',
      'file://',
      'chrome-extension://abcdef',
    ].map((origin) => from(origin)),
  },
  {
    name: 'an origin is compared from its start to its end',
    without: [
      {
        file,
        replace,
        by: 'return origins.some((each) => origin.includes(each.slice(8))) ?',
      },
    ],
    attacks: [
      'https://app.example.com.evil.com',
      'https://evil.com/https://app.example.com',
      'https://app.example.com@evil.com',
      'https://evil-app.example.com',
      'https://evil.app.example.com',
      'http://app.example.com',
      'wss://app.example.com',
      'https://app.example.com:8443',
      'https://app.example.com:443',
      'https://app.example.com.',
      'https://app.example.com/',
      'https://app.example.com https://evil.com',
      'https://evil.com, https://app.example.com',
      'https://app.example.com\xa0',
      'https:app.example.com',
    ].map((origin) => from(origin)),
  },
  {
    name: 'a dot in a list is a dot',
    without: [
      {
        file,
        replace,
        by: 'return origins.some((each) => new RegExp(`^${each}$`).test(origin)) ?',
      },
    ],
    attacks: ['https://appxexample.com', 'https://app.example-com'].map((origin) => from(origin)),
  },
  {
    name: 'there is one origin',
    without: [
      { file: 'wire/http-request.ts', replace: '(host|origin|upgrade|', by: '(host|upgrade|' },
    ],
    attacks: [
      from('https://app.example.com', {
        name: 'a good origin and a bad one',
        sends: [
          handshake(
            '/chat',
            'Origin: https://app.example.com',
            'Origin: https://evil.com',
            'Cookie: session=victim',
          ),
        ],
        repelled: ['400 MALFORMED_REQUEST', 'ended'],
      }),
    ],
  },
]

const ownRoutes = '  - { path: /chat, upstream: "ws://UPSTREAM" }'
const authority = makeAuthority()
const server = makeCertificate({ names: 'DNS:site.test' })
const victim = makeCertificate({ subject: '/CN=victim', issuer: authority })

/** As a browser with a certificate of its own connects. */
const dialAsVictim = (port: number) =>
  dialTls(port, {
    ca: server.certPem,
    servername: 'site.test',
    cert: victim.certPem,
    key: victim.keyPem,
  })

/** The same on a route that says nothing of origins. */
const toOwn = (origin: string, ...more: readonly string[]) => {
  const fields = [`Origin: ${origin}`, 'Cookie: session=victim', ...more]
  return from(origin, {
    name: fields.join(', '),
    routes: ownRoutes,
    sends: [handshake('/chat', ...fields)],
  })
}

const own: Defence[] = [
  {
    name: 'cookies are for pages of the host that is asked',
    without: [
      {
        file,
        replace: 'if (asking !== undefined && hostName(asking) === hostName(publicHost)) return',
        by: `if (publicHost !== '') return`,
      },
    ],
    attacks: [
      toOwn('https://evil.com'),
      toOwn('null'),
      toOwn(''),
      toOwn('site.test'),
      toOwn('//site.test'),
      toOwn('file://'),
      toOwn('chrome-extension://site'),
      toOwn('https://evil.com', 'Connection: Upgrade, Origin'),
      toOwn('https://evil.com', 'Cookie: another=1'),
      toOwn('https://evil.com', 'Referer: https://site.test/', 'X-Origin: https://site.test'),
    ],
  },
  {
    name: 'the host of a page is compared from its start to its end',
    without: [
      {
        file,
        replace: 'hostName(asking) === hostName(publicHost)',
        by: 'origin.includes(hostName(publicHost))',
      },
    ],
    attacks: [
      'https://site.test.evil.com',
      'https://evil-site.test',
      'https://sub.site.test',
      'https://evil.com/site.test',
      'https://evil.com?site.test',
      'https://evil.com#site.test',
      'https://site.test@evil.com',
      'https://site.test:80@evil.com',
      'https://evil.com\\site.test',
    ].map((origin) => toOwn(origin)),
  },
  {
    name: 'cookies are seen wherever they stand',
    without: [
      {
        file,
        replace: 'head.fields.list.some(isForeign)',
        by: `head.fields.get('cookie')?.includes('=') === true`,
      },
    ],
    attacks: [
      from('https://evil.com', {
        name: 'cookies behind an empty field of them',
        routes: ownRoutes,
        sends: [
          handshake('/chat', 'Origin: https://evil.com', 'Cookie:', 'cOOKIE: session=victim'),
        ],
      }),
    ],
  },
  {
    name: 'a login is for pages of the host that is asked',
    without: [
      {
        file,
        replace: `if (head.fields.count('authorization') > 0) return 'a login'`,
        by: '',
      },
    ],
    attacks: ['Authorization: Basic dmljdGltOng=', 'AUTHORIZATION: Negotiate YII='].map((login) =>
      from('https://evil.com', {
        name: login,
        wants: 'to speak to the server with the password of whoever looks at his page',
        routes: ownRoutes,
        sends: [handshake('/chat', 'Origin: https://evil.com', login)],
        gains: { upstream: /^authorization:/im },
      }),
    ),
  },
  {
    name: 'a certificate is for pages of the host that is asked',
    without: [
      {
        file,
        replace: `return certificate === undefined ? undefined : 'a certificate'`,
        by: `return certificate === undefined ? undefined : ''.at(0)`,
      },
    ],
    attacks: ['https://evil.com', 'null'].map((origin) =>
      from(origin, {
        name: `a page of ${origin}, shown with a certificate`,
        wants: 'to speak to the server with the certificate of whoever looks at his page',
        routes: ownRoutes,
        listener: `tls: ${JSON.stringify({ cert: server.cert, key: server.key, client: { ca: authority.cert } })}`,
        open: dialAsVictim,
        dial: ({ port }) => dialAsVictim(port),
        sends: [handshake('/chat', `Origin: ${origin}`)],
        gains: { upstream: /^sluice-client-subject: CN=victim/im },
      }),
    ),
  },
]

testDefences([...defences, ...own])
