// Close codes, compared with RFC 6455 §7.4 and the registry of IANA.

import { expect, test } from 'bun:test'
import { CloseCode, mayTravel } from '../../src/core/close-codes.ts'

test('a code may travel if it is registered for it, or belongs to libraries and applications', () => {
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
  for (let code = 0; code <= 65_535; code++) {
    const wanted = registered.includes(code) || (code >= 3000 && code <= 4999)
    expect(mayTravel(code), String(code)).toBe(wanted)
  }
})

test('codes have the numbers of the registry', () => {
  expect(CloseCode).toEqual({
    normal: 1000,
    goingAway: 1001,
    protocolError: 1002,
    noStatus: 1005,
    abnormal: 1006,
    invalidPayload: 1007,
    policyViolation: 1008,
    messageTooBig: 1009,
    internalError: 1011,
    serviceRestart: 1012,
    tryAgainLater: 1013,
    refused: 4000,
    tooManyRequests: 4429,
  })
})
