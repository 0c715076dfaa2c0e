// Frames read piece by piece: what is given out, what is waited for, and what is kept meanwhile.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FrameDecoder, wholeBytes } from '../../src/wire/frame-decoder.ts'
import { closeFrame, frame, type FrameParts, someKey } from '../support/frames.ts'
import { everyCutting, pieces } from '../support/pieces.ts'
import { fromClient, fromServer } from '../support/scanning.ts'

const deflating = { ...fromServer, mayCompress: true }

function join(...parts: readonly FrameParts[]): Buffer {
  return Buffer.concat(parts.map(frame))
}

/** Of each piece that is read: `opcode payload`, with `.` where it ends its frame and `!` its message. */
function readAll(decoder: FrameDecoder, chunk: Buffer): string[] {
  const read: string[] = []
  decoder.feed(chunk)
  while (decoder.next()) {
    const { opcode, isFrameEnd, isMessageEnd } = decoder
    const end = opcode >= 8 ? '' : isMessageEnd ? '!' : isFrameEnd ? '.' : ''
    read.push(`${opcode} ${decoder.payload.toString('latin1')}${end}`)
  }
  return read
}

describe('a frame', () => {
  test('is given out as its bytes arrive, unmasked wherever it is cut', () => {
    const input = frame({ opcode: 2, payload: 'Hello', key: someKey })
    for (const cuts of everyCutting(input.length)) {
      const decoder = new FrameDecoder(fromClient)
      const read = pieces(input, cuts).map((piece) => readAll(decoder, piece))
      const payload = read.map(([piece]) => piece?.slice(2) ?? '').join('')
      expect(payload).toBe('Hello!')
    }
  })

  test('without payload is a piece of its own', () => {
    const decoder = new FrameDecoder(fromServer)
    const input = join({ opcode: 1, isFinal: false }, { opcode: 0, isFinal: false }, { opcode: 0 })
    expect(readAll(decoder, input)).toEqual(['1 .', '1 .', '1 !'])
  })

  test('of control is given whole, in the middle of a message', () => {
    const decoder = new FrameDecoder(fromServer)
    const ping = frame({ opcode: 9, payload: 'ping' })
    const start = frame({ opcode: 1, isFinal: false, payload: 'Hel' })
    expect(readAll(decoder, Buffer.concat([start, ping.subarray(0, 4)]))).toEqual(['1 Hel.'])
    const end = frame({ opcode: 0, payload: 'lo' })
    expect(readAll(decoder, Buffer.concat([ping.subarray(4), end]))).toEqual(['9 ping', '1 lo!'])
  })

  test.each([wholeBytes, wholeBytes + 1])(
    'of %d bytes, compressed, waits for its end only if it is no longer than 16 KB',
    (length) => {
      const decoder = new FrameDecoder(deflating)
      const input = frame({ opcode: 2, reserved: 4, payload: new Uint8Array(length) })
      decoder.feed(input.subarray(0, -1))
      expect(decoder.next()).toBe(length > wholeBytes)
      while (decoder.next());
      decoder.feed(input.subarray(-1))
      expect(decoder.next()).toBe(true)
      expect(decoder.isMessageEnd).toBe(true)
      expect(decoder.payload.length).toBe(length > wholeBytes ? 1 : length)
    },
  )

  test('tells what it is by its header, before its payload arrives', () => {
    const decoder = new FrameDecoder(deflating)
    const start = frame({ opcode: 1, reserved: 4, isFinal: false, payload: new Uint8Array(20_000) })
    decoder.feed(start.subarray(0, 5))
    expect(decoder.next()).toBe(true)
    expect(decoder).toMatchObject({ opcode: 1, isCompressed: true, frameBytes: 20_000, begun: 1 })
    expect(decoder).toMatchObject({ isFrameEnd: false, isMessageEnd: false })
  })
})

describe('a bound', () => {
  const narrow = { ...fromServer, mayCompress: true, frameBytes: 80, messageBytes: 160 }
  const violationOf = (...parts: readonly FrameParts[]) => {
    const decoder = new FrameDecoder(narrow)
    readAll(decoder, join(...parts))
    return decoder.violation
  }
  const bytes = (length: number) => new Uint8Array(length)
  const first = { opcode: 2, isFinal: false }

  test('of a frame is inclusive', () => {
    expect(violationOf({ opcode: 2, payload: bytes(80) })).toBeUndefined()
    expect(violationOf({ opcode: 2, payload: bytes(81) })).toEqual({
      code: 'MESSAGE_TOO_BIG',
      detail: 'a frame is larger than 80 bytes',
    })
  })

  test('of a message is inclusive, over all its frames and for each message anew', () => {
    const second = { opcode: 0, isFinal: false, payload: bytes(80) }
    const start = { ...first, payload: bytes(80) }
    expect(violationOf(start, second, { opcode: 0 }, start, second)).toBeUndefined()
    expect(violationOf(start, second, { opcode: 0, payload: bytes(1) })).toEqual({
      code: 'MESSAGE_TOO_BIG',
      detail: 'a message is larger than 160 bytes',
    })
  })

  test('allows for what compression may add, an eighth and 1 KB, and no more', () => {
    const mostFrame = 80 + 10 + 1024
    const mostMessage = 160 + 20 + 1024
    const compressed = { ...first, reserved: 4 }
    const whole = { opcode: 2, reserved: 4 }
    expect(violationOf({ ...whole, payload: bytes(mostFrame) })).toBeUndefined()
    expect(violationOf({ ...whole, payload: bytes(mostFrame + 1) })?.detail).toContain('80 bytes')
    const start = { ...compressed, payload: bytes(mostFrame) }
    const left = mostMessage - mostFrame
    expect(violationOf(start, { opcode: 0, payload: bytes(left) })).toBeUndefined()
    expect(violationOf(start, { opcode: 0, payload: bytes(left + 1) })?.detail).toContain('160')
  })

  test('is told by the header alone', () => {
    const decoder = new FrameDecoder(narrow)
    decoder.feed(frame({ opcode: 2, payload: bytes(81) }).subarray(0, 2))
    expect(decoder.next()).toBe(false)
    expect(decoder.violation?.code).toBe('MESSAGE_TOO_BIG')
  })
})

