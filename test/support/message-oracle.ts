// A second reading of RFC 6455 §5.4 and §8.1 and of RFC 7692 §7.2.2, to compare the message reader with: it
// looks at a whole direction at once, and inflates and decodes each message from its start with every frame.

import { constants, inflateRawSync } from 'node:zlib'
import type { FrameRules, FrameViolation } from '../../src/wire/frame-header.ts'
import { decode, isShortest, mayClose, mayStart } from './frame-oracle.ts'
import { masked } from './frames.ts'

export interface JudgedMessage {
  /** Text, binary, or a control opcode. */
  readonly opcode: number
  readonly payload: Buffer
}

export interface MessageVerdict {
  /** The messages and control frames that are whole, in the order of their last byte. */
  readonly messages: readonly JudgedMessage[]
  readonly closeCode: number | undefined
  readonly violation: FrameViolation['code'] | undefined
  /** Whether the input ends with a Close, or with nothing begun. */
  readonly isComplete: boolean
  /**
   * Whether the violation is one of several that are found in an order that depends on how much is
   * inflated at once: there is more than fits into one call, or it is of a frame nobody waits for.
   */
  readonly isAmbiguous: boolean
}

/** Of the message whose last frame has not come. */
interface Unfinished {
  readonly opcode: number
  readonly isCompressed: boolean
  /** As it is on the wire, unmasked. */
  readonly wire: Buffer
}

/** RFC 7692 §7.2.2. */
const tail = Buffer.from('0000ffff', 'hex')
/** Shorter compressed frames are read whole. */
const wholeBytes = 16_384
const nothing = Buffer.alloc(0)

/** @param isTakeover whether the window of the sender outlasts its messages. */
export function judgeMessages(
  input: Buffer,
  rules: FrameRules,
  isTakeover: boolean,
): MessageVerdict {
  const messages: JudgedMessage[] = []
  let rest = input
  let unfinished: Unfinished | undefined
  type Violation = FrameViolation['code']
  const over = (violation?: Violation, closeCode?: number, isAmbiguous = false): MessageVerdict => {
    const isDone = violation === undefined && rest.length === 0 && unfinished === undefined
    const isComplete = closeCode !== undefined || isDone
    return { messages, violation, closeCode, isAmbiguous, isComplete }
  }
  /** With takeover, the stream so far, which goes on from one message to the next, and what came of it. */
  let before = { stream: nothing, bytes: 0 }
  for (;;) {
    if (rest.length < 2) return over()
    if (!mayStart(rest, rules, unfinished !== undefined)) return over('PROTOCOL_VIOLATION')
    const frame = decode(rest)
    if (frame === undefined) return over()
    const { headerBytes, opcode, isFinal } = frame
    const available = rest.length - headerBytes
    const isWhole = BigInt(available) >= frame.length
    const end = isWhole ? headerBytes + Number(frame.length) : rest.length
    const sent = rest.subarray(headerBytes, end)
    const payload = frame.key === undefined ? sent : masked(sent, frame.key)
    if (opcode >= 8) {
      if (!isWhole) return over()
      if (opcode === 8 && !mayClose(payload)) return over('PROTOCOL_VIOLATION')
      messages.push({ opcode, payload })
      if (opcode === 8)
        return over(undefined, payload.length === 0 ? 1005 : payload.readUInt16BE(0))
      rest = rest.subarray(end)
      continue
    }
    if (!isShortest(frame)) return over('PROTOCOL_VIOLATION')
    const begun: Unfinished = unfinished ?? {
      opcode,
      isCompressed: frame.reserved === 4,
      wire: nothing,
    }
    if (isTooLong(begun, frame.length, rules)) return over('MESSAGE_TOO_BIG')
    if (begun.isCompressed && !isWhole && frame.length <= wholeBytes) return over()

    const wire: Buffer = Buffer.concat([begun.wire, payload])
    const isEnd = isWhole && isFinal
    let content = wire
    let isLong = begun.isCompressed && frame.length > wholeBytes
    if (begun.isCompressed) {
      const stream = Buffer.concat([before.stream, wire, isEnd ? tail : nothing])
      const most = before.bytes + rules.messageBytes
      const inflated = inflate(stream, Math.max(most, oneCallBytes))
      if (typeof inflated === 'string') {
        const isMore = inflate(stream, oneCallBytes) === 'MESSAGE_TOO_BIG'
        return over(inflated, undefined, isLong || isMore)
      }
      isLong ||= inflated.length > oneCallBytes
      if (inflated.length > most) return over('MESSAGE_TOO_BIG', undefined, isLong)
      content = inflated.subarray(before.bytes)
      if (isEnd && isTakeover) before = { stream, bytes: inflated.length }
    }
    if (begun.opcode === 1 && !isText(content, isEnd))
      return over('INVALID_TEXT', undefined, isLong)
    if (!isWhole) return over()
    unfinished = isEnd ? undefined : { ...begun, wire }
    if (isEnd) messages.push({ opcode: begun.opcode, payload: content })
    rest = rest.subarray(end)
  }
}

/** Whether frame or message are longer on the wire than they may be, with what compression may add. */
function isTooLong({ isCompressed, wire }: Unfinished, length: bigint, rules: FrameRules): boolean {
  const most = (bytes: number) => BigInt(isCompressed ? bytes + Math.ceil(bytes / 8) + 1024 : bytes)
  const total = BigInt(wire.length) + length
  return length > most(rules.frameBytes) || total > most(rules.messageBytes)
}

/** What every inflater gives out, and finds out about, in its first call. */
const oneCallBytes = 60_000

type Fault = Extract<FrameViolation['code'], 'INVALID_COMPRESSION' | 'MESSAGE_TOO_BIG'>

/** All that comes of a DEFLATE stream, behind blocks that call themselves the last as well (§7.2.3.4). */
function inflate(stream: Buffer, mostBytes: number): Buffer | Fault {
  const parts: Buffer[] = []
  let leftBytes = mostBytes
  let offset = 0
  do {
    const part = inflatePart(stream.subarray(offset), leftBytes)
    if (typeof part === 'string') return part
    parts.push(part.bytes)
    leftBytes -= part.bytes.length
    offset += part.used
  } while (offset < stream.length)
  return Buffer.concat(parts)
}

/** Until the stream's end, or that of a block which calls itself the last. */
function inflatePart(stream: Buffer, mostBytes: number) {
  try {
    // A byte more than it may have, for there must be room for one.
    const maxOutputLength = mostBytes + 1
    const finishFlush = constants.Z_SYNC_FLUSH
    const options = { finishFlush, info: true, maxOutputLength }
    // With `info` it is not the buffer that its type says.
    const result: unknown = inflateRawSync(stream, options)
    const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } }
    if (buffer.length > mostBytes) return 'MESSAGE_TOO_BIG'
    return { bytes: buffer, used: engine.bytesWritten }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ERR_BUFFER_TOO_LARGE') return 'MESSAGE_TOO_BIG'
    if (code === 'Z_DATA_ERROR') return 'INVALID_COMPRESSION'
    throw error
  }
}

function isText(bytes: Buffer, isEnd: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !isEnd })
    return true
  } catch {
    return false // the decoder has no other way to say so
  }
}
