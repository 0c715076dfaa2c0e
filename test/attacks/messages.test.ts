/**
 * Messages that are put together as no peer may, lengths that lie, and what comes with and behind a
 * Close. What is in them must not reach the other side; both sides are closed and told why.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { closeFrame } from '../support/frames.ts'
import { bare, byClient, byServer, key, masked } from '../support/session-attack.ts'

const file = 'wire/frame-scanner.ts'
const headers = 'wire/frame-header.ts'
const evil = 'EVIL'
const long = evil.padEnd(200, 'x')
const text = { opcode: 1, payload: evil }

const messages: Defence[] = [
  {
    name: 'a continuation continues a message',
    without: [
      {
        file: headers,
        replace: `return isFragmented ? undefined : 'a continuation without a message'`,
        by: 'return undefined',
      },
    ],
    attacks: [
      byClient('a continuation of nothing', masked({ opcode: 0, payload: evil })),
      byClient(
        'a continuation behind the end of a message',
        masked({ opcode: 1, isFinal: false }, { opcode: 0 }, { opcode: 0, payload: evil }),
        { passed: ['text', 'more'] },
      ),
    ],
  },
  {
    name: 'a message begins where the last one has ended',
    without: [
      {
        file: headers,
        replace: `return isFragmented ? 'a new message inside a fragmented one' : undefined`,
        by: 'return undefined',
      },
    ],
    attacks: [
      byClient('a message inside another', masked({ opcode: 1, isFinal: false }, text), {
        passed: ['text'],
      }),
    ],
  },
  {
    name: 'a length has its shortest form',
    without: [{ file: headers, replace: 'return length < 126 ? -1 : length', by: 'return length' }],
    attacks: [byClient('a short length in two bytes', masked({ ...text, lengthBytes: 2 }))],
  },
  {
    name: 'a length that fits into two bytes does not have eight',
    without: [
      {
        file: headers,
        replace: 'high >= 0x8000_0000 || length <= 0xffff ? -1',
        by: 'high >= 0x8000_0000 ? -1',
      },
    ],
    attacks: [
      byClient('a short length in eight bytes', masked({ ...text, lengthBytes: 8 })),
      byClient(
        'a length of 200 in eight bytes',
        masked({ opcode: 2, payload: long, lengthBytes: 8 }),
      ),
    ],
  },
  {
    name: 'a length has no sign',
    without: [
      { file: headers, replace: 'high >= 0x8000_0000 || length', by: 'length' },
      { file, replace: 'if (length > this.#rules.frameBytes) {', by: 'if (length < 0) {' },
      { file, replace: 'if (messageBytes > this.#rules.messageBytes) {', by: 'if (length < 0) {' },
    ],
    attacks: [
      byClient('a length of 2^63', masked({ opcode: 2, payload: evil, length: 1n << 63n })),
      byClient(
        'a length of 2^64 - 1',
        masked({ opcode: 2, payload: evil, length: (1n << 64n) - 1n }),
      ),
    ],
  },
  {
    name: 'a frame is bounded',
    without: [{ file, replace: 'if (length > this.#rules.frameBytes) {', by: 'if (length < 0) {' }],
    attacks: [
      byClient('a frame of 1025 bytes', masked({ opcode: 2, payload: evil.padEnd(1025) }), {
        code: 1009,
      }),
      byServer('a frame of 1025 bytes', bare({ opcode: 2, payload: evil.padEnd(1025) }), 1009),
    ],
  },
  {
    name: 'a frame of whatever length it claims is bounded',
    without: [
      { file, replace: 'if (length > this.#rules.frameBytes) {', by: 'if (length < 0) {' },
      { file, replace: 'if (messageBytes > this.#rules.messageBytes) {', by: 'if (length < 0) {' },
    ],
    attacks: [
      byClient('a length of 2^31', masked({ ...text, length: 1n << 31n }), { code: 1009 }),
      byClient('a length of 2^53 + 1', masked({ ...text, length: (1n << 53n) + 1n }), {
        code: 1009,
      }),
    ],
  },
  {
    name: 'a message is bounded over all its frames',
    without: [
      { file, replace: 'if (messageBytes > this.#rules.messageBytes) {', by: 'if (length < 0) {' },
    ],
    attacks: [
      byClient(
        'a message of three frames that are small enough',
        masked(
          { opcode: 2, isFinal: false, payload: 'x'.repeat(1024) },
          { opcode: 0, isFinal: false, payload: 'x'.repeat(1024) },
          { opcode: 0, payload: evil },
        ),
        { code: 1009, passed: [`binary ${'x'.repeat(20)}`, `more ${'x'.repeat(20)}`] },
      ),
    ],
  },
]

const closes: Defence[] = [
  {
    name: 'a Close says what may travel',
    without: [
      {
        file,
        replace: 'const fault = closeFault(payload)',
        by: 'const fault = closeFault(payload.subarray(0, 0))',
      },
    ],
    attacks: [
      ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) =>
        byClient(`a Close with code ${code}`, closeFrame(code, evil, key).toString('latin1')),
      ),
      byClient(
        'a Close whose reason is not UTF-8',
        closeFrame(1000, Buffer.from(`${evil}\xc0\xae`, 'latin1'), key).toString('latin1'),
      ),
      byServer('a Close with code 1005', closeFrame(1005, evil).toString('latin1')),
    ],
  },
  {
    name: 'nothing passes behind a Close',
    without: [
      { file, replace: 'this.isStopped = true\n      this.closeCode', by: 'this.closeCode' },
    ],
    attacks: [
      ['a message', masked(text)],
      ['a ping', masked({ opcode: 9, payload: evil })],
      ['a second Close', closeFrame(1000, evil, key).toString('latin1')],
    ].map(([what = '', frames = '']) => ({
      ...byClient(`${what} behind a Close`, closeFrame(1000, '', key).toString('latin1') + frames),
      repelled: [
        '101',
        'ended',
        'upstream: GET /',
        'upstream: text before',
        'upstream: Close 1000',
      ],
    })),
  },
]

testDefences([...messages, ...closes])