describe('a message that may not begin yet', () => {
  const input = join({ opcode: 1, payload: 'a' }, { opcode: 9 }, { opcode: 2, payload: 'b' })

  test('is not looked at, nor is what comes behind it', () => {
    const decoder = new FrameDecoder(fromServer)
    decoder.mostBegun = 1
    expect(readAll(decoder, input)).toEqual(['1 a!', '9 '])
    expect(decoder.isHeldBack).toBe(true)
    const rest = decoder.takeUnread()
    expect(rest.equals(frame({ opcode: 2, payload: 'b' }))).toBe(true)
    decoder.mostBegun = 2
    expect(readAll(decoder, rest)).toEqual(['2 b!'])
    expect(decoder.isHeldBack).toBe(false)
    expect(decoder.begun).toBe(2)
  })

  test('holds back neither the frames of the one before nor what comes between them', () => {
    const decoder = new FrameDecoder(fromServer)
    decoder.mostBegun = 1
    const fragments = join(
      { opcode: 1, isFinal: false },
      { opcode: 10 },
      { opcode: 0, payload: 'x' },
    )
    expect(readAll(decoder, fragments)).toEqual(['1 .', '10 ', '1 x!'])
    expect(decoder.isHeldBack).toBe(false)
  })

  test('is taken as it came, not unmasked', () => {
    const decoder = new FrameDecoder(fromClient)
    decoder.mostBegun = 0
    const masked = frame({ opcode: 2, payload: 'secret', key: someKey })
    expect(readAll(decoder, Buffer.from(masked))).toEqual([])
    expect(decoder.takeUnread().equals(masked)).toBe(true)
    expect(decoder.takeUnread().length).toBe(0)
  })
})

describe('behind the end', () => {
  test.each([
    ['a Close', closeFrame(1000), { closeCode: 1000, violation: undefined }],
    ['a Close without code', frame({ opcode: 8 }), { closeCode: 1005, violation: undefined }],
    ['a Close that may not be', closeFrame(1005), { closeCode: undefined }],
    ['a violation', frame({ opcode: 3 }), { closeCode: undefined }],
  ])('%s, nothing is read', (_, end, outcome) => {
    const decoder = new FrameDecoder(fromServer)
    readAll(decoder, Buffer.concat([end, frame({ opcode: 1, payload: 'more' })]))
    expect(decoder).toMatchObject({ isStopped: true, begun: 0, ...outcome })
    expect(readAll(decoder, frame({ opcode: 1, payload: 'more' }))).toEqual([])
  })

  // Whoever was closed and went on sending was gathered in memory until its deadline.
  test('nothing is kept of what still comes', () => {
    const decoder = new FrameDecoder(fromServer)
    readAll(decoder, closeFrame(1000))
    for (let count = 0; count < 3; count++) {
      decoder.feed(Buffer.alloc(1000))
      expect(decoder.next()).toBe(false)
      expect(decoder.takeUnread().length).toBe(0)
      decoder.feed(Buffer.alloc(1000))
    }
    expect(decoder.takeUnread().length).toBe(0)
  })
})

describe('between two chunks', () => {
  // A session that was silent after a long message kept the whole chunk of it in memory.
  test('a piece that was given out is let go', () => {
    const decoder = new FrameDecoder(fromServer)
    readAll(decoder, frame({ opcode: 2, payload: new Uint8Array(60_000) }))
    expect(decoder.payload.length).toBe(0)
    readAll(decoder, frame({ opcode: 9, payload: 'ping' }))
    expect(decoder.payload.length).toBe(0)
  })

  test('what is kept of a chunk is a copy of its own', () => {
    const decoder = new FrameDecoder(fromServer)
    const chunk = Buffer.concat([
      frame({ opcode: 2, payload: new Uint8Array(60_000) }),
      frame({ opcode: 9, payload: 'ping' }).subarray(0, 3),
    ])
    readAll(decoder, chunk)
    const kept = decoder.takeUnread()
    expect(kept.length).toBe(3)
    expect(kept.buffer).not.toBe(chunk.buffer)
  })

  test('at most a compressed frame of 16 KB is kept, or a control frame', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(lengths, fc.boolean(), fc.nat(), (all, isCompressed, at) => {
        const reserved = isCompressed ? 4 : 0
        const parts = all.map((length) => ({
          opcode: 2,
          reserved,
          payload: new Uint8Array(length),
        }))
        const input = join(...parts, { opcode: 9, payload: 'x'.repeat(125) })
        const decoder = new FrameDecoder(deflating)
        readAll(decoder, input.subarray(0, at % input.length))
        const kept = decoder.takeUnread().length
        expect(kept).toBeLessThan(isCompressed ? wholeBytes + 10 : 2 + 125)
      }),
    )
  })

  test('nothing is copied where nothing new comes', () => {
    const decoder = new FrameDecoder(fromServer)
    const chunk = join({ opcode: 1, payload: 'a' }, { opcode: 1, payload: 'b' })
    decoder.feed(chunk)
    expect(decoder.next()).toBe(true)
    decoder.feed(Buffer.alloc(0))
    expect(decoder.next()).toBe(true)
    expect(decoder.payload.buffer).toBe(chunk.buffer)
  })
})
