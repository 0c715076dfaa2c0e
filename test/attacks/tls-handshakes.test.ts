/**
 * Handshakes that are not meant to come to an end, or to be long: what they hold is bounded in time and in
 * bytes.
 */
import { expect, test } from 'bun:test'
import { testDefences, type Defence } from '../support/attack.ts'
import { makeCertificate } from '../support/certificates.ts'
import { clientHello, records, serverName, vector } from '../support/client-hello.ts'
import { startGateway } from '../support/gateway.ts'
import { holding as holdingAttack, type HoldingAttack } from '../support/holding.ts'
import { dialTls, type TcpConnection } from '../support/tcp.ts'

const { cert, key, certPem: ca } = makeCertificate()
const tls = `tls: ${JSON.stringify({ cert, key })}`
const short = `${tls}, timeout: { tls: 400ms }`
/** What ends before that is not ended by the time it takes. */
const long = `${tls}, timeout: { tls: 1h }`

const holding = (row: Omit<HoldingAttack, 'routes' | 'repelled'>) =>
  holdingAttack({
    routes: '  - { upstream: "http://UPSTREAM" }',
    listener: short,
    repelled: ['ended'],
    ...row,
  })

const bytes = (sent: Buffer) => (client: TcpConnection) => client.send(sent)
const hello = clientHello({ extensions: [serverName('localhost')] })
/** Of as many bytes, none of which has come. */
const beginOf = (length: number) => {
  const size = Buffer.alloc(3)
  size.writeUIntBE(length, 0, 3)
  return Buffer.concat([Buffer.from([1]), size])
}
/** A record of a handshake that is still to come, and the beginning of a ClientHello in it. */
const begun = Buffer.concat([Buffer.from([22, 3, 1, 0x3f, 0xff]), beginOf(0x3ff0)])

/** The first flight of a client that means it. */
async function realHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  using trap = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data: (_, sent) => resolve(Buffer.from(sent)) },
  })
  dialTls(trap.port, { ca }).catch(() => {})
  return await promise
}
const real = await realHello()

const opening = 'listener/opening.ts'
const file = 'wire/client-hello.ts'

const slow: Defence[] = [
  {
    name: 'a handshake has its time as a whole, not from byte to byte',
    without: [
      {
        file: opening,
        replace: 'if (this.#isOver) return\n    if (this.#gathered ===',
        by: 'if (this.#isOver) return\n    this.#timer.refresh()\n    if (this.#gathered ===',
      },
    ],
    attacks: [
      holding({ name: 'a ClientHello, byte by byte', begin: bytes(begun), drip: '\0' }),
      holding({
        name: 'a ClientHello, record by record',
        begin: bytes(records(beginOf(1_000), [])),
        drip: '\x16\x03\x01\0\x01\0',
      }),
      holding({
        name: 'a ClientHello byte by byte, on a hundred connections',
        begin: bytes(begun),
        drip: '\0',
        connections: 100,
      }),
    ],
  },
  {
    name: 'whoever connects has made his handshake in time',
    without: [
      {
        file: opening,
        replace: 'setTimeout(openingOnTimeout, options.timeoutMs, this)',
        by: 'setTimeout(openingOnTimeout, 0x7fff_ffff, this)',
      },
    ],
    attacks: [
      holding({ name: 'a connection without a word' }),
      holding({ name: 'half a ClientHello', begin: bytes(hello.subarray(0, 40)) }),
      holding({ name: 'a handshake that stops behind its ClientHello', begin: bytes(real) }),
      holding({ name: 'a hundred of them', begin: bytes(real), connections: 100 }),
    ],
  },
]

/** It succeeds if the gateway goes on waiting for more. */
const endless = (name: string, sent: Buffer) =>
  holding({ name, wants: 'memory', listener: long, begin: bytes(sent) })

const large: Defence[] = [
  {
    name: 'a ClientHello has a bound',
    without: [
      { file, replace: 'if (length > maxMessageBytes) return', by: 'if (length < 0) return' },
    ],
    attacks: [
      endless(
        'a ClientHello of 16 MB, a part of which has come',
        records(Buffer.concat([beginOf(0xff_ffff), Buffer.alloc(300_000)]), Array(20).fill(16_000)),
      ),
      endless(
        'a ClientHello of 16 MB, of which its length has come',
        records(beginOf(0xff_ffff), []),
      ),
    ],
  },
  {
    name: 'a ClientHello has not so many pieces',
    without: [{ file, replace: 'records <= maxRecords', by: 'records <= 0xffff' }],
    attacks: [
      endless(
        'a ClientHello in a thousand records of one byte',
        records(Buffer.concat([beginOf(8_000), Buffer.alloc(1_000)]), Array(1_000).fill(1)),
      ),
    ],
  },
  {
    name: 'a record is one of a handshake',
    without: [
      {
        file,
        replace: 'if (offset < bytes.length && bytes[offset] !== 22) return',
        by: 'if (offset < 0) return',
      },
    ],
    attacks: [
      endless(
        'a record of another kind behind the first',
        Buffer.concat([
          records(beginOf(8_000), []),
          Buffer.from([23, 3, 1]),
          vector(2, Buffer.alloc(100)),
        ]),
      ),
    ],
  },
  {
    name: 'a handshake begins with a ClientHello',
    without: [{ file, replace: 'if (head[0] !== 1) return', by: 'if (head.length < 0) return' }],
    attacks: [
      endless(
        'another message of a handshake',
        records(Buffer.concat([Buffer.from([2]), beginOf(8_000).subarray(1)]), []),
      ),
    ],
  },
]

testDefences([...slow, ...large])

// No table: it is the runtime's TLS that does none, and nothing here could be taken out.
test('a handshake is not made anew on a connection, as often as a client likes', async () => {
  await using gateway = startGateway(
    `listeners: [{ address: 127.0.0.1, port: 0, ${tls} }]\nroutes: [{ respond: { body: ok } }]\n`,
  )
  const target = [
    '-connect',
    `127.0.0.1:${gateway.port}`,
    '-servername',
    'localhost',
    '-CAfile',
    cert,
  ]
  await using client = Bun.spawn(['openssl', 's_client', '-tls1_2', ...target], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  let out = ''
  for await (const chunk of client.stdout) {
    out += Buffer.from(chunk).toString('latin1')
    if (!out.includes('Verify return code')) continue
    void client.stdin.write('R\n')
    await client.stdin.flush()
  }
  expect(await client.stderr.text()).toContain('no renegotiation')
}, 10_000)
