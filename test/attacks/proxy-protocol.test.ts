/**
 * The header in which a load balancer tells who its client is: told by somebody else, left out, or made to
 * be read otherwise than it is meant.
 */
import { testDefences, type Defence, type Scene } from '../support/attack.ts'
import { byteAttack, handshake, head, type ByteAttack } from '../support/byte-attack.ts'
import { holding } from '../support/holding.ts'
import { binaryHeader } from '../support/proxy-header.ts'
import { dialTcp } from '../support/tcp.ts'

const routes = '  - { path: /*, upstream: "ws://UPSTREAM" }'
const listener = 'proxy-protocol: true, timeout: { tls: 400ms }'
const get = head('GET /x HTTP/1.1')
const isRelayed = { upstream: /^GET/ }
const isAdmin = { upstream: /^x-real-ip: 192\.0\.2\.66\r$/im }
/** Says that the client is somebody else. */
const forged = 'PROXY TCP4 192.0.2.66 192.0.2.1 1 2\r\n'

const honest = 'PROXY TCP4 203.0.113.7 203.0.113.1 1 2\r\n'

/** With a proper header. */
async function open(port: number) {
  const client = await dialTcp(port)
  client.send(honest)
  return client
}

/** Without one, unless it is among what is sent. */
const dial = ({ port }: Scene) => dialTcp(port)

type Row = Pick<ByteAttack, 'name' | 'sends'> & Partial<ByteAttack>

const refused = (row: Row) =>
  byteAttack({
    wants: 'to come in as whoever he says, past the load balancer',
    routes,
    listener,
    open,
    dial,
    repelled: ['ended'],
    gains: isRelayed,
    ...row,
  })

const opening = 'listener/opening.ts'
const file = 'wire/proxy-protocol.ts'

