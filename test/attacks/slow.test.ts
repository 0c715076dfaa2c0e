/**
 * Those who take their time: who holds a connection, a buffer or a server for nothing. Every wait has
 * an end, whatever arrives meanwhile, and nobody makes the gateway hold more than a bound.
 */
import { testDefences, type Attack, type Defence } from '../support/attack.ts'
import { handshake, head, until } from '../support/byte-attack.ts'
import {
  dripMs,
  holding as holdingAttack,
  holdMs,
  send,
  type HoldingAttack,
} from '../support/holding.ts'
import { switchTo } from '../support/recording-server.ts'
import { dialTcp } from '../support/tcp.ts'

const routes = `
  - { path: /chat, upstream: "ws://UPSTREAM", timeout: { handshake: 400ms, send: 400ms, close: 400ms } }
  - { path: /closing, upstream: "ws://UPSTREAM", timeout: { close: 400ms } }
  - { path: /idle, upstream: "ws://UPSTREAM", timeout: { idle: 400ms, close: 400ms } }
  - { path: /events, upstream: "http://UPSTREAM", timeout: { idle: 400ms } }
  - { upstream: "http://UPSTREAM", timeout: { send: 400ms } }
`
const shortTimes = 'timeout: { head: 400ms, body: 400ms, idle: 400ms }'
const manyConnections = 100

/** More than the buffers of two connections take. */
const largeBytes = 32 * 1024 * 1024

const get = head('GET /page HTTP/1.1')

const holding = (row: Omit<HoldingAttack, 'routes'>) =>
  holdingAttack({ routes, listener: shortTimes, ...row })

const file = 'listener/request-reader.ts'

const heads: Defence[] = [
  {
    name: 'a head has its time as a whole, not from byte to byte',
    without: [{ file, replace: 'if (!this.#head.hasBegun) this.#setTimer', by: 'this.#setTimer' }],
    attacks: [
      holding({
        name: 'a byte of a head every moment',
        begin: send('GET /page HTTP/1.1\r\nHost: a\r\nX-A: '),
        drip: 'a',
        repelled: ['408 REQUEST_TIMEOUT', 'ended'],
      }),
      holding({
        name: 'a header every moment',
        begin: send('GET /page HTTP/1.1\r\nHost: a\r\n'),
        drip: 'X-A: b\r\n',
        repelled: ['408 REQUEST_TIMEOUT', 'ended'],
      }),
      holding({
        name: 'a byte of a second head every moment',
        begin: (client) => client.send(Buffer.from(`${get}GET /page?`)),
        drip: 'a',
        repelled: ['200 ok', '408 REQUEST_TIMEOUT', 'ended'],
      }),
      holding({
        name: `a byte of a head every moment, on ${manyConnections} connections`,
        begin: send('GET /page HTTP/1.1\r\nHost: a\r\nX-A: '),
        drip: 'a',
        connections: manyConnections,
        repelled: ['408 REQUEST_TIMEOUT', 'ended'],
      }),
    ],
  },
  {
    name: 'whoever connects says something in time',
    without: [{ file, replace: '    this.#setTimer(options.headTimeoutMs)\n', by: '' }],
    attacks: [
      holding({ name: 'a connection on which nothing comes', repelled: ['ended'] }),
      holding({
        name: `${manyConnections} of them`,
        connections: manyConnections,
        repelled: ['ended'],
      }),
    ],
  },
  {
    name: 'whoever was answered asks again in time',
    without: [{ file, replace: 'this.#setTimer(this.#options.idleTimeoutMs)', by: '' }],
    attacks: [
      holding({
        name: 'a connection after an answer',
        begin: send(get),
        repelled: ['200 ok', 'ended'],
      }),
    ],
  },
  {
    name: 'a body goes on arriving',
    without: [
      {
        file,
        replace: 'this.#sink = sink\n    this.#setTimer(this.#options.bodyTimeoutMs)',
        by: 'this.#sink = sink',
      },
    ],
    attacks: ['Content-Length: 100', 'Transfer-Encoding: chunked'].map((field) =>
      holding({
        name: `a body with ${field} that stops`,
        begin: send(`${head('POST /page HTTP/1.1', field)}5\r\nhello`),
        repelled: ['408 REQUEST_TIMEOUT', 'ended'],
      }),
    ),
  },
]

