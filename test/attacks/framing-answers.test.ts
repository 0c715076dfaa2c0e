/**
 * Answers of a server that is hostile, or was made to answer so: what follows one answer on a
 * connection must never reach a client as the next, nor another client at all.
 */
import { testDefences, type Attack, type Defence } from '../support/attack.ts'
import { byteAttack, head, passBarrier, until, type ByteAttack } from '../support/byte-attack.ts'
import { page, type Answer } from '../support/recording-server.ts'
import { dialTcp } from '../support/tcp.ts'
import { answersIn } from '../support/transcript.ts'

const routes = '  - { path: /page/*, upstream: "http://UPSTREAM" }'
const first = head('GET /page/first HTTP/1.1')
const second = head('GET /page/x HTTP/1.1')
const planted = page('planted')
const text = (...lines: readonly string[]) => lines.join('\r\n')

/** The second request on a connection gets this answer, which the client must not see. */
function hostile(name: string, answer: string, row: Partial<ByteAttack> = {}): Attack {
  return byteAttack({
    name,
    wants: 'an answer of his own for the next request, in a client or in a cache in front',
    routes,
    answer: (request) => (request.includes('/page/x') ? answer : page('ok')),
    sends: [first, second],
    repelled: [
      '200 ok',
      '502 UPSTREAM_MALFORMED',
      'upstream: GET /page/first',
      'upstream: GET /page/x',
    ],
    gains: { client: /x-evil/i },
    ...row,
  })
}

/** A head that is refused as a whole. */
const badHead = (...lines: readonly string[]) =>
  hostile(
    lines.map((line) => JSON.stringify(line)).join(' and '),
    text('HTTP/1.1 200 OK', 'X-Evil: 1', ...lines, '', '0', '', planted),
  )

/** A head that is passed on, and chunks that end the connection. */
const badChunks = (name: string, chunks: string, gains: RegExp) =>
  hostile(name, text('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', chunks), {
    repelled: ['200 ok', 'reset', 'upstream: GET /page/first', 'upstream: GET /page/x'],
    gains: { client: gains },
  })

