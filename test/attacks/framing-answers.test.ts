/**
 * Heads of answers that two readers understand differently: what follows an answer on a connection must
 * never reach a client as the next one.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { head } from '../support/byte-attack.ts'
import { hostile, lines, planted } from '../support/hostile-answer.ts'
import type { Mutation } from '../support/source-mutation.ts'

/** A head that is refused as a whole. */
const badHead = (...fields: readonly string[]) =>
  hostile(
    fields.map((line) => JSON.stringify(line)).join(' and '),
    lines('HTTP/1.1 200 OK', 'X-Evil: 1', ...fields, '', '0', '', planted),
  )

const statusLineOf = (line: string) =>
  hostile(`"${line}"`, lines(line, 'X-Evil: 1', 'Content-Length: 0', '', ''))

const anyStatusLine: Mutation = {
  file: 'wire/http-response.ts',
  replace: '/^HTTP\\/1\\.([01]) ([1-9][0-9]{2})(?: (.*))?$/',
  by: '/^\\S+?([01])? +0*([0-9]+)(?:[ x](.*))?$/',
}

const defences: Defence[] = [
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
    without: [anyStatusLine],
    attacks: [
      'HTTP/2 200 OK',
      'HTTP/1.2 200',
      'HTTP/1.1 0200',
      'HTTP/1.1  200 OK',
      'HTTP/1.1 20',
      'HTTP/1.1 200x',
    ].map(statusLineOf),
  },
  {
    name: 'an answer is of HTTP from its first byte',
    without: [
      {
        file: 'upstream/http-connection.ts',
        replace: `new HeadReader(headLimits, 'HTTP/')`,
        by: 'new HeadReader(headLimits)',
      },
      anyStatusLine,
    ],
    attacks: ['ICY 200 OK'].map(statusLineOf),
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
        lines('HTTP/1.0 200 OK', 'X-Evil: 1', 'Transfer-Encoding: chunked', '', '0', '', ''),
      ),
    ],
  },
  {
    name: 'a client of HTTP/1.0 gets no chunks',
    without: [
      {
        file: 'proxy/http-relay.ts',
        replace: `if (answer.body.kind === 'chunked' && request.head.minor === 0) {`,
        by: 'if (answer.status === 0) {',
      },
    ],
    attacks: [
      hostile(
        'chunks in answer to HTTP/1.0',
        lines('HTTP/1.1 200 OK', 'X-Evil: 1', 'Transfer-Encoding: chunked', '', '0', '', ''),
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
        lines(
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

testDefences(defences)
