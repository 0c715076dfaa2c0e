/**
 * Bodies of answers that end somewhere else, or not at all, and what comes behind them: it must reach
 * neither the client as its next answer nor another client.
 */
import { testDefences, type Attack, type Defence } from '../support/attack.ts'
import { byteAttack, head, passBarrier, until } from '../support/byte-attack.ts'
import { hostile, lines, planted } from '../support/hostile-answer.ts'
import { page, type Answer } from '../support/recording-server.ts'
import { dialTcp } from '../support/tcp.ts'
import { answersIn } from '../support/transcript.ts'

const routes = '  - { path: /page/*, upstream: "http://UPSTREAM" }'
const first = head('GET /page/first HTTP/1.1')
const second = head('GET /page/x HTTP/1.1')

/** A head that is passed on, and chunks that end the connection. */
const badChunks = (name: string, chunks: string, gains: RegExp) =>
  hostile(name, lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', chunks), {
    repelled: ['200 ok', 'reset', 'upstream: GET /page/first', 'upstream: GET /page/x'],
    gains: { client: gains },
  })

const bodies: Defence[] = [
  {
    name: 'chunks of an answer are checked',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: `if (byte !== LF) return this.#fail('a chunk size line ends without LF')`,
        by: '',
      },
    ],
    attacks: [badChunks('a CR alone behind a size', `2\rXab\r\n0\r\n\r\n`, /2\rXab/)],
  },
  {
    name: 'an extension of an answer has no control characters',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: 'else if (isControl(byte) || ++this.#lineBytes > maxSizeLineBytes)',
        by: 'else if (byte < 0)',
      },
    ],
    attacks: [badChunks('an extension with a bare LF', `2;\nab\r\n0\r\n\r\n`, /2;\n/)],
  },
  {
    name: 'an answer that breaks off ends the connection of its client',
    without: [
      {
        file: 'proxy/answer-relay.ts',
        replace: 'bodyOnFailure() {\n      request.abort()',
        by: 'bodyOnFailure() {\n      request.finish(true)',
      },
    ],
    attacks: ['Content-Length: 300', 'Transfer-Encoding: chunked'].map((field) =>
      byteAttack({
        name: `half a body with ${field}, then a page of his own`,
        wants: 'the next answer on the connection to be read as part of this one',
        routes,
        answer: (request, _, socket) => {
          if (!request.includes('/page/x')) return page('planted')
          socket.end(lines('HTTP/1.1 200 OK', field, '', '5', 'hello', ''))
          return undefined
        },
        sends: [second + first],
        repelled: ['reset', 'upstream: GET /page/x'],
        gains: { client: /planted/ },
      }),
    ),
  },
  {
    name: 'no Connection field of an answer takes away what it is framed by',
    without: [
      {
        file: 'proxy/hop-by-hop.ts',
        replace: '/^(content-length|transfer-encoding|host|',
        by: '/^(host|',
      },
    ],
    attacks: ['Content-Length: 5', 'Transfer-Encoding: chunked'].map((field) => {
      const body = field.startsWith('C') ? 'hello' : '5\r\nhello\r\n0\r\n\r\n'
      return hostile(
        `Connection names ${field}`,
        lines('HTTP/1.1 200 OK', field, `Connection: ${field.split(':')[0]}`, '', body),
        {
          repelled: [
            '200 ok',
            `200 ${body.replaceAll('\r\n', ' ').trimEnd()}`,
            'upstream: GET /page/first',
            'upstream: GET /page/x',
          ],
          gains: { client: /ok[^]*200 OK\r\nConnection: keep-alive\r\n\r\n/ },
        },
      )
    }),
  },
  {
    name: 'an answer that has no body says nothing of one',
    without: [
      {
        file: 'proxy/answer.ts',
        replace: 'const isBodiless = answer.status < 200 || answer.status === 204',
        by: 'const isBodiless = answer.status === 0',
      },
    ],
    attacks: [
      hostile(
        'a 204 with a length',
        lines('HTTP/1.1 204 No Content', 'Content-Length: 60', '', ''),
        {
          repelled: ['200 ok', '204', 'upstream: GET /page/first', 'upstream: GET /page/x'],
          gains: { client: /204 [^]*content-length: 60/i },
        },
      ),
      hostile(
        'a 103 with a length',
        lines('HTTP/1.1 103 Early Hints', 'Content-Length: 60', '', planted),
        {
          repelled: [
            '200 ok',
            '103',
            '200 planted',
            'upstream: GET /page/first',
            'upstream: GET /page/x',
          ],
          gains: { client: /103 [^]*content-length: 60/i },
        },
      ),
    ],
  },
]

