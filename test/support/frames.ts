// Writes WebSocket frames for tests, also those that no encoder should write.

export type MaskingKey = readonly [number, number, number, number]

export interface FrameParts {
  readonly opcode: number
  readonly payload?: Uint8Array | string | undefined
  /** False for all but the last frame of a message. */
  readonly isFinal?: boolean
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly reserved?: number
  /** Without one the frame is not masked. */
  readonly key?: MaskingKey | undefined
  /** Bytes of the extended length; as few as do by default. */
  readonly lengthBytes?: 0 | 2 | 8
  /** What the header says of the payload; by default the truth. */
  readonly length?: bigint
}

export const someKey: MaskingKey = [0x37, 0xfa, 0x21, 0x3d]

export function frame(parts: FrameParts): Buffer {
  const { key } = parts
  const payload = Buffer.from(parts.payload ?? '')
  const length = parts.length ?? BigInt(payload.length)
  const lengthBytes = parts.lengthBytes ?? (length <= 125n ? 0 : length <= 65_535n ? 2 : 8)
  const shortLength = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127
  const extended = length.toString(16).padStart(2 * lengthBytes, '0')
  return Buffer.concat([
    Buffer.from([
      (parts.isFinal === false ? 0 : 128) + (parts.reserved ?? 0) * 16 + parts.opcode,
      (key === undefined ? 0 : 128) + shortLength,
    ]),
    Buffer.from(lengthBytes === 0 ? '' : extended, 'hex'),
    Buffer.from(key ?? []),
    key === undefined ? payload : masked(payload, key),
  ])
}

/** A Close frame. @param reason as bytes, since it may be no text. */
export function closeFrame(code: number, reason: Uint8Array | string = '', key?: MaskingKey) {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])
  return frame({ opcode: 8, payload, key })
}

/** RFC 6455 §5.3; twice is once too many: masking again unmasks. */
export function masked(payload: Uint8Array, key: MaskingKey): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ (key[index % 4] ?? 0)))
}