const heads: Defence[] = [
  {
    name: 'a length and a coding of an answer are not both believed',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: 'if (length !== undefined)\n      return',
        by: 'if (minor < 0)\n      return',
      },
    ],
    attacks: [
      badHead('Content-Length: 60', 'Transfer-Encoding: chunked'),
      badHead('Transfer-Encoding: chunked', 'Content-Length: 0'),
    ],
  },
  {
    name: 'a length or coding of an answer is told once',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: `if (fields.count('content-length') > 1 || fields.count('transfer-encoding') > 1) {`,
        by: 'if (minor < 0) {',
      },
    ],
    attacks: [
      badHead('Content-Length: 0', 'Content-Length: 60'),
      badHead('Content-Length: 5', 'Content-Length: 5'),
      badHead('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
    ],
  },
  {
    name: 'a length of an answer is digits',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: 'if (!/^[0-9]{1,15}$/.test(length))',
        by: 'if (minor < 0)',
      },
    ],
    attacks: ['+5', '-5', '0x5', '5, 5', '5 5', ''].map((length) =>
      badHead(`Content-Length: ${length}`),
    ),
  },
  {
    name: 'a coding of an answer is chunked and nothing else',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: `if (coding.toLowerCase() !== 'chunked')`,
        by: 'if (minor < 0)',
      },
    ],
    attacks: ['gzip, chunked', 'xchunked', 'identity', ''].map((coding) =>
      badHead(`Transfer-Encoding: ${coding}`),
    ),
  },
  {
    name: 'a line of an answer ends with CR LF',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: 'if (offset === 0 || bytes[offset - 1] !== CR) return',
        by: 'if (offset < 0) return',
      },
    ],
    attacks: [
      badHead('Content-Length: 0', 'X-A: 1\nSet-Cookie: session=evil'),
      badHead('X-A: 1\n\n<script>'),
    ],
  },
  {
    name: 'a header of an answer has no CR of its own',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: 'if (bytes[offset + 1] !== LF) return',
        by: 'if (offset < 0) return',
      },
    ],
    attacks: [badHead('Content-Length: 0', 'X-A: 1\rSet-Cookie: session=evil')],
  },
  {
    name: 'a header of an answer has no control characters',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: 'return malformed(`a control character (0x',
        by: 'if (offset < 0) return malformed(`a control character (0x',
      },
    ],
    attacks: [
      badHead('Content-Length: 0', 'X-A: \0'),
      badHead('Content-Length: 0', 'X-A: \x1b[2J'),
    ],
  },
  {
    name: 'a header name of an answer is a token, up to the colon',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: 'if (!isToken(name)) return',
        by: 'if (name === line) return',
      },
    ],
    attacks: [badHead('Content-Length : 0'), badHead('Transfer-Encoding\t: chunked')],
  },
  {
    name: 'a status line is HTTP/1, three digits and a reason',
    without: [
      {
        file: 'wire/http-response.ts',
        replace: '/^HTTP\\/1\\.([01]) ([1-9][0-9]{2})(?: (.*))?$/',
        by: '/^\\S+?([01])? +0*([0-9]+)(?:[ x](.*))?$/',
      },
    ],
    attacks: [
      'HTTP/2 200 OK',
      'HTTP/1.2 200',
      'ICY 200 OK',
      'HTTP/1.1 0200',
      'HTTP/1.1  200 OK',
      'HTTP/1.1 20',
      'HTTP/1.1 200x',
    ].map((line) => hostile(`"${line}"`, text(line, 'X-Evil: 1', 'Content-Length: 0', '', ''))),
  },
  {
    name: 'chunks do not come in HTTP/1.0',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: 'if (minor === 0) return',
        by: 'if (minor < 0) return',
      },
    ],
    attacks: [
      hostile(
        'chunks in an answer of HTTP/1.0',
        text('HTTP/1.0 200 OK', 'X-Evil: 1', 'Transfer-Encoding: chunked', '', '0', '', ''),
      ),
    ],
  },
  {
    name: 'a client of HTTP/1.0 gets no chunks',
    without: [
      {
        file: 'proxy/http-relay.ts',
        replace: `if (answer.body.kind === 'chunked' && head.minor === 0) {`,
        by: 'if (answer.status === 0) {',
      },
    ],
    attacks: [
      hostile(
        'chunks in answer to HTTP/1.0',
        text('HTTP/1.1 200 OK', 'X-Evil: 1', 'Transfer-Encoding: chunked', '', '0', '', ''),
        {
          sends: [head('GET /page/x HTTP/1.0')],
          repelled: ['502 UPSTREAM_MALFORMED', 'ended', 'upstream: GET /page/x'],
        },
      ),
    ],
  },
  {
    name: 'a head of an answer is bounded',
    without: [
      {
        file: 'upstream/http-connection.ts',
        replace: 'headBytes: 65_536',
        by: 'headBytes: 65_536_000',
      },
    ],
    attacks: [badHead('Content-Length: 0', `X-A: ${'a'.repeat(100_000)}`)],
  },
  {
    name: 'the headers of an answer are bounded',
    without: [
      { file: 'upstream/http-connection.ts', replace: 'headers: 200', by: 'headers: 2_000_000' },
    ],
    attacks: [
      hostile(
        '500 headers',
        text(
          'HTTP/1.1 200 OK',
          'X-Evil: 1',
          ...Array(500).fill('X: 1'),
          'Content-Length: 0',
          '',
          '',
        ),
      ),
    ],
  },
  {
    name: 'interim answers are bounded',
    without: [
      {
        file: 'upstream/http-connection.ts',
        replace: '++this.#interim > maxInterim',
        by: '++this.#interim > 1e9',
      },
    ],
    attacks: [
      hostile(
        'a flood of 103',
        `${'HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n'.repeat(1_000)}${planted}`,
        {
          repelled: [
            '200 ok',
            ...Array<string>(16).fill('103'),
            '502 UPSTREAM_MALFORMED',
            'upstream: GET /page/first',
            'upstream: GET /page/x',
          ],
          gains: { client: /planted/ },
        },
      ),
    ],
  },
]

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
        file: 'proxy/http-relay.ts',
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
          socket.end(text('HTTP/1.1 200 OK', field, '', '5', 'hello', ''))
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
        file: 'proxy/forward.ts',
        replace: `  'content-length',\n  'transfer-encoding',\n  'host',`,
        by: `  'host',`,
      },
    ],
    attacks: ['Content-Length: 5', 'Transfer-Encoding: chunked'].map((field) => {
      const body = field.startsWith('C') ? 'hello' : '5\r\nhello\r\n0\r\n\r\n'
      return hostile(
        `Connection names ${field}`,
        text('HTTP/1.1 200 OK', field, `Connection: ${field.split(':')[0]}`, '', body),
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
        file: 'proxy/forward.ts',
        replace: 'const isBodiless = answer.status < 200 || answer.status === 204',
        by: 'const isBodiless = answer.status === 0',
      },
    ],
    attacks: [
      hostile(
        'a 204 with a length',
        text('HTTP/1.1 204 No Content', 'Content-Length: 60', '', ''),
        {
          repelled: ['200 ok', '204', 'upstream: GET /page/first', 'upstream: GET /page/x'],
          gains: { client: /204 [^]*content-length: 60/i },
        },
      ),
      hostile(
        'a 103 with a length',
        text('HTTP/1.1 103 Early Hints', 'Content-Length: 60', '', planted),
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
          ? text('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '0', '', planted)
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

testDefences([...heads, ...bodies, ...pools])
