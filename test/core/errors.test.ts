// The table of errors: what every row must hold for it to be answered with.

import { describe, expect, test } from 'bun:test'
import { mayTravel } from '../../src/core/close-codes.ts'
import { type ErrorCode, errorRow, errorTable, GatewayError } from '../../src/core/errors.ts'

const codes = Object.keys(errorTable) as ErrorCode[]

describe.each(codes)('%s', (code) => {
  const row = errorRow(code)

  test('has a sentence without a full stop, since a detail may follow', () => {
    expect(row.sentence).toMatch(/^[A-Z].*[^.]$/)
  })

  test('has a status of an error, and one that tells whose fault it is', () => {
    if (row.status === undefined) return
    if (row.side === 'client') expect([4, 5]).toContain(Math.floor(row.status / 100))
    else expect(Math.floor(row.status / 100)).toBe(5)
    if (row.side === 'upstream') expect([502, 504]).toContain(row.status)
  })

  test('has a close code that may travel', () => {
    if (row.closeCode !== undefined) expect(mayTravel(row.closeCode)).toBe(true)
  })

  test('may be tried with another endpoint only where this one is at fault', () => {
    if (row.isRetryable) expect(row.side).toBe('upstream')
  })
})

test.each([
  ['HTTP_VERSION', 505],
  ['TRANSFER_CODING', 501],
  ['HEAD_TOO_LARGE', 431],
  ['WEBSOCKET_VERSION', 426],
  ['REQUEST_TIMEOUT', 408],
  ['MALFORMED_REQUEST', 400],
  ['UNSAFE_PATH', 400],
  ['UPSTREAM_CONNECT_TIMEOUT', 504],
  ['LEAVING', 503],
] as const)('%s has the status %d that HTTP has for it', (code, status) => {
  expect(errorRow(code).status).toBe(status)
})

test.each([
  ['PROTOCOL_VIOLATION', 1002],
  ['MESSAGE_TOO_BIG', 1009],
  ['PEER_VIOLATION', 1011],
  ['LEAVING', 1012],
] as const)('%s has the close code %d that RFC 6455 has for it', (code, closeCode) => {
  expect(errorRow(code).closeCode).toBe(closeCode)
})

describe('an error of the gateway', () => {
  test('says the sentence of its code', () => {
    const error = new GatewayError('NO_ROUTE')
    expect([error.code, error.message, error.hasDetail]).toEqual([
      'NO_ROUTE',
      errorTable.NO_ROUTE.sentence,
      false,
    ])
  })

  test('says a detail instead where there is one', () => {
    const error = new GatewayError('NO_ROUTE', 'no such room')
    expect([error.name, error.message, error.hasDetail]).toEqual([
      'GatewayError',
      'no such room',
      true,
    ])
  })
})
