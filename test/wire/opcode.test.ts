// The numbers of the protocol, compared with its registry.

import { expect, test } from 'bun:test'
import { maxControlBytes, Opcode } from '../../src/wire/opcode.ts'

test('opcodes are those of RFC 6455 §11.8', () => {
  expect(Opcode).toEqual({ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 })
})

test('a control frame has at most the 125 bytes of RFC 6455 §5.5', () => {
  expect(maxControlBytes).toBe(125)
})
