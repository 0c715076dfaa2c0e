// Heads of HTTP/1.1 messages: what is read, what is refused, and that it does not matter how the
// bytes arrive. What two readers could understand differently must be refused (RFC 9112 §11.2).

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { HeadReader, isToken } from '../../src/wire/http-head.ts'
import { everyCutting } from '../support/pieces.ts'
import { accepted, head, readHead, refusal, roomy } from '../support/reading.ts'

const request = head('GET /chat HTTP/1.1', 'Host: example.com', 'x-Empty:', 'X-List: a, b')

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function fieldsIn(input: Buffer): string[][] {
  return accepted(readHead(input)).raw.fields.list.map(({ name, value }) => [name, value])
}

describe('a head', () => {
  test('is its start line and its fields, in order and with names as sent', () => {
    expect(accepted(readHead(request)).raw.startLine).toBe('GET /chat HTTP/1.1')
    expect(fieldsIn(request)).toEqual([
      ['Host', 'example.com'],
      ['x-Empty', ''],
      ['X-List', 'a, b'],
    ])
  })

  test('may have no fields', () => {
    expect(fieldsIn(head('GET / HTTP/1.0'))).toEqual([])
  })

  test('has values without surrounding spaces and tabs, and keeps the ones inside', () => {
    expect(fieldsIn(head('X', 'A:b', 'C: \t d \t e\t '))).toEqual([
      ['A', 'b'],
      ['C', 'd \t e'],
    ])
  })

  test('keeps every byte of a value above 0x7f, also 0xa0 and 0x85 at its ends', () => {
    expect(fieldsIn(head('X', 'A: \xa0é\x85'))).toEqual([['A', '\xa0é\x85']])
  })

  test('splits a line at its first colon', () => {
    expect(fieldsIn(head('X', 'Host: a:80', 'B:::'))).toEqual([
      ['Host', 'a:80'],
      ['B', '::'],
    ])
  })

  test('ends where its empty line ends: the body behind it is not touched', () => {
    const whole = Buffer.concat([request, bytes('\r\nbody\n\0')])
    expect(accepted(readHead(whole)).consumed).toBe(request.length)
  })

  test('may start anywhere in a chunk, and one reader reads one after the other', () => {
    const chunk = Buffer.concat([bytes('\0\n'), request, head('second', 'a: b'), bytes('th')])
    const reader = new HeadReader(roomy)
    reader.read(chunk, 2)
    expect(reader.consumed).toBe(request.length)
    const second = reader.read(chunk, 2 + request.length)
    expect(second).toMatchObject({ startLine: 'second' })
    expect(reader.consumed).toBe(head('second', 'a: b').length)
    expect(reader.hasBegun).toBe(false)
    expect(reader.read(chunk, chunk.length - 2)).toBeUndefined()
    expect(reader.hasBegun).toBe(true)
    const third = reader.read(head('ird', 'c: d'), 0)
    expect(third).toMatchObject({ startLine: 'third' })
    expect(reader.hasBegun).toBe(false)
  })

  test('is refused at the first byte that cannot begin it, where its beginning is known', () => {
    const read = (...chunks: readonly string[]) => {
      const reader = new HeadReader(roomy, 'HTTP/')
      return chunks.map((chunk) => reader.read(bytes(chunk), 0)).at(-1)
    }
    const refused = { fault: 'malformed', detail: 'it does not begin with HTTP/' }
    for (const chunks of [['S'], ['HTTQ'], ['HT', 'MP'], ['\r\nSSH'], ['\r', '\n', 'S']])
      expect(read(...chunks)).toMatchObject(refused)
    for (const chunks of [['H'], ['HTTP/'], ['HT', 'TP/1.1 2'], ['\r'], ['\r\n'], ['\r\nHT']])
      expect(read(...chunks)).toBeUndefined()
  })

  test('is read by a reader that has read another as by a new one', () => {
    const seconds = [
      // As long as the head before it, so that its line ends where that one did.
      `GET /${'x'.repeat(request.length - 14)} HTTP/1.1\r\nA: b\r\n\r\n`,
      '\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n',
      'X\r\n\r\n',
    ].map(bytes)
    const firsts = [request, Buffer.concat([bytes('\r\n'), request])]
    for (const [first, second] of firsts.flatMap((one) =>
      seconds.map((two) => [one, two] as const),
    )) {
      const reader = new HeadReader(roomy)
      reader.read(first, 0)
      expect(reader.read(second, 0)).toEqual(accepted(readHead(second)).raw)
      expect(reader.consumed).toBe(second.length)
    }
  })

  test('is read from its first byte where the one before came in pieces', () => {
    const second = bytes('X\0\r\n\r\n')
    for (let cut = 1; cut < request.length; cut++) {
      const reader = new HeadReader(roomy)
      reader.read(request.subarray(0, cut), 0)
      reader.read(request.subarray(cut), 0)
      expect(refusal(reader.read(second, 0))).toBe(control('00'))
    }
  })

  test('may go on anywhere in the next chunk', () => {
    const reader = new HeadReader(roomy)
    expect(reader.read(bytes('GET / HT'), 0)).toBeUndefined()
    const chunk = bytes('\0\0\0TP/1.1\r\nA: b\r\n\r\nmore')
    expect(reader.read(chunk, 3)).toMatchObject({ startLine: 'GET / HTTP/1.1' })
    expect(reader.consumed).toBe(chunk.length - 3 - 4)
  })

  test('is kept as a copy: whoever sent the chunk may use it again', () => {
    const reader = new HeadReader(roomy)
    const chunk = bytes('GET /a')
    reader.read(chunk, 0)
    chunk.fill(0)
    expect(reader.read(head('b HTTP/1.1'), 0)).toMatchObject({ startLine: 'GET /ab HTTP/1.1' })
  })

  test('is incomplete, never refused, wherever it stops', () => {
    for (let end = 0; end < request.length; end++)
      expect(readHead(request.subarray(0, end))).toBeUndefined()
  })

  test('may have one empty line before it (RFC 9112 §2.2), which counts as consumed', () => {
    const read = accepted(readHead(Buffer.concat([bytes('\r\n'), request])))
    expect(read.raw.startLine).toBe('GET /chat HTTP/1.1')
    expect(read.consumed).toBe(2 + request.length)
  })
})