/** What a server is waited for, by a client that is still there. */
const servers: Defence[] = [
  {
    name: 'an answer to a handshake has its time',
    without: [
      {
        file: 'upstream/http-connection.ts',
        replace: 'this.#answerTimer = setTimeout(connectionOnTimeout, timeoutMs, this, lateCode)',
        by: 'void connectionOnTimeout; void timeoutMs; void lateCode',
      },
    ],
    attacks: [
      holding({
        name: 'a server that does not answer a handshake',
        answer: () => undefined,
        begin: send(handshake('/chat')),
        repelled: ['504 UPSTREAM_ANSWER_TIMEOUT', 'ended'],
      }),
      holding({
        name: 'a server that answers a handshake byte by byte',
        answer: (_request, _index, socket) => {
          const timer = setInterval(() => socket.write('x'), dripMs)
          socket.on('close', () => clearInterval(timer))
          return 'HTTP/1.1 101 S\r\nX-A: '
        },
        begin: send(handshake('/chat')),
        repelled: ['504 UPSTREAM_ANSWER_TIMEOUT', 'ended'],
      }),
    ],
  },
  {
    name: 'an answer goes on arriving where the route wants it',
    without: [
      {
        file: 'proxy/answer-relay.ts',
        replace: 'idleMs === undefined ? undefined : setTimeout(() => request.abort(), idleMs)',
        by: 'undefined as Timer | undefined; void idleMs',
      },
    ],
    attacks: [
      holding({
        name: 'an answer without end that stops',
        answer: () => 'HTTP/1.1 200 OK\r\n\r\nhello',
        begin: send(head('GET /events HTTP/1.1')),
        repelled: ['200 hello', 'reset'],
      }),
    ],
  },
]

/** Reads nothing of what it asks for. It succeeds if it still holds the server's connection after that. */
function deafClient(name: string, request: string, answer: string): Attack {
  return {
    name,
    wants: 'a connection to the server, and what the gateway holds for it',
    routes,
    // More than the buffers of the connections take.
    answer: (asked) => (asked.startsWith('GET /chat') ? switchTo(asked) : '') + answer,
    repelled: ['cut off'],
    async run({ port, upstream }) {
      using client = await dialTcp(port)
      client.pause()
      client.send(Buffer.from(request))
      await until(() => upstream.open > 0)
      await until(() => upstream.open === 0, holdMs)
      return { seen: [upstream.open > 0 ? 'held' : 'cut off'], isGained: upstream.open > 0 }
    },
  }
}

const readers: Defence[] = [
  {
    name: 'whoever takes nothing for a while is cut off',
    without: [
      {
        file: 'net/tcp-stream.ts',
        replace: "if (this.#hasProgressed) this.#watchProgress()\n    else this.#cut('stalled')",
        by: 'this.#watchProgress()',
      },
    ],
    attacks: [
      deafClient(
        'a page that is not read',
        get,
        `HTTP/1.1 200 OK\r\nContent-Length: ${largeBytes}\r\n\r\n${'x'.repeat(largeBytes)}`,
      ),
      deafClient(
        'messages that are not read',
        handshake('/chat'),
        `\x82\x7e\xff\xff${'x'.repeat(0xffff)}`.repeat(largeBytes / 0x10000),
      ),
    ],
  },
]

const sessions: Defence[] = [
  {
    name: 'a session has its time to close',
    without: [
      {
        file: 'proxy/ending.ts',
        replace: 'this.#callOffCut = this.#cutAfter(options.closeMs, false)',
        by: 'this.#callOffCut = () => {}',
      },
    ],
    attacks: [
      holding({
        name: 'a Close that its server does not answer, and no end',
        async begin(client) {
          client.send(Buffer.from(handshake('/closing')))
          await until(() => client.received.includes('\r\n\r\n'))
          client.send(Buffer.from('\x88\x80aaaa', 'latin1'))
        },
        repelled: ['101', 'ended'],
      }),
    ],
  },
  {
    name: 'a session in which nothing is said is closed where the route wants it',
    without: [
      {
        file: 'proxy/watch.ts',
        replace: 'if (leftMs <= 0) this.#options.onIdle()',
        by: 'if (leftMs <= 0) return',
      },
    ],
    attacks: [
      holding({
        name: 'a session in which nothing is said',
        begin: send(handshake('/idle')),
        repelled: ['101', 'Close 1001', 'ended'],
      }),
    ],
  },
]

testDefences([...heads, ...servers, ...readers, ...sessions])
