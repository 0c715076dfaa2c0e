// UTF-8 in pieces: refused at the first byte that no text could go on with, and nowhere else.

import { describe, expect, test } from 'bun:test'
import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { Utf8Check } from '../../src/wire/utf8.ts'
import { everyCutting, pieces } from '../support/pieces.ts'

/** How the bytes that came may go on to be a text: the least and the most that each next byte may be, and ASCII. */
const endings = [
  '',
  '80',
  '8080',
  '808080',
  'a0',
  'a080',
  '90',
  '9080',
  '908080',
  '8fbfbf',
  '8fbf',
].map((hex) => Buffer.from(hex, 'hex'))

/** Whether there is a text that begins with these bytes. */
function couldGoOn(bytes: Buffer): boolean {
  return endings.some((ending) => isUtf8(Buffer.concat([bytes, ending])))
}

/** How many bytes pass before one is refused, when they come one by one. */
function accepted(bytes: Buffer): number {
  const check = new Utf8Check()
  const refused = bytes.findIndex((_, index) => !check.isValid(bytes.subarray(index, index + 1)))
  return refused < 0 ? bytes.length : refused
}

/** Whether it is a text by the way it is cut. */
function isText(parts: readonly Buffer[]): boolean {
  const check = new Utf8Check()
  return parts.every((part) => check.isValid(part)) && check.isComplete
}

describe('bytes that come one by one', () => {
  test('are refused at the first that no text could go on with', () => {
    const wrong: string[] = []
    const check = (bytes: Buffer) => {
      let wanted = 0
      while (wanted < bytes.length && couldGoOn(bytes.subarray(0, wanted + 1))) wanted++
      if (accepted(bytes) !== wanted) wrong.push(bytes.toString('hex'))
    }
    for (let first = 0; first < 256; first++)
      for (let second = 0; second < 256; second++) {
        const start = Buffer.from([first, second])
        check(start)
        // Behind ASCII everything begins anew.
        if (first < 0x80 || !couldGoOn(start)) continue
        for (const behind of ['41', '80', 'bf', '8080', '8041', 'bfbf', 'bfc3', '8f8f41'])
          check(Buffer.concat([start, Buffer.from(behind, 'hex')]))
      }
    expect(wrong).toEqual([])
  })
})

describe('a text', () => {
  const text = Buffer.from('aé߿ࠀက한\ud7ff\ue000�𐀀👋\u{10ffff}z')

  test('is one however it is cut', () => {
    for (const cuts of everyCutting(text.length)) expect(isText(pieces(text, cuts))).toBe(true)
  })

  test('ends where a character does, and nowhere else', () => {
    for (let end = 0; end <= text.length; end++) {
      const start = text.subarray(0, end)
      for (const cuts of [[], ...everyCutting(end)])
        expect(isText(pieces(start, cuts))).toBe(isUtf8(start))
    }
  })

  test.each([
    ['a byte that starts nothing', 'ff'],
    ['a lead of old, of five bytes', 'f8888080'],
    ['a lead past U+10FFFF', 'f5808080'],
    ['a slash in two bytes', 'c0af'],
    ['a slash in three bytes', 'e080af'],
    ['a slash in four bytes', 'f08080af'],
    ['a surrogate', 'eda080'],
    ['a number past U+10FFFF', 'f4908080'],
    ['a continuation without a start', '80'],
    ['four continuations behind a letter', '6180808080'],
    ['a character that a letter ends', 'e28241'],
  ])('has nowhere %s, however it is cut', (_, hex) => {
    for (const around of ['', 'a', 'é', '👋']) {
      const bytes = Buffer.concat([
        Buffer.from(around),
        Buffer.from(hex, 'hex'),
        Buffer.from(around),
      ])
      for (const cuts of [[], ...everyCutting(bytes.length)])
        expect(isText(pieces(bytes, cuts))).toBe(false)
    }
  })

  test('is what the runtime takes for one, whatever the bytes and the cuts', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }).map((part) => Buffer.from(part)),
      fc.uint8Array({ maxLength: 3 }).map((part) => Buffer.from(part)),
    )
    const offsets = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), offsets, (parts, unordered) => {
        const bytes = Buffer.concat(parts)
        const cuts = unordered.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b)
        expect(isText(pieces(bytes, cuts))).toBe(isUtf8(bytes))
      }),
      { numRuns: 300 },
    )
  })
})

test('a text that was given up leaves nothing for the next', () => {
  const check = new Utf8Check()
  expect(check.isValid(Buffer.from('e2', 'hex'))).toBe(true)
  expect(check.isComplete).toBe(false)
  check.reset()
  expect(check.isValid(Buffer.from('a'))).toBe(true)
  expect(check.isComplete).toBe(true)
})
