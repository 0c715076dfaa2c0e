// What a sender of messages can make the reader take: bytes, memory for windows, and more than its turn.

import { describe, expect, test } from 'bun:test'
import { inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { closeFrame, frame } from '../support/frames.ts'
import { compressed, deflated, deflating, join, noise, open, read } from '../support/read-pieces.ts'

describe('the bound of a message', () => {
  test.each([0, 1, 1_000, 65_535, 65_536, 65_537, 150_000])(
    'of %d bytes is inclusive, and counts inflated bytes of all its frames',
    (messageBytes) => {
      for (const isTakeover of [false, true])
        for (const isFragmented of [false, true]) {
          const given = { rules: { ...deflating, messageBytes }, isTakeover }
          const input = (length: number) => {
            const wire = deflated(Buffer.alloc(length, 'ab'))
            if (!isFragmented) return compressed(wire)
            return join(
              { opcode: 2, reserved: 4, isFinal: false, payload: wire.subarray(0, 3) },
              { opcode: 0, payload: wire.subarray(3) },
            )
          }
          const { reader } = open(given)
          expect(read(reader, input(messageBytes), input(messageBytes))).toEqual([
            messageBytes,
            messageBytes,
          ])
          expect(read(reader, input(messageBytes + 1))).toEqual([])
          expect(reader.frames.violation).toEqual({
            code: 'MESSAGE_TOO_BIG',
            detail: `a message is larger than ${messageBytes} bytes`,
          })
        }
    },
  )

  test('stops a bomb at its bound, however much there is of it', () => {
    const bomb = deflated(Buffer.alloc(64 * 1024 * 1024))
    const { reader, compression } = open({ rules: { ...deflating, messageBytes: 1_000_000 } })
    reader.frames.feed(compressed(bomb))
    let bytes = 0
    while (reader.next()) bytes += reader.payload.length
    expect(bytes).toBeLessThanOrEqual(1_000_000)
    expect(bytes).toBeGreaterThan(1_000_000 - 65_536)
    expect(reader.frames.violation?.code).toBe('MESSAGE_TOO_BIG')
    reader.release()
    expect(compression.usedBytes).toBe(0)
  })

  test('stops blocks that say nothing, too', () => {
    const rules = { ...deflating, messageBytes: 1_000 }
    const { reader } = open({ rules })
    const empty = Buffer.alloc(500, Buffer.from('000000ffff', 'hex'))
    const start = frame({ opcode: 2, reserved: 4, isFinal: false, payload: empty })
    const more = frame({ opcode: 0, isFinal: false, payload: empty })
    // A message of 1,000 bytes may take 1,000 + 125 + 1,024 compressed.
    expect(read(reader, start, more, more, more)).toEqual([])
    expect(reader.frames.violation).toBeUndefined()
    read(reader, more)
    expect(reader.frames.violation?.code).toBe('MESSAGE_TOO_BIG')
  })
})

describe('memory for windows', () => {
  const big = deflated(Buffer.alloc(100_000))
  const first = { opcode: 2, reserved: 4, isFinal: false, payload: big.subarray(0, 20) }

  test('is needed only for what does not come out in one piece of 64 KB', () => {
    const { reader } = open({ limitBytes: 0 })
    const most = deflated(Buffer.alloc(65_535))
    expect(read(reader, compressed(most), compressed(deflated(noise.subarray(0, 9_000))))).toEqual([
      65_535, 9_000,
    ])
  })

  test('can be done without where a message comes in one frame: all of it is inflated at once', () => {
    const { reader } = open({ limitBytes: 0, rules: { ...deflating, messageBytes: 100_000 } })
    expect(read(reader, compressed(big), compressed(big))).toEqual([100_000, 100_000])
    expect(read(reader, compressed(deflated(Buffer.alloc(100_001))))).toEqual([])
    expect(reader.frames.violation?.code).toBe('MESSAGE_TOO_BIG')
  })

  test('of a message in frames is taken with the first and given back with the last', () => {
    const { reader, compression } = open({ limitBytes: inflaterBytes(15) })
    const last = frame({ opcode: 0, payload: big.subarray(20) })
    expect(read(reader, frame(first), last)).toEqual([100_000])
    expect(compression.usedBytes).toBe(0)
    read(reader, frame(first))
    expect(compression.usedBytes).toBe(inflaterBytes(15))
  })

  test('is refused where there is none, and what was sent before it was read', () => {
    const { reader } = open({ limitBytes: inflaterBytes(15) - 1 })
    const before = compressed(deflated('before'))
    const waiting = frame({ ...first, payload: noise.subarray(0, 16_384) })
    expect(read(reader, Buffer.concat([before, waiting]))).toEqual([6])
    expect(reader.frames.violation).toBeUndefined()
    read(reader, frame({ opcode: 0, isFinal: false, payload: 'x' }))
    expect(reader.frames.violation).toEqual({
      code: 'COMPRESSION_MEMORY',
      detail: 'the memory for windows is used up',
    })
    reader.release()
  })

  test.each([
    ['before anything is read', false, []],
    ['inside a message', false, [frame(first)]],
    ['inside a message, with takeover', true, [frame(first)]],
    ['behind one, with takeover', true, [compressed(big)]],
    ['behind a violation inside one', false, [frame(first), frame({ opcode: 3 })]],
    ['behind a Close', true, [closeFrame(1000)]],
  ])('is given back by release, once, %s', (_, isTakeover, chunks) => {
    const { reader, compression } = open({ isTakeover, windowBits: 12 })
    compression.take(1_000, false)
    read(reader, ...chunks)
    reader.release()
    reader.release()
    expect(compression.usedBytes).toBe(1_000)
    expect(read(reader, compressed(deflated('more')))).toEqual([])
    expect(compression.usedBytes).toBe(1_000)
  })

  test('is not given back twice when it is released while pieces are left', () => {
    const { reader, compression } = open()
    reader.frames.feed(compressed(big))
    expect(reader.next()).toBe(true)
    expect(compression.usedBytes).toBe(inflaterBytes(15))
    reader.release()
    expect(reader.next()).toBe(false)
    expect(compression.usedBytes).toBe(0)
  })
})

describe('nothing is read', () => {
  test('behind a Close, nor behind a violation', () => {
    const more = frame({ opcode: 1, payload: 'more' })
    for (const end of [closeFrame(1000), frame({ opcode: 1, payload: Buffer.from('ff', 'hex') })]) {
      const { reader } = open()
      const lengths = read(reader, Buffer.concat([more, end, more]), more)
      expect(lengths.filter((length) => length > 0)).toEqual([4])
      expect(reader.frames.isStopped).toBe(true)
    }
  })

  test('of the next message before it may begin, but all of the one before', () => {
    const { reader } = open()
    const big = compressed(deflated(Buffer.alloc(150_000)))
    reader.frames.mostBegun = 1
    expect(read(reader, Buffer.concat([big, frame({ opcode: 9 }), big]))).toEqual([150_000, -9])
    expect(reader.frames.isHeldBack).toBe(true)
    reader.frames.mostBegun = 2
    expect(read(reader, reader.frames.takeUnread())).toEqual([150_000])
  })
})
