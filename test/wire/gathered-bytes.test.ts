// Bytes that come in pieces: all there, in their order, and not copied anew with each piece.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatheredBytes } from '../../src/wire/gathered-bytes.ts'

const piece = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))

test('bytes that come in pieces are those of all pieces, whenever they are looked at', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 20 }), ([first, ...others]) => {
      if (first === undefined) return
      const gathered = new GatheredBytes(first)
      let whole = first
      for (const other of others) {
        gathered.add(other)
        whole = Buffer.concat([whole, other])
        expect(gathered.bytes).toEqual(whole)
      }
    }),
  )
})

test('a piece that more comes behind is not written to', () => {
  const room = Buffer.from('abcd')
  const gathered = new GatheredBytes(room.subarray(0, 2))
  gathered.add(Buffer.from('x'))
  expect([gathered.bytes.toString(), room.toString()]).toEqual(['abx', 'abcd'])
})

test('sixteen thousand pieces of one byte make fourteen copies at most', () => {
  const gathered = new GatheredBytes(Buffer.from('a'))
  const rooms = new Set<ArrayBufferLike>()
  for (let pieces = 1; pieces < 16_384; pieces++) {
    gathered.add(Buffer.from('a'))
    rooms.add(gathered.bytes.buffer)
  }
  expect(gathered.bytes.length).toBe(16_384)
  expect(rooms.size).toBeLessThanOrEqual(14)
})
