/** The lines of several processes on one pipe. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createLineWriter } from '../../../src/telemetry/line-writer.ts'

test('lines go out in pieces of whole lines, of at most so many bytes unless one line is longer', () => {
  const line = fc
    .string({ unit: 'binary', maxLength: 40 })
    .map((text) => text.replaceAll('\n', ' '))
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 8, max: 64 }), (lines, most) => {
      const pieces: Buffer[] = []
      const writer = createLineWriter((bytes) => {
        pieces.push(Buffer.from(bytes))
        return bytes.length
      }, most)
      for (const each of lines) writer.write(`${each}\n`)
      writer.flush()
      expect(Buffer.concat(pieces).toString()).toBe(lines.map((each) => `${each}\n`).join(''))
      for (const piece of pieces) {
        expect(piece.at(-1)).toBe(0x0a)
        const isOneLine = piece.indexOf('\n') === piece.length - 1
        expect(piece.length <= most || isOneLine).toBe(true)
      }
    }),
  )
})
