/**
 * Addresses, hosts and schemes that are told by whoever likes to tell them: a proxy is believed only
 * where the configuration says so, and of what it tells only what it has written itself.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, head, type ByteAttack } from '../support/byte-attack.ts'

const routes = '  - { path: /*, upstream: "ws://UPSTREAM" }'
/** Who the attacker would like to be. */
const admin = '192.0.2.66'
const isAdmin = { upstream: /^x-real-ip: 192\.0\.2\.66\r$/im }

type Row = Partial<ByteAttack> & Pick<ByteAttack, 'listener'>

/** A page, asked for with these fields. It is served; what is told of who asks is not what he says. */
const asking = (fields: readonly string[], row: Row) =>
  byteAttack({
    name: fields.join(' and '),
    wants: 'to be taken for somebody else: by logs, by limits, by the server',
    routes,
    sends: [head('GET /x HTTP/1.1', ...fields)],
    repelled: ['200 ok', 'upstream: GET /x'],
    gains: isAdmin,
    ...row,
  })

/** By himself: proxies are trusted elsewhere. */
const alone = (fields: readonly string[], row: Partial<ByteAttack> = {}) =>
  asking(fields, { listener: 'trusted-proxies: [10.0.0.0/8]', ...row })

/** Through a proxy that is trusted, and has written the last address. */
const behind = (fields: readonly string[], row: Partial<ByteAttack> = {}) =>
  asking(fields, { listener: 'trusted-proxies: [127.0.0.1, 10.0.0.0/8]', ...row })

const file = 'proxy/trusted.ts'

const strangers: Defence[] = [
  {
    name: 'only a trusted proxy tells an address',
    without: [{ file, replace: 'if (!client.isTrustedProxy) return client.address', by: '' }],
    attacks: [
      [`X-Forwarded-For: ${admin}`],
      [`X-Forwarded-For: 10.0.0.1, ${admin}, 10.0.0.2`],
      [`X-Forwarded-For: ${admin}:80`],
      [`Forwarded: for=${admin}`],
      [`Forwarded: proto=https;for="${admin}:80"`],
    ].map((fields) => alone(fields)),
  },
  {
    name: 'only a trusted proxy tells how a client came',
    without: [
      {
        file: 'proxy/forwarded.ts',
        replace: `client.isTrustedProxy ? head.fields.get('x-forwarded-proto') : undefined`,
        by: `head.fields.get('x-forwarded-proto')`,
      },
    ],
    attacks: ['https', 'wss', 'HTTPS'].map((scheme) =>
      alone([`X-Forwarded-Proto: ${scheme}`], {
        wants: 'a server that takes the connection for a safe one',
        gains: { upstream: /^x-forwarded-proto: (https|wss)\r$/im },
      }),
    ),
  },
  {
    name: 'only a trusted proxy tells the host that was asked for',
    without: [
      {
        file,
        replace: `client.isTrustedProxy ? head.fields.get('x-forwarded-host') : undefined`,
        by: `head.fields.get('x-forwarded-host')`,
      },
    ],
    attacks: [
      alone(['X-Forwarded-Host: evil.test'], {
        wants: 'links to his own host, in the mails that the server sends',
        gains: { upstream: /^x-forwarded-host: evil/im },
      }),
      alone([], {
        name: 'a handshake of a page of evil.test, with X-Forwarded-Host: evil.test',
        wants: 'a page of his own that passes for one of the host that was asked for',
        sends: [
          handshake(
            '/chat',
            'Origin: https://evil.test',
            'X-Forwarded-Host: evil.test',
            'Cookie: session=victim',
          ),
        ],
        repelled: ['403 ORIGIN_NOT_ALLOWED'],
        gains: { upstream: /session=victim/ },
      }),
    ],
  },
  {
    name: 'only a trusted proxy tells what a request is called',
    without: [
      {
        file,
        replace: `client.isTrustedProxy ? fields.get('x-request-id') : undefined`,
        by: `fields.get('x-request-id')`,
      },
    ],
    attacks: [
      alone(['X-Request-Id: evil'], {
        wants: 'logs in which his requests are those of somebody else',
        gains: { upstream: /^x-request-id: evil/im },
      }),
    ],
  },
]

