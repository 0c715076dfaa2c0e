/**
 * Cross-site hijacking: a page of somebody else's opens a WebSocket, to which the browser adds the
 * cookies of its victim. What tells it from a page of one's own is its origin, compared exactly.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake } from '../support/byte-attack.ts'

const routes =
  '  - { path: /chat, upstream: "ws://UPSTREAM", origins: ["https://app.example.com"] }'

/** A handshake with the cookies of a victim. */
const from = (origin: string) =>
  byteAttack({
    name: JSON.stringify(origin),
    wants: 'to speak to the server with the cookies of whoever looks at his page',
    routes,
    sends: [handshake('/chat', `Origin: ${origin}`, 'Cookie: session=victim')],
    repelled: ['403 ORIGIN_NOT_ALLOWED'],
    gains: { upstream: /session=victim/ },
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
    ].map(from),
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
    ].map(from),
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
    attacks: ['https://appxexample.com', 'https://app.example-com'].map(from),
  },
  {
    name: 'there is one origin',
    without: [
      { file: 'wire/http-request.ts', replace: '(host|origin|upgrade|', by: '(host|upgrade|' },
    ],
    attacks: [
      byteAttack({
        ...from('https://app.example.com'),
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
        gains: { upstream: /session=victim/ },
      }),
    ],
  },
]

testDefences(defences)
