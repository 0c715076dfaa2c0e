// Masking (RFC 6455 §5.3): the same bytes as one by one, wherever in memory they lie and however they are cut.

import { describe, expect, test } from 'bun:test'
import { advanceKey, freshKey, mask, readKey, writeKey } from '../../src/wire/mask.ts'
import { masked, type MaskingKey, someKey } from '../support/frames.ts'

/** With a top bit that is set, and one that is not; no two bytes alike. */
const keys: readonly MaskingKey[] = [someKey, [0x01, 0x82, 0x43, 0xc4], [0xff, 0x00, 0x00, 0x80]]
/** Around the four bytes of a word, and around the length from which words are used. */
const lengths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 125, 126, 255, 256, 257, 258, 259, 260, 263, 1_021]

function numberOf(key: MaskingKey): number {
  return readKey(Buffer.from([...key]), 0)
}

function payloadOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7 + 3) & 0xff))
}

describe('a payload is masked', () => {
  test('byte by byte with the key in turn, and nothing around it, wherever it lies', () => {
    for (const key of keys)
      for (const length of lengths)
        for (let start = 0; start < 8; start++) {
          // From a place of its own on, so that also the whole may begin at any byte.
          for (let shift = 0; shift < 4; shift++) {
            const bytes = Buffer.from(new ArrayBuffer(length + 32), shift, length + start + 4)
            bytes.fill(0x5a)
            payloadOf(length).copy(bytes, start)
            mask(bytes, start, start + length, numberOf(key))
            const wanted = Buffer.alloc(bytes.length, 0x5a)
            masked(payloadOf(length), key).copy(wanted, start)
            expect(bytes.equals(wanted)).toBe(true)
          }
        }
  })

  test('in pieces as in one, the key being turned by their lengths', () => {
    for (const key of keys)
      for (const first of lengths)
        for (const second of [0, 1, 2, 3, 5, 300]) {
          const bytes = payloadOf(first + second)
          mask(bytes, 0, first, numberOf(key))
          mask(bytes, first, bytes.length, advanceKey(numberOf(key), first))
          expect(bytes.equals(masked(payloadOf(first + second), key))).toBe(true)
        }
  })

  test('twice is not masked', () => {
    const bytes = payloadOf(300)
    mask(bytes, 1, 300, numberOf(someKey))
    mask(bytes, 1, 300, numberOf(someKey))
    expect(bytes.equals(payloadOf(300))).toBe(true)
  })
})

test('a key is written as it was read', () => {
  for (const key of keys) {
    const bytes = Buffer.alloc(7, 0x11)
    writeKey(bytes, 2, numberOf(key))
    expect([...bytes]).toEqual([0x11, 0x11, ...key, 0x11])
    expect(readKey(bytes, 2)).toBe(numberOf(key))
  }
})

test('fresh keys cannot be told from random ones (RFC 6455 §10.3)', () => {
  const fresh = Array.from({ length: 5_000 }, freshKey)
  expect(fresh.every((key) => Number.isInteger(key))).toBe(true)
  // Two of 5,000 in 2^32 are the same in one of 340 runs; ten are in none.
  expect(new Set(fresh).size).toBeGreaterThan(4_990)
  // Each bit is set in about half of them: 2,500 ± 35 is the deviation.
  for (let bit = 0; bit < 32; bit++) {
    const set = fresh.filter((key) => ((key >>> bit) & 1) === 1).length
    expect(Math.abs(set - 2_500)).toBeLessThan(350)
  }
})
