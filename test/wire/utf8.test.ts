// Text checked as it arrives: valid ones pass however they are cut, others are refused at the first byte
// behind which nothing could make them valid.

import { isUtf8 } from 'node:buffer'
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Utf8Check } from '../../src/wire/utf8.ts'
import { everyCutting, pieces } from '../support/pieces.ts'

/** @returns the index of the piece that was refused; `cut` or `complete` if none was. */
function check(text: Buffer, cuts: readonly number[]): number | 'cut' | 'complete' {
  const utf8 = new Utf8Check()
  for (const [index, piece] of pieces(text, cuts).entries()) if (!utf8.isValid(piece)) return index
  return utf8.isComplete ? 'complete' : 'cut'
}

function byteByByte(text: Buffer): readonly number[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, index) => index + 1)
}

/** Whether some bytes, at most three, make it valid. */
function canBecomeValid(text: Buffer): boolean {
  const ends = [
    '',
    '80',
    'a0',
    '90',
    '8080',
    'a080',
    '9080',
    '808080',
    '908080',
    'bf',
    '9fbf',
    '8fbfbf',
  ]
  return ends.some((end) => isUtf8(Buffer.concat([text, Buffer.from(end, 'hex')])))
}

/** The index of the byte at which it is lost; its length if it is not. */
function lostAt(text: Buffer): number {
  for (let end = 1; end <= text.length; end++)
    if (!canBecomeValid(text.subarray(0, end))) return end - 1
  return text.length
}

function expectAsOracle(text: Buffer): void {
  const lost = lostAt(text)
  const wanted = lost < text.length ? lost : isUtf8(text) ? 'complete' : 'cut'
  expect(check(text, byteByByte(text)), text.toString('hex')).toBe(wanted)
  const whole = check(text, [])
  expect(whole, text.toString('hex')).toBe(
    lost < text.length ? 0 : wanted === 'cut' ? 'cut' : 'complete',
  )
}

describe('a character', () => {
  test.each([
    ['of one byte', ['00', '7f']],
    ['of two', ['c280', 'dfbf']],
    ['of three', ['e0a080', 'ecbfbf', 'ed8080', 'ed9fbf', 'ee8080', 'efbfbf']],
    ['of four', ['f0908080', 'f3bfbfbf', 'f48fbfbf']],
  ])('%s, at the ends of its range, may be cut anywhere', (_, all) => {
    for (const hex of all) {
      const text = Buffer.from(`41${hex}42`, 'hex')
      for (const cuts of everyCutting(text.length)) expect(check(text, cuts), hex).toBe('complete')
      expectAsOracle(text)
    }
  })

  test.each([
    ['80', 0],
    ['bf', 0],
    ['c0', 0],
    ['c1', 0],
    ['f5', 0],
    ['ff', 0],
    ['c27f', 1],
    ['c2c0', 1],
    ['e09f', 1],
    ['e080', 1],
    ['eda0', 1],
    ['edbf', 1],
    ['e0a07f', 2],
    ['efbfc0', 2],
    ['f08f', 1],
    ['f490', 1],
    ['f4bf', 1],
    ['f09080c0', 3],
    ['f48fbf7f', 3],
  ])('that cannot be, %s, is refused at byte %d', (hex, at) => {
    const text = Buffer.from(hex, 'hex')
    expect(check(text, byteByByte(text))).toBe(at)
    expectAsOracle(text)
    expectAsOracle(Buffer.concat([Buffer.from('é€😀'), text, Buffer.from('x')]))
  })

  test('of any two bytes is refused as early as can be', () => {
    for (let first = 0; first < 256; first++)
      for (const second of [0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff])
        expectAsOracle(Buffer.from([first, second]))
  })
})

describe('a text', () => {
  test('of all kinds of characters may be cut anywhere', () => {
    const text = Buffer.from('aé€😀'.repeat(6))
    for (const cuts of everyCutting(text.length)) expect(check(text, cuts)).toBe('complete')
  })

  test('that ends inside a character is not complete', () => {
    const text = Buffer.from('ab😀')
    for (const length of [3, 4, 5]) expect(check(text.subarray(0, length), [2])).toBe('cut')
  })

  test('of any bytes is refused at the byte after which nothing can make it valid', () => {
    const lumps = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }).map((each) => Buffer.from(each)),
      fc
        .array(fc.constantFrom(0x41, 0x80, 0xa0, 0xbf, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5), {
          maxLength: 4,
        })
        .map((each) => Buffer.from(each)),
    )
    fc.assert(
      fc.property(fc.array(lumps, { maxLength: 5 }), (parts) =>
        expectAsOracle(Buffer.concat(parts)),
      ),
      { numRuns: 1_000 },
    )
  })

  test('cut anywhere is refused with the piece that holds that byte', () => {
    const offsets = fc.uniqueArray(fc.integer({ min: 1, max: 39 }), { maxLength: 6 })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), offsets, (random, unordered) => {
        const text = Buffer.concat([Buffer.from('é€😀😀é'), random]).subarray(0, 40)
        const cuts = unordered.toSorted((a, b) => a - b)
        const lost = lostAt(text)
        const piece = cuts.filter((cut) => cut <= lost).length
        if (lost < text.length) expect(check(text, cuts)).toBe(piece)
      }),
    )
  })

  test('may have pieces without bytes', () => {
    const utf8 = new Utf8Check()
    const nothing = Buffer.alloc(0)
    for (const piece of [
      nothing,
      Buffer.from('e2', 'hex'),
      nothing,
      Buffer.from('82ac', 'hex'),
      nothing,
    ])
      expect(utf8.isValid(piece)).toBe(true)
    expect(utf8.isComplete).toBe(true)
  })

  test('begins anew behind one that was given up', () => {
    const utf8 = new Utf8Check()
    utf8.isValid(Buffer.from('f09f', 'hex'))
    utf8.reset()
    expect(utf8.isComplete).toBe(true)
    expect(utf8.isValid(Buffer.from('a'))).toBe(true)
  })
})