const headers: Defence[] = [
  {
    name: 'where a header is wanted nobody comes in without',
    without: [
      {
        file: opening,
        replace: `if (reading.kind === 'fault') return this.#refuse('PROXY_PROTOCOL', reading.detail)`,
        by: `if (reading.kind === 'fault') return void (this.#isHeaderRead = true)`,
      },
    ],
    attacks: [
      refused({ name: 'a request', sends: [get] }),
      refused({ name: 'a handshake', sends: [handshake('/chat')] }),
      refused({
        name: 'a request that tells an address',
        sends: [head('GET /x HTTP/1.1', 'X-Forwarded-For: 192.0.2.66')],
      }),
      refused({ name: 'a request behind an empty line', sends: [`\r\n${get}`] }),
    ],
  },
  {
    name: 'where none is wanted none is read',
    without: [
      {
        file: opening,
        replace: 'this.#isHeaderRead = !options.proxyProtocol',
        by: 'this.#isHeaderRead = false',
      },
      {
        file: 'listener/terms.ts',
        replace: 'return this.certificates === undefined && !this.options.proxyProtocol',
        by: 'return this.certificates !== undefined',
      },
    ],
    attacks: ['203.0.113.7', '127.0.0.1', '10.0.0.1'].map((trusted) =>
      refused({
        name: `a header where none is wanted, and ${trusted} is a trusted proxy`,
        listener: `trusted-proxies: [${trusted}]`,
        open: dialTcp,
        sends: [forged + get],
        repelled: ['400 MALFORMED_REQUEST', 'ended'],
        gains: isAdmin,
      }),
    ),
  },
  {
    name: 'a header is read once',
    without: [
      {
        file: opening,
        replace: 'if (this.#isHeaderRead) this.#readHello(this.#gathered?.bytes)',
        by: `if (this.#gathered?.bytes.toString('latin1', 0, 5) === 'PROXY') this.#readHeader(this.#gathered.bytes)\n    if (this.#isHeaderRead) this.#readHello(this.#gathered?.bytes)`,
      },
    ],
    attacks: [
      refused({
        name: 'a header of his own behind that of the load balancer',
        sends: [honest + forged + get],
        repelled: ['400 MALFORMED_REQUEST', 'ended'],
        gains: isAdmin,
      }),
    ],
  },
  {
    name: 'a line is as long as it may be',
    without: [{ file, replace: 'if (end < 0 || end + 2 > maxTextBytes) {', by: 'if (end < 0) {' }],
    attacks: [
      refused({
        name: 'a line of 200 bytes',
        wants: 'work, and memory',
        sends: [`PROXY UNKNOWN ${'x'.repeat(200)}\r\n${get}`],
      }),
    ],
  },
  {
    name: 'a header of version 2 is as long as it may be',
    without: [
      {
        file,
        replace: `if (follows > maxBinaryBytes) return`,
        by: `if (follows < 0) return`,
      },
    ],
    attacks: [
      refused({
        name: 'a header of 60,000 bytes',
        wants: 'work, and memory',
        sends: [binaryHeader({ extensions: Buffer.alloc(60_000) }).toString('latin1') + get],
      }),
    ],
  },
  {
    name: 'a header of version 2 has room for its addresses',
    without: [
      { file, replace: 'if (!isLocal && follows < needed) return', by: 'if (follows < 0) return' },
    ],
    attacks: [0, 2, 11].map((length) =>
      refused({
        name: `${length} bytes for two addresses of IPv4, so that what follows is one`,
        sends: [binaryHeader({ block: Buffer.alloc(length, 192) }).toString('latin1') + get],
      }),
    ),
  },
  {
    name: 'a header of version 2 is of a family that is known',
    without: [
      {
        file,
        replace: 'if (needed === undefined) return',
        by: 'if (family > 255) return',
      },
    ],
    attacks: [0x12, 0x22, 0x41, 0xff].map((family) =>
      refused({
        name: `a client of family 0x${family.toString(16)}`,
        wants: 'to be known by the address of the load balancer',
        sends: [binaryHeader({ family, block: Buffer.alloc(12) }).toString('latin1') + get],
      }),
    ),
  },
  {
    name: 'an address in a header is one',
    without: [
      {
        file,
        replace: 'if (address === undefined || addressOf(destination, family) === undefined)',
        by: `if (address === undefined) return { kind: 'header', length, source }\n  if (destination === 'never')`,
      },
    ],
    attacks: [
      'evil',
      '192.0.2.066',
      '192.0.2.66,127.0.0.1',
      '::ffff:192.0.2.66',
      '256.0.0.1',
      '192.0.2.66:80',
    ].map((address) =>
      refused({
        name: `a client at ${address}`,
        wants: 'an address that limits and logs read otherwise than the server',
        sends: [`PROXY TCP4 ${address} 192.0.2.1 1 2\r\n${get}`],
      }),
    ),
  },
]

const slow: Defence[] = [
  {
    name: 'a header comes in time, as a whole',
    without: [
      {
        file: opening,
        replace: 'if (this.#isOver) return\n    if (this.#gathered ===',
        by: 'if (this.#isOver) return\n    this.#timer.refresh()\n    if (this.#gathered ===',
      },
    ],
    attacks: [
      holding({
        name: 'a header, byte by byte',
        routes,
        listener,
        begin: (client) => client.send(Buffer.from('PROXY UNKNOWN ')),
        drip: 'x',
        repelled: ['ended'],
      }),
    ],
  },
  {
    name: 'whoever connects has said who comes in time',
    without: [
      {
        file: opening,
        replace: 'setTimeout(openingOnTimeout, options.timeoutMs, this)',
        by: 'setTimeout(openingOnTimeout, 0x7fff_ffff, this)',
      },
    ],
    attacks: [
      holding({ name: 'a connection without a word', routes, listener, repelled: ['ended'] }),
      holding({
        name: 'a hundred of them, each with a letter',
        routes,
        listener,
        begin: (client) => client.send(Buffer.from('P')),
        connections: 100,
        repelled: ['ended'],
      }),
      holding({
        name: 'half a header of version 2',
        routes,
        listener,
        begin: (client) => client.send(binaryHeader({}).subarray(0, 17)),
        repelled: ['ended'],
      }),
    ],
  },
]

testDefences([...headers, ...slow])
