/**
 * Chunks that two readers take apart differently. The head has been passed on by then, so the fault
 * ends both connections: no byte of the chunk at fault, or behind it, reaches the server.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, head } from '../support/byte-attack.ts'

const routes = '  - { path: /page/*, upstream: "http://UPSTREAM" }'
const first = head('GET /page/first HTTP/1.1')
const hidden = head('GET /hidden HTTP/1.1')
const post = head('POST /page/x HTTP/1.1', 'Transfer-Encoding: chunked')
const behind = `0\r\n\r\n${hidden}`

/** A body of these chunks. It succeeds if the part that is wrong reaches the server. */
const chunks = (name: string, body: string, gains: RegExp) =>
  byteAttack({
    name,
    wants: 'a server that finds the end of the body, and a request behind it, somewhere else',
    routes,
    sends: [first, post + body],
    repelled: [
      '200 ok',
      '400 MALFORMED_REQUEST',
      'ended',
      'upstream: GET /page/first',
      'upstream: POST /page/x',
    ],
    gains: { upstream: gains },
  })

const ofSize = (size: string) =>
  chunks(
    `the size ${JSON.stringify(size)}`,
    `${size}\r\nab\r\n${behind}`,
    new RegExp(`\r\n${size.replace(/[+.]/g, '\\$&')}\r\nab`),
  )

const file = 'wire/http-body.ts'
const trailer = 'wire/http-trailer.ts'

const defences: Defence[] = [
  {
    name: 'a chunk size is hexadecimal digits',
    without: [
      {
        file,
        replace: `} else {\n      this.#fail('a chunk size is not hexadecimal')\n    }`,
        by: '}',
      },
    ],
    attacks: ['0x2', '2 ', '2\t', '2,', '2.0', '2_', '2-', '2\xa0', '2 ;a=b'].map((size) =>
      ofSize(size),
    ),
  },
  {
    name: 'a chunk has a size',
    without: [
      {
        file,
        replace: `} else if (this.#digits === 0) {`,
        by: `} else if (this.#digits < 0) {`,
      },
      {
        file,
        replace: `} else {\n      this.#fail('a chunk size is not hexadecimal')\n    }`,
        by: '}',
      },
    ],
    attacks: ['+2', '-2', ' 2'].map((size) => ofSize(size)),
  },
  {
    name: 'a line without size is not the last chunk',
    without: [
      { file, replace: `} else if (this.#digits === 0) {`, by: `} else if (this.#digits < 0) {` },
    ],
    attacks: [
      chunks('an empty line', `\r\n\r\n${hidden}`, /(\r\n){4}/),
      chunks('an extension alone', `;a=b\r\n\r\n${hidden}`, /;a=b\r\n/),
    ],
  },
  {
    name: 'a chunk size is a whole number',
    without: [
      {
        file,
        replace: 'if (++this.#digits > 13) return',
        by: 'if (++this.#digits > 0xffff) return',
      },
    ],
    attacks: [
      'fffffffffffffff2',
      '10000000000000002',
      `${'f'.repeat(40)}2`,
      `${'0'.repeat(300)}2`,
    ].map((size) =>
      chunks(
        `the size ${size.slice(0, 20)}, of ${size.length} digits`,
        `${size}\r\nab\r\n${behind}`,
        /[f0]2\r\nab\r\n/,
      ),
    ),
  },
  {
    name: 'a size line ends with CR LF',
    without: [
      {
        file,
        replace: `if (byte !== LF) return this.#fail('a chunk size line ends without LF')`,
        by: '',
      },
    ],
    attacks: [chunks('a CR alone behind a size', `2\rXab\r\n${behind}`, /2\rXab/)],
  },
  {
    name: 'an extension has no control characters, and an end',
    without: [
      {
        file,
        replace: 'else if (isControl(byte) || ++this.#lineBytes > maxSizeLineBytes)',
        by: 'else if (byte < 0)',
      },
    ],
    attacks: [
      chunks('an extension with a bare LF', `2;a\n42\r\nab\r\n${behind}`, /2;a\n/),
      chunks('an extension with NUL', `2;a\0b\r\nab\r\n${behind}`, /2;a\0/),
      chunks('an extension with DEL', `2;a\x7fb\r\nab\r\n${behind}`, /2;a\x7f/),
      chunks('an extension of 10 KB', `2;${'a'.repeat(10_000)}\r\nab\r\n${behind}`, /a{10000}/),
    ],
  },
  {
    name: 'a size line does not end with a bare LF',
    without: [
      {
        file,
        replace: `} else if (byte === CR) {\n      this.#state = 'size-lf'`,
        by: `} else if (byte === LF) {\n      this.#state = 'data'\n    } else if (byte === CR) {\n      this.#state = 'size-lf'`,
      },
    ],
    attacks: [chunks('a bare LF behind a size', `2\nab\r\n${behind}`, /2\nab/)],
  },
  {
    name: 'a chunk is as long as its size',
    without: [
      {
        file,
        replace: `if (byte !== CR) return this.#fail('a chunk is longer than its size')`,
        by: `if (byte !== CR) return`,
      },
    ],
    attacks: [chunks('two bytes too many', `2\r\nabcd\r\n${behind}`, /abcd\r\n/)],
  },
  {
    name: 'a chunk ends with CR LF',
    without: [
      {
        file,
        replace: `if (byte !== LF) return this.#fail('a chunk is longer than its size')`,
        by: ``,
      },
    ],
    attacks: [chunks('a CR alone behind a chunk', `2\r\nab\rX${behind}`, /ab\rX/)],
  },
  {
    name: 'a trailer has no control characters',
    without: [
      { file: trailer, replace: 'else if (isControl(byte)) this', by: 'else if (byte < 0) this' },
    ],
    attacks: [
      chunks('a trailer line that ends with a bare LF', `0\r\nX-A: 1\nX-B: 2\r\n\r\n`, /1\nX-B/),
      chunks('a trailer with NUL', `0\r\nX-A: \0\r\n\r\n`, /X-A: \0/),
      chunks('a body that ends with a bare LF', `0\r\n\n${hidden}\r\n`, /0\r\n\nGET/),
    ],
  },
  {
    name: 'a trailer line ends with CR LF',
    without: [
      {
        file: trailer,
        replace: `if (byte !== LF) this.fault = 'a trailer line ends without LF'`,
        by: '',
      },
    ],
    attacks: [chunks('a CR alone in the trailer', `0\r\nX-A: 1\rX-B: 2\r\n\r\n`, /1\rX-B/)],
  },
  {
    name: 'a body ends with CR LF',
    without: [
      {
        file: trailer,
        replace: 'if (byte === LF) this.isComplete = true',
        by: 'if (byte > 0) this.isComplete = true',
      },
    ],
    attacks: [chunks('a CR alone at the end', `0\r\n\rX${hidden}`, /0\r\n\rX/)],
  },
  {
    name: 'a trailer is bounded',
    without: [
      {
        file: trailer,
        replace: 'if (++this.#bytes > maxTrailerBytes) this',
        by: 'if (this.#bytes < 0) this',
      },
    ],
    attacks: [
      chunks('a trailer of 20 KB', `0\r\n${'X-A: 1\r\n'.repeat(2_500)}\r\n`, /(X-A: 1\r\n){2500}/),
    ],
  },
]

testDefences(defences)
