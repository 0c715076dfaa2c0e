// Chunks, followed to the end of the body and checked on the way (RFC 9112 §7.1).

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { BodyFollower } from '../../src/wire/http-body.ts'
import { everyCutting } from '../support/pieces.ts'
import { followBody, someTrailers } from '../support/reading.ts'

const chunked = { kind: 'chunked' } as const

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

describe('a chunked body', () => {
  test.each([
    ['nothing', '0\r\n\r\n'],
    ['one chunk', '5\r\nHello\r\n0\r\n\r\n'],
    ['chunks with lines in them', '4\r\n\r\n0\r\r\n2\r\n\r\n\r\n0\r\n\r\n'],
    ['a size in both cases', 'a\r\n0123456789\r\nB\r\n01234567890\r\n0\r\n\r\n'],
    ['a size with the digits at the ends', `9F\r\n${'x'.repeat(0x9f)}\r\n0\r\n\r\n`],
    ['a size with leading zeros', '0000000000005\r\nHello\r\n000\r\n\r\n'],
    ['extensions', '5;a=b;c="d \t\xe9"\r\nHello\r\n0;last\r\n\r\n'],
    ['an extension of 256 bytes', `1;${'x'.repeat(256)}\r\nx\r\n0\r\n\r\n`],
    [
      'extensions that are counted one by one',
      `1;${'x'.repeat(250)}\r\nx\r\n`.repeat(3) + '0\r\n\r\n',
    ],
    ['a trailer', '0\r\nA: b\r\nC: d\r\n\r\n'],
    ['a trailer behind data', '1\r\nx\r\n0\r\nExpires: never\r\n\r\n'],
    ['a trailer at its bound', `0\r\nA:${'x'.repeat(8192 - 6)}\r\n\r\n`],
  ])('of %s is followed to its end and no further, however it is cut', (_, text) => {
    const input = bytes(`${text}GET / HTTP/1.1\r\n`)
    const wanted = { passed: text.length, isComplete: true, fault: undefined }
    expect(followBody(input, chunked)).toEqual(wanted)
    for (const cuts of text.length < 999 ? everyCutting(input.length) : [[3], [4000], [8193]])
      expect(followBody(input, chunked, cuts)).toEqual(wanted)
    for (let end = 0; end < text.length; end++) {
      const start = followBody(input.subarray(0, end), chunked)
      expect(start).toEqual({ passed: end, isComplete: false, fault: undefined })
    }
  })

  const noSize = 'a chunk has no size'
  const notHex = 'a chunk size is not hexadecimal'
  const longer = 'a chunk is longer than its size'
  const noLF = 'a chunk size line ends without LF'
  const extension = 'a chunk extension is malformed'
  const inTrailer = 'a control character in the trailer'
  const noName = 'a trailer name with a character that none may have'

  // Each is refused at its last byte.
  test.each([
    ['no size', '\r', noSize],
    ['an extension and no size', ';', noSize],
    ['a sign', '+', noSize],
    ['a minus', '-', noSize],
    ['a leading space', ' ', noSize],
    ['a word', 'x', noSize],
    ['a prefix of 0x', '0x', notHex],
    ['an underscore', '1_', notHex],
    ['a space behind the size', '5 ', notHex],
    ['a tab behind the size', '5\t', notHex],
    ['a character below A', '5@', notHex],
    ['a character above f', '5g', notHex],
    ['a character above 9', '5:', notHex],
    ['a control character that lower case would make a digit', '5\x11', notHex],
    ['a mark that lower case would make an a', '5!', notHex],
    ['another control character of that kind', '5\x01', notHex],
    ['a bare LF behind the size', '5\n', notHex],
    ['a NUL behind the size', '5\0', notHex],
    ['a bare CR behind the size', '5\rH', noLF],
    ['CR CR LF behind the size', '5\r\r', noLF],
    ['14 digits', '10000000000000', 'a chunk size is too large'],
    ['14 zeros', '00000000000000', 'a chunk size is too large'],
    ['a bare LF in an extension', '5;a\n', extension],
    ['a NUL in an extension', '5;a\0', extension],
    ['an extension of 257 bytes', `5;${'x'.repeat(257)}`, extension],
    ['data past the size', '5\r\nHelloo', longer],
    ['data past the size that ends in LF', '5\r\nHello\n', longer],
    ['a bare CR behind the data', '5\r\nHello\rx', longer],
    ['no line end behind the data', '1\r\nx0', longer],
    ['an empty line between chunks', '1\r\nx\r\n\r', noSize],
    ['a bare LF in the trailer', '0\r\n\n', inTrailer],
    ['a bare LF behind a trailer line', '0\r\nA: b\n', inTrailer],
    ['a NUL in the trailer', '0\r\nA\0', inTrailer],
    ['DEL in the trailer', '0\r\nA\x7f', inTrailer],
    ['a bare CR in a trailer line', '0\r\nA:\rb', 'a trailer line ends without LF'],
    ['a bare CR as last line', '0\r\n\rx', 'the trailer ends without LF'],
    ['a bare CR as last line, behind others', '0\r\nA: b\r\n\rx', 'the trailer ends without LF'],
    ['a trailer line without colon', '0\r\nA\r', 'a trailer line without colon'],
    ['a trailer without name', '0\r\n:', noName],
    ['a folded trailer line', '0\r\nA: b\r\n c:', noName],
    ['a space before the colon of a trailer', '0\r\nX-A :', noName],
    ['a name that may not trail', '0\r\nA: b\r\nx-a:', 'x-a may not stand in a trailer'],
    ['such a name in other case', '0\r\nX-A:', 'x-a may not stand in a trailer'],
    ['a trailer past its bound', `0\r\n${'x'.repeat(8193)}`, 'the trailer is too large'],
    ['a trailer of many lines', `0\r\n${'A: b\r\n'.repeat(1365)}AA\r`, 'the trailer is too large'],
  ])('with %s is refused at that byte, however it is cut', (_, text, fault) => {
    const input = bytes(`${text}0\r\n\r\n`)
    const wanted = { passed: text.length - 1, isComplete: false, fault }
    expect(followBody(input, chunked)).toEqual(wanted)
    const before = followBody(input.subarray(0, text.length - 1), chunked)
    expect(before).toMatchObject({ passed: text.length - 1, fault: undefined })
    for (const cuts of text.length < 999 ? everyCutting(input.length) : [[3], [4000], [8195]])
      expect(followBody(input, chunked, cuts)).toEqual(wanted)
  })

  test('may have a chunk of 13 digits, which is a whole number still', () => {
    const body = new BodyFollower(chunked, someTrailers)
    const data = Buffer.alloc(100_000)
    body.follow(bytes('fffffffffffff\r\n'), 0)
    for (let count = 0; count < 100; count++) expect(body.follow(data, 0)).toBe(data.length)
    expect([body.isComplete, body.fault]).toEqual([false, undefined])
  })

  test('starts anywhere in a piece', () => {
    const body = new BodyFollower(chunked, someTrailers)
    expect(body.follow(bytes('head1\r\nx\r\n0\r\n\r\nnext'), 4)).toBe(15)
    expect(body.isComplete).toBe(true)
    expect(body.follow(bytes('next'), 1)).toBe(1)
  })

  test('of any chunks is followed to its end, however it is cut', () => {
    const data = fc.uint8Array({ minLength: 1, maxLength: 40 })
    const token = fc.stringMatching(/^[A-Za-z0-9]{1,9}$/)
    const extensions = fc.oneof(
      fc.constant(''),
      token.map((name) => `;${name}="x y"`),
    )
    const trailers = fc.array(
      token.map((name) => `A${name}: value\r\n`),
      { maxLength: 3 },
    )
    const offsets = fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: 10 })
    const chunks = fc.array(fc.tuple(data, extensions), { maxLength: 5 })
    fc.assert(
      fc.property(chunks, trailers, offsets, (parts, trailer, unordered) => {
        const body = Buffer.concat([
          ...parts.flatMap(([content, extension]) => [
            bytes(`${content.length.toString(16)}${extension}\r\n`),
            content,
            bytes('\r\n'),
          ]),
          bytes(`0\r\n${trailer.join('')}\r\n`),
        ])
        const cuts = unordered.filter((each) => each < body.length).toSorted((a, b) => a - b)
        const followed = followBody(Buffer.concat([body, bytes('0\r\n\r\n')]), chunked, cuts)
        expect(followed).toEqual({ passed: body.length, isComplete: true, fault: undefined })
      }),
      { numRuns: 500 },
    )
  })
})
