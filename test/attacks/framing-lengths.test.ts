/**
 * A request whose end two readers find in different places: what one of them takes for a body is the
 * next request to the other.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { behindFirst, hidden } from '../support/behind-first.ts'
import { head, type ByteAttack } from '../support/byte-attack.ts'

/** A chunked body that ends at once, with a request behind it: all of it is the body by its length. */
const endedEarly = `0\r\n\r\n${hidden}`

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

const connections: Defence[] = [
  {
    name: 'no Connection field takes away what a message is framed by',
    without: [
      {
        file: 'proxy/hop-by-hop.ts',
        replace: '/^(content-length|transfer-encoding|host|',
        by: '/^(host|',
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

testDefences([...lengths, ...connections])