const clients: Defence[] = [
  {
    name: 'of a chain of addresses the last that is no trusted proxy counts',
    without: [
      { file, replace: 'passedAddresses(fields).toReversed()', by: 'passedAddresses(fields)' },
    ],
    attacks: [
      [`X-Forwarded-For: ${admin}, 203.0.113.7`],
      [`X-Forwarded-For: ${admin}`, 'X-Forwarded-For: 203.0.113.7'],
      [`X-Forwarded-For: ${admin}, 203.0.113.7, 10.0.0.9`],
      [`X-Forwarded-For: ${admin}:443, [2001:db8::7]:1234`],
      [`Forwarded: for=${admin}, for=203.0.113.7`],
      [`Forwarded: for=${admin};by=10.0.0.9, for="203.0.113.7:80"`],
      [`Forwarded: for=${admin}`, 'Forwarded: for="[2001:db8::7]"'],
    ].map((fields) => behind(fields)),
  },
  {
    name: 'what stands left of something that is no address is not believed',
    without: [
      { file, replace: 'if (next === undefined) return address', by: 'if (!next) continue' },
    ],
    attacks: [
      `X-Forwarded-For: ${admin}, unknown`,
      `X-Forwarded-For: ${admin}, unknown, 10.0.0.9`,
      `X-Forwarded-For: ${admin}, 203.0.113.007`,
      `X-Forwarded-For: ${admin}, 203.0.113.7:port`,
      `X-Forwarded-For: ${admin}, 203.0.113.7;a`,
      `X-Forwarded-For: ${admin}, fe80::1::2`,
      `Forwarded: for=${admin}, for=_hidden`,
      `Forwarded: for=${admin}, for="203.0.113.7`,
      `Forwarded: for=${admin}, x="`,
      `Forwarded: for=${admin}, for="203.0.113.7\\""`,
    ].map((field) => behind([field])),
  },
  {
    name: 'a proxy that writes one of the two headers is not believed for the other',
    without: [
      {
        file,
        replace: `if (fields.count('x-forwarded-for') > 0) return`,
        by: `if (fields.count('forwarded') === 0) return`,
      },
    ],
    attacks: [behind([`Forwarded: for=${admin}`, 'X-Forwarded-For: 203.0.113.7'])],
  },
  {
    name: 'what such a proxy lets pass goes no further',
    without: [
      {
        file: 'proxy/forwarded.ts',
        replace: ` || fields.count('x-forwarded-for') > 0) return ''`,
        by: `) return ''`,
      },
    ],
    attacks: [
      behind([`Forwarded: for=${admin}`, 'X-Forwarded-For: 203.0.113.7'], {
        name: 'Forwarded, which the proxy does not write, for the server to read',
        gains: { upstream: /^forwarded: for=192/im },
      }),
    ],
  },
  {
    name: 'what a proxy takes for another header goes no further',
    without: [
      {
        file: 'proxy/forwarded.ts',
        replace: 'return name !== key || !facts',
        by: 'return !facts',
      },
    ],
    attacks: ['X_Forwarded_Prefix: /evil', 'X-Forwarded_Port: 666'].map((field) =>
      behind([field], { gains: { upstream: /^x[-_]forwarded_/im } }),
    ),
  },
  {
    name: 'a host that a proxy tells is a host',
    without: [{ file, replace: ` && isHost(told) ? told`, by: ' ? told' }],
    attacks: [
      'evil.test, site.test',
      'evil.test/x',
      'evil.test@site.test',
      'evil.test#site.test',
      '<evil.test>',
    ].map((host) =>
      behind([`X-Forwarded-Host: ${host}`], {
        wants: 'links to his own host, past a proxy that adds to what is there',
        gains: { upstream: /^x-forwarded-host: <?evil/im },
      }),
    ),
  },
  {
    name: 'a scheme that a proxy tells is one',
    without: [
      {
        file: 'proxy/forwarded.ts',
        replace: 'told !== undefined && schemes.has(told.toLowerCase()) ? told',
        by: 'told !== undefined ? told',
      },
    ],
    attacks: ['https, http', 'javascript', 'https://evil.test/?', '"https"'].map((scheme) =>
      behind([`X-Forwarded-Proto: ${scheme}`], {
        wants: 'links that lead elsewhere',
        gains: { upstream: /^x-forwarded-proto: (?!https?\r)/im },
      }),
    ),
  },
  {
    name: 'a name that a proxy tells of a request is one',
    without: [
      {
        file,
        replace: `return isGood && fields.count('x-request-id') === 1 ? told`,
        by: 'return told !== undefined ? told',
      },
    ],
    attacks: [
      ['X-Request-Id: evil another="field"'],
      [`X-Request-Id: evil${'x'.repeat(1_000)}`],
      ['X-Request-Id: evil', 'X-Request-Id: good'],
      ['X-Request-Id: evil\xff'],
    ].map((fields) =>
      behind(fields, {
        name: JSON.stringify(fields.join(' and ').slice(0, 40)),
        wants: 'lines of a log that he writes himself',
        gains: { upstream: /^x-request-id: evil/im },
      }),
    ),
  },
]

testDefences([...strangers, ...clients])
