/**
 * A request whose end two readers find in different places: what one of them takes for a body is the
 * next request to the other. All on a connection that has served a request already.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, head, type ByteAttack } from '../support/byte-attack.ts'

const routes = '  - { path: /page/*, upstream: "http://UPSTREAM" }'
const first = head('GET /page/first HTTP/1.1')
/** What no route leads to. */
const hidden = head('GET /hidden HTTP/1.1')
/** A chunked body that ends at once, with a request behind it: all of it is the body by its length. */
const endedEarly = `0\r\n\r\n${hidden}`

type Row = Pick<ByteAttack, 'name' | 'gains'> & { readonly bytes: string } & Partial<ByteAttack>

/** Bytes behind a request that was served. By default refused with 400, and nothing of them passed on. */
function behindFirst({ bytes, ...row }: Row) {
  return byteAttack({
    wants: 'a request of his own in front of the next one, past every check',
    routes,
    sends: [first, bytes],
    repelled: ['200 ok', '400 MALFORMED_REQUEST', 'ended', 'upstream: GET /page/first'],
    ...row,
  })
}

/** A post whose head has these fields. It succeeds if one of them reaches the server. */
const posted = (body: string, fields: readonly string[], row: Partial<ByteAttack> = {}) =>
  behindFirst({
    name: fields.map((field) => JSON.stringify(field)).join(' and '),
    bytes: head('POST /page/x HTTP/1.1', ...fields) + body,
    gains: { upstream: /^POST [^]*^(content-length|transfer-encoding)/im },
    ...row,
  })

const lengths: Defence[] = [
  {
    name: 'a length and a coding are not both believed',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: 'if (length !== undefined)\n      return',
        by: 'if (minor < 0)\n      return',
      },
    ],
    attacks: [
      [`Content-Length: ${endedEarly.length}`, 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', `Content-Length: ${endedEarly.length}`],
      ['transfer-encoding: CHUNKED', 'CONTENT-LENGTH: 0'],
    ].map((fields) => posted(endedEarly, fields)),
  },
  {
    name: 'a length or coding is told once',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: '|upgrade|content-length|transfer-encoding|',
        by: '|upgrade|',
      },
      {
        file: 'wire/http-body.ts',
        replace: `if (fields.count('content-length') > 1 || fields.count('transfer-encoding') > 1) {`,
        by: 'if (minor < 0) {',
      },
    ],
    attacks: [
      ['Content-Length: 5', 'Content-Length: 5'],
      ['Content-Length: 0', `Content-Length: ${hidden.length}`],
      [`Content-Length: ${hidden.length}`, 'content-length: 0'],
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    ].map((fields) => posted(fields[0]?.startsWith('T') === true ? endedEarly : hidden, fields)),
  },
  {
    name: 'HTTP/1.0 knows no codings',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: 'if (minor === 0) return',
        by: 'if (minor < 0) return',
      },
    ],
    attacks: [
      behindFirst({
        name: 'chunks in HTTP/1.0 on a connection that is kept',
        bytes:
          head('POST /page/x HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked') +
          endedEarly,
        gains: { upstream: /^POST [^]*transfer-encoding/im },
      }),
    ],
  },
  {
    name: 'the coding is chunked, by this name and alone',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: `if (coding.toLowerCase() !== 'chunked')`,
        by: 'if (minor < 0)',
      },
    ],
    attacks: [
      'xchunked',
      'chunkedx',
      'chunked, identity',
      'identity, chunked',
      'gzip, chunked',
      'chunked, chunked',
      'identity',
      'chunked;q=1',
      '"chunked"',
      "'chunked'",
      'chunked,',
      ',chunked',
      'chunked\xa0',
      '\xa0chunked',
      'chunke\xe4d',
      'chu nked',
      '',
    ].map((coding) =>
      posted(endedEarly, [`Transfer-Encoding: ${coding}`], {
        repelled: ['200 ok', '501 TRANSFER_CODING', 'ended', 'upstream: GET /page/first'],
      }),
    ),
  },
  {
    name: 'a length is digits',
    without: [
      {
        file: 'wire/http-body.ts',
        replace: 'if (!/^[0-9]{1,15}$/.test(length))',
        by: 'if (minor < 0)',
      },
    ],
    attacks: [
      '+5',
      '-5',
      '0x5',
      '5 5',
      '5,5',
      '5, 5',
      '5;a=b',
      '5.0',
      '5e0',
      '5_0',
      '"5"',
      '\xb2',
      '9007199254740993',
      '18446744073709551617',
      '',
    ].map((length) => posted(hidden, [`Content-Length: ${length}`])),
  },
]

const lines: Defence[] = [
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

const connections: Defence[] = [
  {
    name: 'no Connection field takes away what a message is framed by',
    without: [
      {
        file: 'proxy/forward.ts',
        replace: `  'content-length',\n  'transfer-encoding',\n  'host',`,
        by: `  'host',`,
      },
    ],
    attacks: [
      ['Connection: content-length', `Content-Length: ${hidden.length}`],
      ['Connection: close, Content-Length', `Content-Length: ${hidden.length}`],
      ['Connection: transfer-encoding', 'Transfer-Encoding: chunked'],
    ].map((fields) => {
      const isChunked = fields[1]?.startsWith('T') === true
      const body = isChunked ? `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n` : hidden
      return posted(body, fields, {
        repelled: [
          '200 ok',
          '200 ok',
          ...(fields[0]?.includes('close') === true ? ['ended'] : []),
          'upstream: GET /page/first',
          'upstream: POST /page/x',
          // Inside a body whose length is told.
          'upstream: GET /hidden',
        ],
        gains: {
          upstream:
            /^POST (?:(?!\r\n\r\n)(?!content-length|transfer-encoding)[^])*\r\n\r\n[^]*GET \/hidden/im,
        },
      })
    }),
  },
  {
    name: 'the rest of a body that is refused is no request',
    without: [
      {
        file: 'listener/request-reader.ts',
        replace: 'if (!isKeptAlive || !isBodyRead || this.#isLeaving) return this.#end()',
        by: 'if (this.#isLeaving) return this.#end()',
      },
    ],
    attacks: [
      ['Content-Length: 300', ''],
      ['Transfer-Encoding: chunked', ''],
      ['Content-Length: 300', 'Connection: keep-alive'],
    ].map((fields) =>
      behindFirst({
        name: `a post to nowhere with ${fields.join(' ')}, whose body is a request`,
        bytes:
          head('POST /hidden HTTP/1.1', ...fields.filter((field) => field !== '')) +
          head('GET /page/smuggled HTTP/1.1'),
        repelled: ['200 ok', '404 NO_ROUTE', 'ended', 'upstream: GET /page/first'],
        gains: { upstream: /GET \/page\/smuggled/ },
      }),
    ),
  },
  {
    name: 'what follows bytes that are no request is not looked at',
    without: [
      {
        file: 'listener/request-reader.ts',
        replace: `    this.#end()\n    return chunk.length\n  }`,
        by: `    return chunk.indexOf('\\r\\n\\r\\n') + 4\n  }`,
      },
    ],
    attacks: [
      behindFirst({
        name: 'nonsense, and a request behind it',
        bytes: `x\r\n\r\n${head('GET /page/smuggled HTTP/1.1')}`,
        gains: { upstream: /GET \/page\/smuggled/ },
      }),
    ],
  },
]

testDefences([...lengths, ...lines, ...connections])