const control = (hex: string) => `malformed: a control character (0x${hex})`
const bareLF = 'malformed: a line ends without CR'
const bareCR = 'malformed: a bare CR'
const badName = 'malformed: a header name with a character that none may have'

describe('refused', () => {
  test.each([
    ['a bare LF behind the start line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', bareLF],
    ['a bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n', bareLF],
    ['an empty line of a bare LF', 'GET / HTTP/1.1\r\nHost: a\r\n\n', bareLF],
    ['LF alone', '\n', bareLF],
    ['a leading empty line of a bare LF', '\nGET / HTTP/1.1\r\n\r\n', bareLF],
    ['a bare CR in the start line', 'GET /\r HTTP/1.1\r\n\r\n', bareCR],
    ['a bare CR in a value', 'GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n', bareCR],
    ['CR CR LF', 'GET / HTTP/1.1\r\r\n\r\n', bareCR],
    ['LF CR', 'GET / HTTP/1.1\n\r\n\r', bareLF],
    ['a NUL in the start line', 'GET /\0 HTTP/1.1\r\n\r\n', control('00')],
    ['a NUL in a name', 'GET / HTTP/1.1\r\nHo\0st: a\r\n\r\n', control('00')],
    ['a NUL in a value', 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n', control('00')],
    [
      'a vertical tab in front of a value',
      'X\r\nTransfer-Encoding: \x0bchunked\r\n\r\n',
      control('0b'),
    ],
    ['a form feed', 'X\r\nA: \x0cb\r\n\r\n', control('0c')],
    ['DEL', 'X\r\nA: b\x7f\r\n\r\n', control('7f')],
    ['ESC as the first byte', '\x1b', control('1b')],
    ['a TLS hello', '\x16\x03\x01\x02\x00', control('16')],
    ['two leading empty lines', '\r\n\r\n', 'malformed: the head is empty'],
    [
      'two leading empty lines and a head',
      '\r\n\r\nGET / HTTP/1.1\r\n\r\n',
      'malformed: the head is empty',
    ],
    ['a folded line', 'X\r\nA: b\r\n c\r\n\r\n', 'malformed: a folded header line'],
    ['a line folded with a tab', 'X\r\nA: b\r\n\tc\r\n\r\n', 'malformed: a folded header line'],
    ['a space before the first field', 'X\r\n A: b\r\n\r\n', 'malformed: a folded header line'],
    ['a line without colon', 'X\r\nA b\r\n\r\n', 'malformed: a header line without colon'],
    ['an empty name', 'X\r\n: b\r\n\r\n', badName],
    ['a space before the colon', 'X\r\nTransfer-Encoding : chunked\r\n\r\n', badName],
    ['a tab before the colon', 'X\r\nA\t: b\r\n\r\n', badName],
    ['a space in a name', 'X\r\nHost a: b\r\n\r\n', badName],
    ['a name with a byte above 0x7f', 'X\r\nH\xf6st: a\r\n\r\n', badName],
    ['a name with brackets', 'X\r\n(A): b\r\n\r\n', badName],
  ])('%s', (_, text, wanted) => {
    const input = bytes(text)
    expect(refusal(readHead(input))).toBe(wanted)
    for (const cuts of everyCutting(input.length))
      expect(refusal(readHead(input, cuts))).toBe(wanted)
  })

  test('each control character but tab, wherever it stands', () => {
    for (let byte = 0; byte < 0x20; byte++) {
      if (byte === 0x09 || byte === 0x0a || byte === 0x0d) continue
      const hex = byte.toString(16).padStart(2, '0')
      const character = String.fromCharCode(byte)
      for (const text of [`${character}GET`, `GET${character}`, `X\r\nA: ${character}`])
        expect(refusal(readHead(bytes(text)))).toBe(control(hex))
    }
  })

  test('at the first byte that no head can have, without waiting for the rest', () => {
    for (const text of ['GET /\0', 'X\r\nA: b\n', 'X\r\nA: b\rC', '\r\n\r\n'])
      expect(() => refusal(readHead(bytes(text)))).not.toThrow()
  })
})

test('however a head is cut, it is read the same', () => {
  const whole = readHead(request)
  for (const cuts of everyCutting(request.length)) expect(readHead(request, cuts)).toEqual(whole)
})

test('every head that may be written is read back as it was, however it is cut', () => {
  const name = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/)
  const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,12}[!-~\x80-\xff])?)?$/)
  const startLine = fc.stringMatching(/^[!-~\x80-\xff][\t -~\x80-\xff]{0,20}$/)
  const fields = fc.array(fc.tuple(name, fc.constantFrom('', ' ', '\t '), value), { maxLength: 8 })
  const offsets = fc.uniqueArray(fc.nat({ max: 200 }), { maxLength: 8 })
  fc.assert(
    fc.property(startLine, fields, offsets, (line, sent, unordered) => {
      const input = head(
        line,
        ...sent.map(([key, space, text]) => `${key}:${space}${text}${space}`),
      )
      const cuts = unordered.filter((each) => each < input.length).toSorted((a, b) => a - b)
      const { raw, consumed } = accepted(readHead(Buffer.concat([input, input]), cuts))
      expect(consumed).toBe(input.length)
      expect(raw.startLine).toBe(line)
      expect(raw.fields.list.map((field) => [field.name, field.value])).toEqual(
        sent.map(([key, , text]) => [key, text]),
      )
    }),
    { numRuns: 500 },
  )
})

test('a token is what RFC 9110 §5.6.2 lists, and not empty', () => {
  const marks = "!#$%&'*+-.^_`|~"
  for (let byte = 0; byte <= 0xff; byte++) {
    const character = String.fromCharCode(byte)
    expect(isToken(character)).toBe(marks.includes(character) || /[0-9A-Za-z]/.test(character))
  }
  expect(isToken('')).toBe(false)
  expect(isToken('a b')).toBe(false)
  expect(isToken('abc\n')).toBe(false)
})
