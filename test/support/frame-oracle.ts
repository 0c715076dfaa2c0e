// A second reading of RFC 6455, to compare the scanner with: slow, and simple enough to be checked by
// eye. It looks at a whole direction at once, from the start, and says what should have come of it.

import type { FrameRules } from '../../src/wire/frame-header.ts'
import { masked } from './frames.ts'

export interface Verdict {
  /** How many of the bytes may pass. */
  readonly passed: number
  readonly messages: number
  /** Payload bytes missing to the end of the frame that is passing. */
  readonly toBoundary: number
  readonly closeCode?: number
  readonly violation?: 'PROTOCOL_VIOLATION' | 'MESSAGE_TOO_BIG'
}

export function judge(input: Buffer, rules: FrameRules): Verdict {
  let passed = 0
  let messages = 0
  /** Payload bytes of the message whose last frame has not come. */
  let unfinished: bigint | undefined
  for (;;) {
    const rest = input.subarray(passed)
    const now: Verdict = { passed, messages, toBoundary: 0 }
    if (rest.length < 2) return now
    if (!mayStart(rest, rules, unfinished !== undefined))
      return { ...now, violation: 'PROTOCOL_VIOLATION' }

    const frame = decode(rest)
    if (frame === undefined) return now
    const { headerBytes, length, opcode, isFinal } = frame
    const available = BigInt(rest.length - headerBytes)
    if (opcode >= 8) {
      if (available < length) return now
      const frameEnd = headerBytes + Number(length)
      const sent = rest.subarray(headerBytes, frameEnd)
      const payload = frame.key === undefined ? sent : masked(sent, frame.key)
      if (opcode === 8 && !mayClose(payload)) return { ...now, violation: 'PROTOCOL_VIOLATION' }
      passed += frameEnd
      if (opcode !== 8) continue
      const closeCode = payload.length === 0 ? 1005 : payload.readUInt16BE(0)
      return { ...now, passed, closeCode }
    }
    if (!isShortest(frame)) return { ...now, violation: 'PROTOCOL_VIOLATION' }
    const total: bigint = (unfinished ?? 0n) + length
    if (length > BigInt(rules.frameBytes) || total > BigInt(rules.messageBytes))
      return { ...now, violation: 'MESSAGE_TOO_BIG' }
    if (available < length)
      return { passed: input.length, messages, toBoundary: Number(length - available) }
    passed += headerBytes + Number(length)
    if (isFinal) messages++
    unfinished = isFinal ? undefined : total
  }
}

/** What the first two bytes of a frame tell. */
export function mayStart(bytes: Buffer, rules: FrameRules, isInsideMessage: boolean): boolean {
  const [final, rsv1, rsv2, rsv3, ...opcodeBits] = bitsOf(bytes[0])
  const [mask, ...lengthBits] = bitsOf(bytes[1])
  const opcode = Number.parseInt(opcodeBits.join(''), 2)
  const isData = opcode === 1 || opcode === 2
  const isContinuation = opcode === 0
  const isControl = opcode === 8 || opcode === 9 || opcode === 10
  if (!isData && !isContinuation && !isControl) return false
  if (rsv2 === '1' || rsv3 === '1') return false
  if (rsv1 === '1' && !(rules.mayCompress && isData)) return false
  if ((mask === '1') !== rules.isMasked) return false
  if (isControl) return final === '1' && Number.parseInt(lengthBits.join(''), 2) <= 125
  return isContinuation === isInsideMessage
}

/** Whether the length has the form that is right for it, and may be one at all. */
export function isShortest({ lengthBytes, length }: DecodedFrame): boolean {
  if (lengthBytes === 0) return true
  return lengthBytes === 2 ? length > 125n : length > 65_535n && length < 2n ** 63n
}

export interface DecodedFrame {
  readonly isFinal: boolean
  readonly reserved: number
  readonly opcode: number
  readonly lengthBytes: 0 | 2 | 8
  readonly length: bigint
  readonly key: readonly [number, number, number, number] | undefined
  readonly headerBytes: number
}

/** The header of the frame that these bytes start with; undefined if they end inside it. */
export function decode(bytes: Buffer): DecodedFrame | undefined {
  if (bytes.length < 2) return undefined
  const first = bitsOf(bytes[0])
  const second = bitsOf(bytes[1])
  const shortLength = Number.parseInt(second.slice(1).join(''), 2)
  const lengthBytes = shortLength === 127 ? 8 : shortLength === 126 ? 2 : 0
  const isMasked = second[0] === '1'
  const headerBytes = 2 + lengthBytes + (isMasked ? 4 : 0)
  if (bytes.length < headerBytes) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(2 + lengthBytes)
  return {
    isFinal: first[0] === '1',
    reserved: Number.parseInt(first.slice(1, 4).join(''), 2),
    opcode: Number.parseInt(first.slice(4).join(''), 2),
    lengthBytes,
    length:
      lengthBytes === 0
        ? BigInt(shortLength)
        : BigInt(`0x${bytes.toString('hex', 2, 2 + lengthBytes)}`),
    key: isMasked ? [a, b, c, d] : undefined,
    headerBytes,
  }
}

const closeCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]

export function mayClose(payload: Buffer): boolean {
  if (payload.length === 0) return true
  if (payload.length === 1) return false
  const code = payload.readUInt16BE(0)
  if (!closeCodes.includes(code) && !(code >= 3000 && code <= 4999)) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(2))
    return true
  } catch {
    return false // the decoder has no other way to say so
  }
}

function bitsOf(byte = 0): string[] {
  return byte.toString(2).padStart(8, '0').split('')
}
