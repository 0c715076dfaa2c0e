/**
 * Characters that make two headers of one, or two requests, and heads without end.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, head, type ByteAttack } from '../support/byte-attack.ts'

const routes = `
  - { path: /page/*, upstream: "http://UPSTREAM" }
  - { path: /chat, upstream: "ws://UPSTREAM" }
`

type Row = Pick<ByteAttack, 'name' | 'sends' | 'gains'> & Partial<ByteAttack>

/** By default refused with 400 and not passed on. */
const injection = (row: Row) =>
  byteAttack({
    wants: 'a header, or a request, of his own where somebody else writes them',
    routes,
    repelled: ['400 MALFORMED_REQUEST', 'ended'],
    ...row,
  })

const file = 'wire/http-head.ts'
const controls: Record<string, string> = {
  NUL: '\0',
  BS: '\b',
  VT: '\v',
  FF: '\f',
  ESC: '\x1b',
  DEL: '\x7f',
}

const defences: Defence[] = [
  {
    name: 'a head has no control characters',
    without: [
      {
        file,
        replace: 'return malformed(`a control character (0x',
        by: 'if (offset < 0) return malformed(`a control character (0x',
      },
    ],
    attacks: Object.entries(controls).map(([name, character]) =>
      injection({
        name: `${name} in a value`,
        sends: [head('GET /page/x HTTP/1.1', `X-A: a${character}b`)],
        gains: { upstream: /X-A: a[^]b/ },
      }),
    ),
  },
  {
    name: 'a target has no control characters, and no space',
    without: [
      {
        file,
        replace: 'return malformed(`a control character (0x',
        by: 'if (offset < 0) return malformed(`a control character (0x',
      },
      {
        file: 'wire/http-request.ts',
        replace: "if (!targetPattern.test(sent) || sent.includes('#'))",
        by: "if (sent === '')",
      },
    ],
    attacks: Object.entries(controls).map(([name, character]) =>
      injection({
        name: `${name} in a target`,
        sends: [head(`GET /page/a${character}b HTTP/1.1`)],
        gains: { upstream: /page\/a[^]b/ },
      }),
    ),
  },
  {
    name: 'a target has no tab and no fragment',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: "if (!targetPattern.test(sent) || sent.includes('#'))",
        by: "if (sent === '')",
      },
    ],
    attacks: ['/page/a\tb', '/page/a#/hidden', '/page/#', 'http://site.test/page/a#@evil.test'].map(
      (target) =>
        injection({
          name: JSON.stringify(target),
          sends: [head(`GET ${target} HTTP/1.1`)],
          gains: { upstream: /^GET/ },
        }),
    ),
  },
  {
    name: 'a value has no LF of its own',
    without: [
      {
        file,
        replace: 'if (offset === 0 || bytes[offset - 1] !== CR) return',
        by: 'if (offset < 0) return',
      },
    ],
    attacks: [
      ['a value', head('GET /page/x HTTP/1.1', 'X-A: a\nSluice-Session: admin')],
      ['a name', head('GET /page/x HTTP/1.1', 'X-A: a\nX-Real-IP: 127.0.0.1\nX-B: b')],
      ['a handshake', handshake('/chat', 'X-A: a\nSluice-Session: admin')],
    ].map(([where = '', bytes = '']) =>
      injection({
        name: `LF in ${where}`,
        sends: [bytes],
        gains: { upstream: /X-A: a\n(Sluice-Session|X-Real-IP)/ },
      }),
    ),
  },
  {
    name: 'a value has no CR of its own',
    without: [
      { file, replace: 'if (bytes[offset + 1] !== LF) return', by: 'if (offset < 0) return' },
    ],
    attacks: ['X-A: a\rSluice-Session: admin', 'X-A: a\r\r\n'].map((field) =>
      injection({
        name: JSON.stringify(field),
        sends: [head('GET /page/x HTTP/1.1', field)],
        gains: { upstream: /X-A: a\r[^\n]/ },
      }),
    ),
  },
  {
    name: 'a method is a token',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: 'if (!isToken(method) || more.length > 0)',
        by: 'if (more.length > 0)',
      },
    ],
    attacks: ['G(ET', 'GET:', 'G\xc8T', '"GET"', ''].map((method) =>
      injection({
        name: `the method ${JSON.stringify(method)}`,
        sends: [head(`${method} /page/x HTTP/1.1`)],
        gains: { upstream: / \/page\/x/ },
      }),
    ),
  },
  {
    name: 'a head is bounded',
    without: [
      {
        file,
        replace: 'if (bytes.length >= this.#limits.headBytes) return',
        by: 'if (bytes.length < 0) return',
      },
    ],
    attacks: [
      injection({
        name: 'a head that never ends',
        wants: 'memory',
        sends: [`GET /page/x HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(200_000)}`],
        repelled: ['431 HEAD_TOO_LARGE', 'ended'],
        // The refusal is what is missed.
        gains: { client: /408 / },
        listener: 'timeout: { head: 500ms }',
      }),
    ],
  },
  {
    name: 'header lines are bounded',
    without: [{ file, replace: 'if (lines.length - 1 > maxFields)', by: 'if (lines.length < 0)' }],
    attacks: [
      injection({
        name: 'a thousand headers',
        wants: 'work',
        sends: [head('GET /page/x HTTP/1.1', ...Array<string>(1_000).fill('X: 1'))],
        repelled: ['431 HEAD_TOO_LARGE', 'ended'],
        gains: { upstream: /^GET/ },
      }),
    ],
  },
]

testDefences(defences)
