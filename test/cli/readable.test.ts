// Text of others in a terminal.

import { expect, test } from 'bun:test'
import { closeText, closePayload } from '../../src/cli/farewell.ts'
import { readable } from '../../src/cli/readable.ts'
import { roundTripText, traceLine } from '../../src/cli/trace.ts'
import { Opcode } from '../../src/wire/opcode.ts'

test('what a terminal would obey is spelled out, all else stays', () => {
  expect(readable('\x1b[2J\r\x07 \x9b31m\x7f')).toBe('\\x1b[2J\\x0d\\x07 \\x9b31m\\x7f')
  expect(readable('Grüße\n\t🫖 "ok" \\')).toBe('Grüße\n\t🫖 "ok" \\')
})

test('a Close is told with its code and reason, as far as it has them', () => {
  expect(closeText(Buffer.alloc(0))).toBe('')
  expect(closeText(closePayload({ code: 1000, reason: '' }))).toBe('1000')
  expect(closeText(closePayload({ code: 4001, reason: 'see\x1b you' }))).toBe('4001 see\\x1b you')
})

test.each([
  [{ opcode: Opcode.text, payload: 'hello', deflatedBytes: 7 }, 'text, 5 bytes, 7 compressed'],
  [{ opcode: Opcode.binary, payload: '' }, 'binary, 0 bytes'],
  [{ opcode: Opcode.ping, payload: '' }, 'ping'],
  [{ opcode: Opcode.pong, payload: 'a\x1b' }, 'pong a\\x1b'],
  [{ opcode: Opcode.close, payload: '\x03\xe8bye' }, 'close 1000 bye'],
  [{ opcode: Opcode.close, payload: '' }, 'close'],
])('%j is traced as %j', ({ payload, ...frame }, line) => {
  const passing = { ...frame, payload: Buffer.from(payload, 'latin1') }
  expect(traceLine('<', passing)).toBe(`< ${line}`)
})

test.each([
  [0.123456, '0.123 ms'],
  [1, '1 ms'],
  [12.345, '12.3 ms'],
  [99.99, '100 ms'],
  [1234.5, '1235 ms'],
])('%d milliseconds are %j', (ms, text) => {
  expect(roundTripText(ms)).toBe(text)
})
