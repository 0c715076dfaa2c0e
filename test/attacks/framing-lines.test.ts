/**
 * Heads whose lines two readers tell apart differently: what is no header to the one frames the message
 * for the other.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { behindFirst, hidden } from '../support/behind-first.ts'
import { head } from '../support/byte-attack.ts'

const defences: Defence[] = [
  {
    name: 'a line ends with CR LF',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: 'if (offset === 0 || bytes[offset - 1] !== CR) return',
        by: 'if (offset < 0) return',
      },
    ],
    attacks: [
      behindFirst({
        name: 'a bare LF in front of a length',
        bytes: head('POST /page/x HTTP/1.1', `X-A: 1\nContent-Length: ${hidden.length}`) + hidden,
        gains: { upstream: /X-A: 1\nContent-Length/ },
      }),
      behindFirst({
        name: 'a head that ends twice, first with bare LFs',
        bytes: head('GET /page/x HTTP/1.1', `X-A: 1\n\nGET /hidden HTTP/1.1`),
        gains: { upstream: /\n\nGET \/hidden/ },
      }),
    ],
  },
  {
    name: 'a CR stands before LF',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: 'if (bytes[offset + 1] !== LF) return',
        by: 'if (offset < 0) return',
      },
    ],
    attacks: [
      behindFirst({
        name: 'a bare CR in front of a length',
        bytes: head('POST /page/x HTTP/1.1', `X-A: 1\rContent-Length: ${hidden.length}`) + hidden,
        gains: { upstream: /X-A: 1\rContent-Length/ },
      }),
      behindFirst({
        name: 'two CRs at the end of a line',
        bytes: head('POST /page/x HTTP/1.1', 'X-A: 1\r') + hidden,
        gains: { upstream: /X-A: 1\r\r\n/ },
      }),
    ],
  },
  {
    name: 'a header line is not folded',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: `if (line.startsWith(' ') || line.startsWith('\\t')) return malformed('a folded header line')`,
        by: `if (line.startsWith(' ') || line.startsWith('\\t')) continue`,
      },
    ],
    attacks: [
      'X-A: 1\r\n Content-Length: 5',
      'X-A: 1\r\n\tTransfer-Encoding: chunked',
      'X-A:\r\n 1',
    ].map((field) =>
      behindFirst({
        name: JSON.stringify(field),
        bytes: head('POST /page/x HTTP/1.1', field) + hidden,
        gains: { upstream: /^POST/m },
      }),
    ),
  },
  {
    name: 'a header name is a token, up to the colon',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: 'if (!isToken(name)) return',
        by: 'if (name === line) return',
      },
    ],
    attacks: [
      'Content-Length : 5',
      'Content-Length\t: 5',
      'Transfer-Encoding : chunked',
      'Content Length: 5',
      '"Content-Length": 5',
      '(Transfer-Encoding): chunked',
      'Transfer-Encoding\xa0: chunked',
      'Content-Length;: 5',
      ': 5',
    ].map((field) =>
      behindFirst({
        name: JSON.stringify(field),
        bytes: head('POST /page/x HTTP/1.1', field) + hidden,
        gains: { upstream: /^POST/m },
      }),
    ),
  },
  {
    name: 'a header line has a colon',
    without: [
      {
        file: 'wire/http-head.ts',
        replace: `if (colon < 0) return malformed('a header line without colon')`,
        by: 'if (colon < 0) continue',
      },
    ],
    attacks: ['Transfer-Encoding chunked', 'Content-Length=5'].map((field) =>
      behindFirst({
        name: field,
        bytes: head('POST /page/x HTTP/1.1', field) + hidden,
        gains: { upstream: /^POST/m },
      }),
    ),
  },
  {
    name: 'a request line is a method, a target and a version, one space apart',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: `= raw.startLine.split(' ')`,
        by: `= raw.startLine.trim().split(/\\s+/).slice(0, 3)`,
      },
    ],
    attacks: [
      'GET  /page/x HTTP/1.1',
      'GET\t/page/x HTTP/1.1',
      'GET /page/x HTTP/1.1 ',
      ' GET /page/x HTTP/1.1',
      'GET /page/x HTTP/1.1 HTTP/1.0',
    ].map((line) =>
      behindFirst({
        name: JSON.stringify(line),
        bytes: head(line),
        gains: { upstream: /\/page\/x/ },
      }),
    ),
  },
  {
    name: 'a version other than 1.0 and 1.1 is refused',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: `if (/^HTTP\\/[0-9]\\.[0-9]$/.test(version))\n    return`,
        by: `if (version !== '' && version.length < 9) return 1\n  if (version === '')\n    return`,
      },
    ],
    attacks: ['HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9', 'HTTP/1.9'].map((version) =>
      behindFirst({
        name: version,
        bytes: head(`GET /page/x ${version}`),
        repelled: ['200 ok', '505 HTTP_VERSION', 'ended', 'upstream: GET /page/first'],
        gains: { upstream: /\/page\/x/ },
      }),
    ),
  },
  {
    name: 'a request line without a version that can be read is refused',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: `return refuse('the request line does not end with a version')`,
        by: 'return 1',
      },
    ],
    attacks: ['', ' http/1.1', ' HTTP/11', ' HTTP/1.1x', ' HTTP/+1.1', ' HTTPS/1.1'].map(
      (version) =>
        behindFirst({
          name: `"GET /page/x${version}"`,
          bytes: head(`GET /page/x${version}`),
          gains: { upstream: /\/page\/x/ },
        }),
    ),
  },
]

testDefences(defences)
