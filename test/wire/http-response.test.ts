// Response heads, understood: status, body and whether the connection goes on (RFC 9112 §4, §6.3).

import { describe, expect, test } from 'bun:test'
import { readResponseHead } from '../../src/wire/http-response.ts'
import { accepted, fieldsOf, readResponse, refusal } from '../support/reading.ts'

describe('the status line', () => {
  test.each([
    ['HTTP/1.1 200 OK', 200, 'OK', 1],
    ['HTTP/1.0 404 Not Found', 404, 'Not Found', 0],
    ['HTTP/1.1 204 ', 204, '', 1],
    ['HTTP/1.1 101', 101, '', 1],
    ['HTTP/1.1 999 x  y ', 999, 'x  y ', 1],
    ['HTTP/1.1 200 \xe9', 200, '\xe9', 1],
  ] as const)('%p is read', (line, status, reason, minor) => {
    expect(accepted(readResponse(line))).toMatchObject({ status, reason, minor })
  })

  test.each([
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 099 OK',
    'HTTP/1.1 +20 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 200OK',
    'HTTP/1.2 200 OK',
    'HTTP/2.0 200 OK',
    'http/1.1 200 OK',
    ' HTTP/1.1 200 OK',
    'ICY 200 OK',
    'GET / HTTP/1.1',
  ])('%p is refused', (line) => {
    expect(refusal(readResponse(line))).toBe('malformed: the status line is not HTTP/1.1')
  })
})

describe('the body of an answer', () => {
  const bodyOf = (line: string, ...fields: string[]) => accepted(readResponse(line, ...fields)).body

  test('is as long as the fields say', () => {
    const five = { kind: 'length', bytes: 5 } as const
    expect(bodyOf('HTTP/1.1 200 OK', 'Content-Length: 5')).toEqual(five)
    const chunked = bodyOf('HTTP/1.1 200 OK', 'Transfer-Encoding: Chunked')
    expect(chunked).toEqual({ kind: 'chunked' })
  })

  test('ends with the connection where they say nothing', () => {
    expect(bodyOf('HTTP/1.1 200 OK')).toEqual({ kind: 'until-close' })
    expect(bodyOf('HTTP/1.0 500 Oops')).toEqual({ kind: 'until-close' })
  })

  test.each([100, 101, 103, 199, 204, 304])(
    'is none with status %d, whatever they say',
    (status) => {
      const none = { kind: 'length', bytes: 0 } as const
      expect(bodyOf(`HTTP/1.1 ${status} x`)).toEqual(none)
      expect(bodyOf(`HTTP/1.1 ${status} x`, 'Content-Length: 5')).toEqual(none)
      expect(bodyOf(`HTTP/1.1 ${status} x`, 'Transfer-Encoding: chunked')).toEqual(none)
    },
  )

  test.each([200, 205, 206, 303, 305, 404])('is there with status %d', (status) => {
    const five = { kind: 'length', bytes: 5 } as const
    expect(bodyOf(`HTTP/1.1 ${status} x`, 'Content-Length: 5')).toEqual(five)
  })

  test('is none in an answer to HEAD', () => {
    const raw = { startLine: 'HTTP/1.1 200 OK', fields: fieldsOf('Content-Length: 5') }
    const toHead = accepted(readResponseHead(raw, 'HEAD'))
    expect(toHead.body).toEqual({ kind: 'length', bytes: 0 })
    expect(toHead.isKeptAlive).toBe(true)
    const toGet = accepted(readResponseHead(raw, 'GET'))
    expect(toGet.body).toEqual({ kind: 'length', bytes: 5 })
  })

  test('that could end in two places is refused', () => {
    const ok = 'HTTP/1.1 200 OK'
    const length = 'Content-Length: 5'
    const chunked = 'Transfer-Encoding: chunked'
    expect(refusal(readResponse(ok, length, chunked))).toStartWith('malformed')
    expect(refusal(readResponse(ok, length, length))).toStartWith('malformed')
    expect(refusal(readResponse('HTTP/1.0 200 OK', chunked))).toStartWith('malformed')
    expect(refusal(readResponse(ok, 'Transfer-Encoding: gzip, chunked'))).toStartWith('coding')
    expect(refusal(readResponse('HTTP/1.1 204 x', length, chunked))).toStartWith('malformed')
  })
})

describe('the connection', () => {
  const isKept = (version: string, ...fields: string[]) =>
    accepted(readResponse(`${version} 200 OK`, ...fields)).isKeptAlive

  test('goes on in HTTP/1.1 unless the server says close', () => {
    expect(isKept('HTTP/1.1', 'Content-Length: 5')).toBe(true)
    expect(isKept('HTTP/1.1', 'Content-Length: 5', 'Connection: Close')).toBe(false)
    expect(isKept('HTTP/1.1', 'Content-Length: 5', 'Connection: x, close')).toBe(false)
  })

  test('ends in HTTP/1.0 unless the server says keep-alive', () => {
    expect(isKept('HTTP/1.0', 'Content-Length: 5')).toBe(false)
    expect(isKept('HTTP/1.0', 'Content-Length: 5', 'Connection: keep-alive')).toBe(true)
  })

  test('ends in HTTP/1.0 too where the server says both: close wins (RFC 9112 §9.3)', () => {
    expect(isKept('HTTP/1.0', 'Content-Length: 5', 'Connection: close, keep-alive')).toBe(false)
  })

  test('ends with a body that has no other end', () => {
    expect(isKept('HTTP/1.1', 'Connection: keep-alive')).toBe(false)
    expect(isKept('HTTP/1.0', 'Connection: keep-alive')).toBe(false)
  })
})
