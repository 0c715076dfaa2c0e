// What is encoded is read back by the oracle, and passes the scanner of the other side.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { encodeClose, encodeFrame } from '../../src/wire/frame-encoder.ts'
import { decode } from '../support/frame-oracle.ts'
import { masked } from '../support/frames.ts'
import { fromClient, fromServer, scanAsOracle } from '../support/scanning.ts'

/** The payload of the one frame in these bytes, unmasked. */
function payloadOf(bytes: Buffer): Buffer {
  const header = decode(bytes)
  if (header === undefined) throw new Error('not a frame')
  const payload = bytes.subarray(header.headerBytes)
  expect(payload.length).toBe(Number(header.length))
  return header.key === undefined ? payload : masked(payload, header.key)
}

describe('a frame', () => {
  test.each([0, 125, 126, 65_535, 65_536])('of %d bytes passes the scanner', (length) => {
    const payload = Buffer.alloc(length, 0x5a)
    for (const isMasked of [true, false]) {
      const encoded = encodeFrame(2, payload, { isMasked })
      const scanned = scanAsOracle(encoded, isMasked ? fromClient : fromServer)
      expect(scanned).toMatchObject({ passed: encoded.length, messages: 1, toBoundary: 0 })
      expect(payloadOf(encoded).equals(payload)).toBe(true)
    }
  })

  test('is the last of its message unless it is said not to be', () => {
    expect(decode(encodeFrame(1, Buffer.from('x'), { isMasked: false }))?.isFinal).toBe(true)
  })

  test('of RFC 6455 §5.7 has the bytes it has there', () => {
    const hello = encodeFrame(1, Buffer.from('Hello'), { isMasked: false })
    expect(hello.toString('hex')).toBe('810548656c6c6f')
    const first = encodeFrame(1, Buffer.from('Hel'), { isMasked: false, isFinal: false })
    expect(first.toString('hex')).toBe('010348656c')
    const long = encodeFrame(2, Buffer.alloc(256), { isMasked: false })
    expect(long.subarray(0, 4).toString('hex')).toBe('827e0100')
    const longest = encodeFrame(2, Buffer.alloc(65_536), { isMasked: false })
    expect(longest.subarray(0, 10).toString('hex')).toBe('827f0000000000010000')
  })

  test('has a masking key of its own (RFC 6455 §5.3)', () => {
    const keys = Array.from({ length: 100 }, () =>
      encodeFrame(1, Buffer.from('x'), { isMasked: true }).toString('hex', 2, 6),
    )
    expect(new Set(keys).size).toBe(100)
  })

  test('is read back by the oracle, masked or not', () => {
    const opcodes = fc.constantFrom(1, 2, 8, 9, 10)
    const payloads = fc.uint8Array({ maxLength: 300, size: 'max' })
    const options = fc.record({ isMasked: fc.boolean(), isFinal: fc.boolean() })
    fc.assert(
      fc.property(opcodes, payloads, options, (opcode, payload, { isMasked, isFinal }) => {
        const before = Buffer.from(payload)
        const encoded = encodeFrame(opcode, payload, { isMasked, isFinal })
        const header = decode(encoded)
        expect(header).toMatchObject({ opcode, isFinal, reserved: 0 })
        expect(header?.key !== undefined).toBe(isMasked)
        expect(payloadOf(encoded).equals(before)).toBe(true)
        expect(before.equals(payload)).toBe(true)
      }),
    )
  })
})

describe('a Close', () => {
  function reasonOf(reason: string, isMasked = false): string {
    const encoded = encodeClose(1000, reason, { isMasked })
    const scanned = scanAsOracle(encoded, isMasked ? fromClient : fromServer)
    expect(scanned).toMatchObject({ closeCode: 1000, passed: encoded.length })
    const payload = payloadOf(encoded)
    expect(payload.length).toBeLessThanOrEqual(125)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload.subarray(2))
  }

  test('has its code and its reason', () => {
    const encoded = encodeClose(4321, 'why', { isMasked: false })
    expect(encoded.toString('hex')).toBe('880510e1776879')
    expect(reasonOf('', true)).toBe('')
    expect(reasonOf('bye', true)).toBe('bye')
  })

  test.each([
    ['a', 123, 123],
    ['a', 124, 123],
    ['é', 61, 61],
    ['é', 62, 61],
    ['日', 41, 41],
    ['日', 42, 41],
    ['👋', 30, 30],
    ['👋', 31, 30],
  ])('keeps of %s × %d the %d that fit into 123 bytes', (character, count, kept) => {
    expect(reasonOf(character.repeat(count))).toBe(character.repeat(kept))
    const shifted = reasonOf(`a${character.repeat(count)}`)
    expect(`a${character.repeat(count)}`.startsWith(shifted)).toBe(true)
  })

  test('is cut at the end of a character, as late as possible', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200, size: 'max' }),
        fc.boolean(),
        (text, isMasked) => {
          const reason = reasonOf(text, isMasked)
          expect(text.startsWith(reason)).toBe(true)
          const next = String.fromCodePoint(text.codePointAt(reason.length) ?? 0)
          if (reason !== text) expect(Buffer.byteLength(reason + next)).toBeGreaterThan(123)
        },
      ),
      { numRuns: 500 },
    )
  })
})
