// Valid sequences of frames, as fast-check makes and shrinks them.

import fc from 'fast-check'
import type { FrameRules } from '../../src/wire/frame-header.ts'
import { closeFrame, frame, type MaskingKey } from './frames.ts'

const payload = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(125, 126, 127, 200).map((length) => new Uint8Array(length)),
  },
)

export function key(rules: FrameRules): fc.Arbitrary<MaskingKey | undefined> {
  const byte = fc.nat({ max: 255 })
  return rules.isMasked ? fc.tuple(byte, byte, byte, byte) : fc.constant(undefined)
}

export function control(rules: FrameRules): fc.Arbitrary<Buffer> {
  return fc
    .record({
      opcode: fc.constantFrom(9, 10),
      payload: fc.uint8Array({ maxLength: 125, size: 'small' }),
      key: key(rules),
    })
    .map(frame)
}

/** One message: its frames, with control frames between them. */
function message(rules: FrameRules): fc.Arbitrary<Buffer> {
  const piece = fc.record({
    payload,
    key: key(rules),
    before: fc.array(control(rules), { maxLength: 2, size: 'xsmall' }),
  })
  return fc
    .record({
      opcode: fc.constantFrom(1, 2),
      isCompressed: fc.boolean(),
      pieces: fc.array(piece, { minLength: 1, maxLength: 4 }),
    })
    .map(({ opcode, isCompressed, pieces }) =>
      Buffer.concat(
        pieces.flatMap((each, index) => [
          ...each.before,
          frame({
            opcode: index === 0 ? opcode : 0,
            isFinal: index === pieces.length - 1,
            reserved: index === 0 && isCompressed && rules.mayCompress ? 4 : 0,
            payload: each.payload,
            key: each.key,
          }),
        ]),
      ),
    )
}

export function close(rules: FrameRules): fc.Arbitrary<Buffer> {
  const code = fc.oneof(
    fc.constantFrom(1000, 1001, 1011, 1014, 3000, 4999),
    fc.constantFrom(999, 1004, 1005, 1006, 1015, 2999, 5000),
  )
  const reason = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 10 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 6 }),
  )
  return fc.tuple(code, reason, key(rules)).map((parts) => closeFrame(...parts))
}

/** Messages and control frames, often a Close, which may be an invalid one, and something after it. */
export function frames(rules: FrameRules): fc.Arbitrary<Buffer> {
  const content = fc.array(fc.oneof(message(rules), control(rules)), { maxLength: 5 })
  const ending = fc.oneof(
    fc.constant([]),
    fc.tuple(close(rules)),
    fc.tuple(close(rules), message(rules)),
  )
  return fc.tuple(content, ending).map(([before, after]) => Buffer.concat([...before, ...after]))
}
