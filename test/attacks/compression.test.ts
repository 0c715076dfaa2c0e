/**
 * Games with the negotiation of extensions: what the two sides believe to have agreed on must be what
 * the gateway follows their frames by.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake } from '../support/byte-attack.ts'
import { switchTo } from '../support/recording-server.ts'

const routes = '  - { upstream: "ws://UPSTREAM" }'

/** Goes to the server without what the client offers. */
const offered = (offer: string, repelled = ['101', 'upstream: GET /']) =>
  byteAttack({
    name: `the offer ${offer}`,
    wants: 'frames that the gateway reads in another way than both sides',
    routes,
    sends: [handshake('/', `Sec-WebSocket-Extensions: ${offer}`)],
    repelled,
    gains: { upstream: /EVIL/ },
  })

/** The same, in a header that cannot be read (RFC 6455 §9.1). */
const misspelled = (offer: string) => offered(offer, ['400 MALFORMED_UPGRADE'])

const switched = { client: /^HTTP\/1\.1 101 / }
const deflate = 'Sec-WebSocket-Extensions: permessage-deflate'

/** What a server chooses, of an offer of permessage-deflate. */
const chosen = (name: string, ...fields: readonly string[]) =>
  byteAttack({
    name,
    wants: 'frames that the client reads in another way than the gateway',
    routes,
    answer: (request) => switchTo(request, ...fields),
    sends: [handshake('/', 'Sec-WebSocket-Extensions: permessage-deflate')],
    repelled: ['502 UPSTREAM_BAD_HANDSHAKE', 'upstream: GET /'],
    gains: switched,
  })

const parser = 'wire/extension-header.ts'
const checks = 'wire/websocket-handshake.ts'

const defences: Defence[] = [
  {
    name: 'only what a tunnel can follow is offered on',
    without: [
      {
        file: 'proxy/framing.ts',
        replace: `.filter(({ name }) => name === 'permessage-deflate')`,
        by: '',
      },
    ],
    attacks: [
      'x-webkit-deflate-frame; EVIL',
      'permessage-bzip2; EVIL',
      'permessage-deflate2; EVIL',
      'EVIL, permessage-deflate',
      'PERMESSAGE-DEFLATE; EVIL',
    ].map((offer) => offered(offer)),
  },
  {
    name: 'a parameter is there once',
    without: [
      {
        file: 'proxy/framing.ts',
        replace: '.filter((each) => !each.hasDoubledParameter)',
        by: '',
      },
    ],
    attacks: [
      offered('permessage-deflate; EVIL=8; EVIL=15'),
      offered('permessage-deflate; EVIL; EVIL'),
    ],
  },
  {
    name: 'a value is a token, quoted or not',
    without: [
      {
        file: parser,
        replace: 'return value !== undefined && isToken(value) ? { name, value } : undefined',
        by: `return { name, value: value ?? '' }`,
      },
    ],
    attacks: [
      misspelled('permessage-deflate; a="b, EVIL"'),
      misspelled('permessage-deflate; a="b; EVIL"'),
      misspelled('permessage-deflate; a="EVIL'),
      misspelled('permessage-deflate; a=b=EVIL'),
      misspelled('permessage-deflate; EVIL='),
    ],
  },
  {
    name: 'a name is a token',
    without: [
      { file: parser, replace: 'if (!isToken(name)) return undefined\n    const', by: 'const' },
    ],
    attacks: [
      misspelled('permessage-deflate; EVIL, [x]'),
      misspelled('permessage-deflate; EVIL,,'),
      misspelled(', permessage-deflate; EVIL'),
    ],
  },
  {
    name: 'what a server chooses was offered',
    without: [
      {
        file: checks,
        replace: 'if (names.some((name) => !offer.extensions.includes(name)))',
        by: 'if (names.length < 0)',
      },
    ],
    attacks: [
      chosen('another extension', 'Sec-WebSocket-Extensions: x-webkit-deflate-frame'),
      chosen(
        'two, one of them offered',
        'Sec-WebSocket-Extensions: permessage-deflate, x-unheard-of',
      ),
      byteAttack({
        ...chosen('compression that nobody offered', deflate),
        sends: [handshake('/')],
        gains: switched,
      }),
    ],
  },
  {
    name: 'a choice can be read',
    without: [
      {
        file: checks,
        replace: `if (extensions === undefined || extensions.some(({ hasDoubledParameter }) => hasDoubledParameter))\n    return 'sec-websocket-extensions is malformed'\n  const names = extensions.map(`,
        by: 'const names = (extensions ?? []).map(',
      },
    ],
    attacks: [
      chosen(
        'a choice with a parameter twice',
        'Sec-WebSocket-Extensions: permessage-deflate; a=1; a=2',
      ),
      chosen('a choice without a name', 'Sec-WebSocket-Extensions: permessage-deflate,'),
      chosen('a quote without end', 'Sec-WebSocket-Extensions: permessage-deflate; a="b'),
      chosen(
        'two lines',
        'Sec-WebSocket-Extensions: permessage-deflate',
        'Sec-WebSocket-Extensions: permessage-deflate; a=1',
      ),
    ],
  },
]

testDefences(defences)
