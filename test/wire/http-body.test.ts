// Where a body ends by what the fields say of it. Most ways of smuggling a request past a gateway are
// in the tables of refusals here and of `http-body-chunks.test.ts` (RFC 9112 §6.1, §7.1, §11.2).

import { describe, expect, test } from 'bun:test'
import { BodyFollower, bodyFraming } from '../../src/wire/http-body.ts'
import { everyCutting } from '../support/pieces.ts'
import { fieldsOf, followBody, refusal, someTrailers } from '../support/reading.ts'

const chunked = { kind: 'chunked' } as const

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

describe('the fields', () => {
  test('that say nothing leave it open', () => {
    expect(bodyFraming(fieldsOf('Host: a'), 1)).toBeUndefined()
  })

  test.each([
    ['0', 0],
    ['5', 5],
    ['007', 7],
    ['999999999999999', 999_999_999_999_999],
  ])('say %s bytes', (length, wanted) => {
    const framing = bodyFraming(fieldsOf(`Content-Length: ${length}`), 1)
    expect(framing).toEqual({ kind: 'length', bytes: wanted })
    expect(bodyFraming(fieldsOf(`Content-Length: ${length}`), 0)).toEqual(framing)
  })

  test.each([
    '+5',
    '-5',
    '5,5',
    '5, 5',
    '0x5',
    '5 5',
    '5.0',
    '5e1',
    '',
    'five',
    '\xb2',
    '1000000000000000',
    '99999999999999999999',
  ])('may not say a length of %p', (length) => {
    expect(refusal(bodyFraming(fieldsOf(`Content-Length: ${length}`), 1))).toBe(
      'malformed: the content-length is not a number',
    )
  })

  test.each(['chunked', 'Chunked', 'CHUNKED'])('say %s', (coding) => {
    expect(bodyFraming(fieldsOf(`Transfer-Encoding: ${coding}`), 1)).toEqual(chunked)
  })

  test.each([
    'xchunked',
    'chunked, chunked',
    'gzip, chunked',
    'chunked, identity',
    'identity',
    'chunked;q=1',
    '"chunked"',
    'chunked,',
    ',chunked',
    '',
    '\xa0chunked',
    'chun ked',
  ])('may not say the coding %p, which is not spoken here', (coding) => {
    const fields = fieldsOf()
    fields.add('Transfer-Encoding', coding)
    expect(refusal(bodyFraming(fields, 1))).toBe('coding: the transfer coding is not chunked')
  })

  test.each([
    ['both a length and a coding', ['Content-Length: 5', 'Transfer-Encoding: chunked'], 1],
    ['both, the other way round', ['Transfer-Encoding: chunked', 'Content-Length: 5'], 1],
    ['both, with a coding nobody knows', ['Transfer-Encoding: x', 'Content-Length: 5'], 1],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 1],
    ['two lengths that agree', ['Content-Length: 5', 'content-length: 5'], 1],
    ['two codings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 1],
    ['a coding behind another', ['Transfer-Encoding: x', 'Transfer-Encoding: chunked'], 1],
    ['a coding in HTTP/1.0', ['Transfer-Encoding: chunked'], 0],
  ] as const)('may not say %s', (_, lines, minor) => {
    expect(refusal(bodyFraming(fieldsOf(...lines), minor))).toStartWith('malformed')
  })
})

describe('a body of a length', () => {
  const five = { kind: 'length', bytes: 5 } as const

  test('ends after that many bytes, whatever they are', () => {
    for (const cuts of [[], ...everyCutting(8)]) {
      const followed = followBody(bytes('\r\n0\r\nGET'), five, cuts)
      expect(followed).toEqual({ passed: 5, isComplete: true, fault: undefined })
    }
  })

  test('is not complete before', () => {
    expect(followBody(bytes('1234'), five)).toMatchObject({ passed: 4, isComplete: false })
  })

  test('of zero is complete at once', () => {
    const body = new BodyFollower({ kind: 'length', bytes: 0 }, someTrailers)
    expect(body.isComplete).toBe(true)
    expect(body.follow(bytes('GET'), 1)).toBe(1)
  })

  test('starts anywhere in a chunk', () => {
    const body = new BodyFollower(five, someTrailers)
    expect(body.follow(bytes('head12345more'), 4)).toBe(9)
    expect(body.isComplete).toBe(true)
  })
})

test('a body that ends with the connection is all there is, and never complete', () => {
  const followed = followBody(bytes('0\r\n\r\nGET'), { kind: 'until-close' }, [3])
  expect(followed).toEqual({ passed: 8, isComplete: false, fault: undefined })
})
