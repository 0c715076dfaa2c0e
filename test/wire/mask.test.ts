// Masking compared with RFC 6455 §5.3 to the letter, at every place in memory.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { advanceKey, freshKey, mask, readKey, writeKey } from '../../src/wire/mask.ts'
import { masked, type MaskingKey } from '../support/frames.ts'

const byte = fc.nat({ max: 255 })
const keys: fc.Arbitrary<MaskingKey> = fc.tuple(byte, byte, byte, byte)

function keyOf(bytes: MaskingKey): number {
  return readKey(Buffer.from(bytes), 0)
}

function someBytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 31) & 255))
}

describe('masking', () => {
  const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 15, 254, 255, 256, 257, 258, 259, 260, 271, 272, 1_001]

  test('changes each byte as it should and none around it, wherever it begins and however long it is', () => {
    const key: MaskingKey = [0x81, 0x02, 0xf3, 0x94]
    for (let start = 0; start < 8; start++)
      for (const length of lengths) {
        const before = someBytes(start + length + 8)
        const bytes = Buffer.from(before)
        mask(bytes, start, start + length, keyOf(key))
        const wanted = Buffer.concat([
          before.subarray(0, start),
          masked(before.subarray(start, start + length), key),
          before.subarray(start + length),
        ])
        expect(bytes.equals(wanted), `${length} bytes from ${start}`).toBe(true)
      }
  })

  test('does so in a part of a larger buffer, which begins anywhere', () => {
    const key: MaskingKey = [1, 2, 3, 0xff]
    for (let offset = 0; offset < 8; offset++)
      for (const length of [255, 256, 257, 300]) {
        const whole = someBytes(offset + length)
        const wanted = masked(whole.subarray(offset), key)
        mask(whole.subarray(offset), 0, length, keyOf(key))
        expect(whole.subarray(offset).equals(wanted), `${length} bytes at ${offset}`).toBe(true)
        expect(whole.subarray(0, offset).equals(someBytes(offset))).toBe(true)
      }
  })

  test('in pieces is that of the whole, each with the key for what came before', () => {
    const ends = fc.array(fc.nat({ max: 900 }), { maxLength: 6 })
    fc.assert(
      fc.property(keys, ends, (key, unordered) => {
        const bytes = someBytes(900)
        const wanted = masked(bytes, key)
        let start = 0
        let turned = keyOf(key)
        for (const end of [...unordered.toSorted((a, b) => a - b), 900]) {
          mask(bytes, start, end, turned)
          turned = advanceKey(turned, end - start)
          start = end
        }
        expect(bytes.equals(wanted)).toBe(true)
      }),
    )
  })

  test('is undone by itself', () => {
    fc.assert(
      fc.property(keys, fc.uint8Array({ maxLength: 600, size: 'max' }), (key, bytes) => {
        const copy = Buffer.from(bytes)
        mask(copy, 0, copy.length, keyOf(key))
        mask(copy, 0, copy.length, keyOf(key))
        expect(copy.equals(bytes)).toBe(true)
      }),
    )
  })
})

describe('a key', () => {
  test('is written as it was read, all its bits', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const bytes = Buffer.alloc(6)
        writeKey(bytes, 1, keyOf(key))
        expect([...bytes]).toEqual([0, ...key, 0])
        expect(readKey(bytes, 1)).toBe(keyOf(key))
      }),
    )
  })

  test('goes on behind any number of bytes, more than 32 bits of them too', () => {
    fc.assert(
      fc.property(keys, fc.maxSafeNat(), ([a, b, c, d], count) => {
        const turns: MaskingKey[] = [
          [a, b, c, d],
          [b, c, d, a],
          [c, d, a, b],
          [d, a, b, c],
        ]
        const wanted = turns[count % 4] ?? [a, b, c, d]
        expect(advanceKey(keyOf([a, b, c, d]), count)).toBe(keyOf(wanted))
      }),
    )
  })

  test('is a new one each time, also when many are asked for', () => {
    const seen = new Set(Array.from({ length: 5_000 }, freshKey))
    // Of 5,000 random ones of 32 bits two are the same in one run of 340.
    expect(seen.size).toBeGreaterThan(4_990)
  })
})
