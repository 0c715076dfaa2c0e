/**
 * Those who send more than anybody takes. What the gateway holds for them has a bound: it reads no
 * further, whatever they send, and lets the kernel tell them so.
 */
import { testDefences, type Attack, type Defence, type Scene } from '../support/attack.ts'
import { handshake, head, until } from '../support/byte-attack.ts'
import { page } from '../support/recording-server.ts'
import { flood as floodSocket } from '../support/raw.ts'
import { dialTcp, type TcpConnection } from '../support/tcp.ts'

const routes = `
  - { path: /chat, upstream: "ws://UPSTREAM" }
  - { upstream: "http://UPSTREAM" }
`
/** More than all buffers of two connections hold. */
const floodBytes = 48 * 1024 * 1024
/** As long without progress is a standstill. */
const stillMs = 1_500

interface Progress {
  /** Of what it is to come to. */
  readonly share: number
}

/** It succeeds if the gateway takes all of it, and holds what nobody else takes. */
function flooding(
  row: Pick<Attack, 'name' | 'answer' | 'isDeaf'> & {
    /** Begins the flood. */
    readonly begin: (scene: Scene, client: TcpConnection) => Promise<Progress>
  },
): Attack {
  const { begin, ...attack } = row
  return {
    ...attack,
    wants: 'memory',
    routes,
    repelled: ['stopped'],
    async run(scene) {
      using client = await dialTcp(scene.port)
      const progress = await begin(scene, client)
      let before = -1
      while (progress.share < 1 && progress.share !== before) {
        before = progress.share
        await until(() => progress.share !== before, stillMs)
      }
      const isAll = progress.share >= 1
      return { seen: [isAll ? 'took all of it' : 'stopped'], isGained: isAll }
    },
  }
}

/** Sends the same again and again, as fast as it is taken. */
function flood(client: TcpConnection, bytes: Buffer): Progress {
  let sentBytes = 0
  const send = async () => {
    for (; sentBytes < floodBytes; sentBytes += bytes.length) await client.sendWhole(bytes)
  }
  // The gateway may end the connection, which is one way of stopping.
  void send().catch(() => {})
  return {
    get share() {
      return sentBytes / floodBytes
    },
  }
}

/** In a session whose server reads nothing. */
const inSession = (name: string, bytes: Buffer) =>
  flooding({
    name,
    isDeaf: true,
    async begin(_, client) {
      client.send(Buffer.from(handshake('/chat')))
      await client.until(/\r\n\r\n/)
      return flood(client, bytes)
    },
  })

const chunk = Buffer.alloc(64 * 1024, 'x')
const many = (text: string) => Buffer.from(text.repeat(10_000), 'latin1')
// Masked, with a key of zeros.
const message = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
const fragments = Buffer.concat([
  Buffer.from('\x02\x80aaaa', 'latin1'),
  many('\x00\x80aaaa'),
  Buffer.from('\x80\x80aaaa', 'latin1'),
])

/** Pages that are asked for ahead. */
const pages = 600
const pageBytes = 40_000

const reader = 'listener/request-reader.ts'
const defences: Defence[] = [
  {
    name: 'a client is not read while its server takes nothing',
    without: [
      {
        file: 'proxy/side.ts',
        replace: 'this.peer.#accept(passing, this) > this.#options.pendingBytes',
        by: 'this.peer.#accept(passing, this) < 0',
      },
    ],
    attacks: [
      inSession('a flood of messages', Buffer.concat([message, chunk])),
      inSession('a flood of pings', many('\x89\x80aaaa')),
      inSession('a flood of messages of one byte', many('\x82\x81aaaax')),
      inSession('a flood of fragments without a byte', fragments),
    ],
  },
  {
    name: 'an upload is not read while its server takes nothing',
    without: [
      {
        file: 'proxy/http-relay.ts',
        replace:
          'if (connection.write(bytes) > route.config.limits.pendingBytes) request.pauseBody()',
        by: 'connection.write(bytes)',
      },
    ],
    attacks: [
      flooding({
        name: 'an upload to a server that does not read',
        isDeaf: true,
        async begin(_, client) {
          client.send(Buffer.from(head('POST / HTTP/1.1', `Content-Length: ${2 * floodBytes}`)))
          return flood(client, chunk)
        },
      }),
    ],
  },
  {
    name: 'an answer is not read while its client takes nothing',
    without: [
      {
        file: 'proxy/answer-relay.ts',
        replace:
          'if (request.write(bytes) > route.config.limits.pendingBytes) connection.stream.pause()',
        by: 'request.write(bytes)',
      },
    ],
    attacks: [
      flooding({
        name: 'a page that its client does not read',
        async begin({ upstream }, client) {
          client.pause()
          client.send(Buffer.from(head('GET / HTTP/1.1')))
          await until(() => upstream.received.join('') !== '')
          const progress = floodSocket(upstream.socket(0), chunk, floodBytes)
          return {
            get share() {
              return progress.sentBytes / floodBytes
            },
          }
        },
        answer: () => `HTTP/1.1 200 OK\r\nContent-Length: ${2 * floodBytes}\r\n\r\n`,
      }),
    ],
  },
  {
    name: 'what comes behind a request waits with the client',
    without: [
      {
        file: reader,
        replace: 'this.#rest = Buffer.concat([this.#rest, chunk])\n    this.stream.pause()',
        by: 'this.#rest = chunk',
      },
      {
        file: reader,
        replace: 'if (this.#rest.length > maxHeldBytes) this.stream.pause()',
        by: '',
      },
    ],
    attacks: [
      flooding({
        name: 'a flood behind a request that is not answered',
        answer: () => undefined,
        async begin(_, client) {
          client.send(Buffer.from(head('GET / HTTP/1.1')))
          return flood(client, chunk)
        },
      }),
    ],
  },
  {
    name: 'requests sent ahead are answered as the answers are taken',
    without: [
      {
        file: reader,
        replace: 'return this.stream.bufferedBytes <= maxUntakenBytes',
        by: 'return true',
      },
    ],
    attacks: [
      flooding({
        name: 'a flood of requests whose answers are not read',
        answer: () => page('x'.repeat(pageBytes)),
        async begin({ upstream }, client) {
          client.pause()
          client.send(Buffer.from(head('GET / HTTP/1.1').repeat(pages)))
          return {
            get share() {
              return upstream.received.join('').split('\r\n\r\n').length / pages
            },
          }
        },
      }),
    ],
  },
]

testDefences(defences)
