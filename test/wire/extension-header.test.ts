// The grammar of Sec-WebSocket-Extensions (RFC 6455 §9.1).

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseExtensions } from '../../src/wire/extension-header.ts'

/** Name, then parameters; a parameter without value is true. */
function parsed(header: string): unknown[] | undefined {
  return parseExtensions(header)?.map(({ name, parameters }) => [
    name,
    Object.fromEntries(parameters),
  ])
}

test.each([
  ['', []],
  ['  ', []],
  ['foo', [['foo', {}]]],
  [
    'foo, bar',
    [
      ['foo', {}],
      ['bar', {}],
    ],
  ],
  [
    'foo,foo',
    [
      ['foo', {}],
      ['foo', {}],
    ],
  ],
  ['foo; a; b=1', [['foo', { a: true, b: '1' }]]],
  [
    ' foo ;a ; b = 1 ,\tbar;c',
    [
      ['foo', { a: true, b: '1' }],
      ['bar', { c: true }],
    ],
  ],
  ['foo; a="1"; b="x\\y"', [['foo', { a: '1', b: 'xy' }]]],
  [
    'permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate',
    [
      ['permessage-deflate', { client_max_window_bits: true, server_max_window_bits: '10' }],
      ['permessage-deflate', {}],
    ],
  ],
  ['foo; __proto__=1', [['foo', Object.fromEntries([['__proto__', '1']])]]],
])('%p is read', (header, wanted) => {
  expect(parsed(header)).toEqual(wanted)
})

test.each([
  ['an empty member', 'foo,,bar'],
  ['a comma at the end', 'foo,'],
  ['a comma at the start', ',foo'],
  ['an empty parameter', 'foo;;a'],
  ['a semicolon at the end', 'foo;'],
  ['a parameter without extension', ';a'],
  ['a name with a space', 'foo bar'],
  ['a name with a mark', 'fo@o'],
  ['a byte of 0xa0, which is no white space, around a name', '\xa0foo'],
  ['a byte of 0xa0 around a parameter', 'foo; \xa0a'],
  ['a name with an equals sign', 'foo=1'],
  ['a parameter without name', 'foo; =1'],
  ['a parameter whose name has a space', 'foo; a b=1'],
  ['a value that is empty', 'foo; a='],
  ['a value that is empty in quotes', 'foo; a=""'],
  ['a value with a space', 'foo; a=1 2'],
  ['a quoted value that is no token', 'foo; a="1 2"'],
  ['a quoted value with a comma, which is no token either', 'foo; a="1,2", bar'],
  ['a quoted value with a semicolon', 'foo; a="1;b"'],
  ['a quote that does not end', 'foo; a="1'],
  ['a quote that does not end behind two characters', 'foo; a="12'],
  ['a quote alone', 'foo; a="'],
  ['a quote whose end is escaped', 'foo; a="1\\"'],
  ['something behind a quote', 'foo; a="1"2'],
  ['two equals signs', 'foo; a==1'],
  ['a fault in a later extension', 'foo, bar; a='],
])('%s is malformed: %p', (_, header) => {
  expect(parseExtensions(header)).toBeUndefined()
})

test('an extension keeps the text it was written with', () => {
  const texts = parseExtensions(' foo; a="1" ;b, bar ')?.map((extension) => extension.text)
  expect(texts).toEqual(['foo; a="1" ;b', 'bar'])
})

test.each(['foo; a=1; a=1', 'foo; a; a=1', 'foo; a=1; b; a'])(
  'a parameter that comes twice is told of the extension it is in: %p',
  (header) => {
    const extensions = parseExtensions(`bar; a=1, ${header}, foo; b`)
    expect(extensions?.map((extension) => extension.hasDoubledParameter)).toEqual([
      false,
      true,
      false,
    ])
  },
)

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,8}$/)
const parameters = fc.uniqueArray(fc.tuple(token, fc.option(token, { nil: true as const })), {
  selector: ([name]) => name,
  maxLength: 4,
})

test('whatever may be written is read back, quoted or not', () => {
  const extensions = fc.array(fc.tuple(token, parameters), { maxLength: 4 })
  const quote = (text: string) => `"${text.replaceAll(/./g, '\\$&')}"`
  fc.assert(
    fc.property(extensions, fc.boolean(), (written, isQuoted) => {
      const header = written.map(([name, list]) =>
        [
          name,
          ...list.map(([key, value]) =>
            value === true ? key : `${key}=${isQuoted ? quote(value) : value}`,
          ),
        ].join('; '),
      )
      expect(parsed(header.join(', '))).toEqual(
        written.map(([name, list]) => [name, Object.fromEntries(list)]),
      )
    }),
  )
})

test('any text is read or malformed, never an error; and what is read says the same again', () => {
  const unit = fc.constantFrom('a', 'b', ' ', '\t', ',', ';', '=', '"', '\\', '\xa0')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (header) => {
      const extensions = parseExtensions(header)
      const texts = extensions?.map((extension) => extension.text)
      if (texts !== undefined) expect(parseExtensions(texts.join(', '))).toEqual(extensions)
    }),
    { numRuns: 2_000 },
  )
})
