// Chunked bodies without their framing.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { unchunked } from '../../src/wire/unchunk.ts'

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

describe('without its framing a body', () => {
  test.each([
    ['of nothing', '0\r\n\r\n', ''],
    ['of one chunk', '5\r\nHello\r\n0\r\n\r\n', 'Hello'],
    ['of sizes in hexadecimal', `1A\r\n${'x'.repeat(26)}\r\n0\r\n\r\n`, 'x'.repeat(26)],
    ['with extensions', '2;a="0"\r\nHi\r\n0;last\r\n\r\n', 'Hi'],
    ['with a trailer', '2\r\nHi\r\n0\r\nExpires: never\r\n\r\n', 'Hi'],
    [
      'with chunks in its data',
      '8\r\n1\r\nx\r\n0\r\r\n2\r\n\n\r\r\n0\r\n\r\n',
      '1\r\nx\r\n0\r\n\r',
    ],
  ])('%s is its data', (_, framed, data) => {
    expect(unchunked(bytes(framed)).toString('latin1')).toBe(data)
  })

  test('is what went into the chunks, however it was cut into them', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 })
    fc.assert(
      fc.property(chunks, (parts) => {
        const framed = parts.flatMap((part) => [
          bytes(`${part.length.toString(16)}\r\n`),
          Buffer.from(part),
          bytes('\r\n'),
        ])
        const body = Buffer.concat([...framed, bytes('0\r\n\r\n')])
        expect(unchunked(body)).toEqual(Buffer.concat(parts))
      }),
    )
  })
})
