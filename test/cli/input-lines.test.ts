// Lines of the input, however they arrive.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { InputLines } from '../../src/cli/input-lines.ts'
import { everyCutting, pieces, type Cuts } from '../support/pieces.ts'

const lineBytes = 20

function linesOf(input: Buffer, cuts: Cuts = []) {
  const lines = new InputLines(lineBytes)
  const found = pieces(input, cuts).flatMap((piece) => lines.feed(piece))
  const rest = lines.rest()
  return {
    lines: [...found, ...(rest === undefined ? [] : [rest])].map((line) => line.toString()),
    isOverflown: lines.isOverflown,
  }
}

test.each([
  ['', []],
  ['\n', ['']],
  ['a', ['a']],
  ['a\n', ['a']],
  ['a\r\nb\n\nc', ['a', 'b', '', 'c']],
  ['a\rb\r\r\n', ['a\rb\r']],
])('%j is %j, wherever it is cut', (input, lines) => {
  const bytes = Buffer.from(input)
  for (const cuts of [[], ...everyCutting(bytes.length)])
    expect(linesOf(bytes, cuts)).toEqual({ lines, isOverflown: false })
})

test('a line may be as long as the bound, and no longer', () => {
  const longest = 'x'.repeat(lineBytes)
  for (const cuts of [[], ...everyCutting(lineBytes)]) {
    expect(linesOf(Buffer.from(`a\n${longest}\nb\n`), cuts)).toEqual({
      lines: ['a', longest, 'b'],
      isOverflown: false,
    })
    expect(linesOf(Buffer.from(`a\n${longest}x\nb\n`), cuts)).toEqual({
      lines: ['a'],
      isOverflown: true,
    })
  }
})

test('text is cut at its line ends and nowhere else', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 4 }).filter((text) => !/[\r\n]/.test(text))
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat({ max: 200 })), (lines, offsets) => {
      const input = Buffer.from(lines.map((each) => `${each}\n`).join(''))
      const cuts = [...new Set(offsets)]
        .filter((cut) => cut < input.length)
        .toSorted((a, b) => a - b)
      fc.pre(lines.every((each) => Buffer.byteLength(each) <= lineBytes))
      expect(linesOf(input, cuts).lines).toEqual(lines)
    }),
  )
})