/** Asks twice, from two connections. The server says more than it was asked when it answers the first. */
function poisoned(
  name: string,
  answer: Answer,
  { request = first, late }: { request?: string; late?: string } = {},
): Attack {
  return {
    name,
    wants: 'an answer of his own for what another client asks, by way of a connection that is kept',
    routes,
    answer,
    async run(scene) {
      using mallory = await dialTcp(scene.port)
      using victim = await dialTcp(scene.port)
      mallory.send(Buffer.from(request))
      await until(() => mallory.received.includes('\r\n\r\n'))
      await passBarrier(scene)
      if (late !== undefined) {
        scene.upstream.socket(0).write(late, 'latin1')
        await passBarrier(scene)
      }
      victim.send(Buffer.from(second))
      await until(() => answersIn(victim.received).length > 0)
      const connections = scene.upstream.received.length
      const seen = [...answersIn(victim.received), `${connections} connections`]
      return { seen, isGained: connections === 1 }
    },
    repelled: ['200 ok', '2 connections'],
  }
}

const pools: Defence[] = [
  {
    name: 'a connection on which more came than the answer serves nobody else',
    without: [
      {
        file: 'upstream/http-connection.ts',
        replace: 'this.#isSpoiled = isMore',
        by: 'this.#isSpoiled = false',
      },
    ],
    attacks: [
      poisoned('a second answer behind the first', (_, index) =>
        index === 0 ? page('ok') + planted : page('ok'),
      ),
      poisoned('one byte behind an answer', (_, index) =>
        index === 0 ? `${page('ok')}H` : page('ok'),
      ),
      poisoned('a body behind a 204', (_, index) =>
        index === 0 ? `HTTP/1.1 204 No Content\r\n\r\n${planted}` : page('ok'),
      ),
      poisoned('a body behind a 304', (_, index) =>
        index === 0
          ? `HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n${planted}`
          : page('ok'),
      ),
      poisoned('a body in answer to HEAD', (_, index) => (index === 0 ? planted : page('ok')), {
        request: head('HEAD /page/first HTTP/1.1'),
      }),
      poisoned('an answer behind the last chunk', (_, index) =>
        index === 0
          ? lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '0', '', planted)
          : page('ok'),
      ),
    ],
  },
  {
    name: 'an answer that nobody asked for ends its connection',
    without: [
      {
        file: 'upstream/http-connection.ts',
        replace: '    else this.destroy()\n  }',
        by: '  }',
      },
    ],
    attacks: [poisoned('an answer a moment after the first', () => page('ok'), { late: planted })],
  },
  {
    name: 'a connection that its server closes serves nobody else',
    without: [
      {
        file: 'upstream/http-connection.ts',
        replace: 'this.#answerHead?.isKeptAlive === true &&',
        by: 'this.#answerHead !== undefined &&',
      },
    ],
    attacks: [
      poisoned('an answer with Connection: close', (_, index) =>
        page('ok', ...(index === 0 ? ['Connection: close'] : [])),
      ),
      poisoned('an answer of HTTP/1.0', (_, index) =>
        index === 0 ? page('ok').replace('1.1', '1.0') : page('ok'),
      ),
    ],
  },
]

testDefences([...bodies, ...pools])
