// Runs bytes through a message reader and checks, after every piece, what it promises of any input.

import { Compression } from '../../src/wire/compression.ts'
import type { FrameRules, FrameViolation } from '../../src/wire/frame-header.ts'
import { MessageReader, type InflateOptions } from '../../src/wire/message-reader.ts'
import { inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { judgeMessages, type JudgedMessage, type MessageVerdict } from './message-oracle.ts'
import { type Cuts, pieces } from './pieces.ts'

/** The rules of a direction, and how its sender compresses, where they allow it to. */
export interface Reading {
  readonly rules: FrameRules
  readonly isTakeover?: boolean
  readonly windowBits?: number
}

export interface ReadMessages {
  /** The messages and control frames that came whole. */
  readonly messages: readonly JudgedMessage[]
  readonly closeCode: number | undefined
  readonly violation: FrameViolation | undefined
}

/** As all sessions of a gateway, the tests have one. */
export const sharedCompression = new Compression(64 * 1024 * 1024)
const outputBytes = 64 * 1024
const wholeBytes = 16 * 1024

/** With the memory for its window taken, where it keeps one. */
export function inflateOptions(
  { isTakeover = false, windowBits = 15 }: Omit<Reading, 'rules'>,
  compression = sharedCompression,
): InflateOptions {
  if (isTakeover && !compression.take(inflaterBytes(windowBits), true))
    throw new Error('there is no memory for a window')
  return { compression, windowBits, isTakeover }
}

/** @throws Error where the reader breaks a promise. */
export function readMessages(input: Buffer, reading: Reading, cuts: Cuts = []): ReadMessages {
  const { rules } = reading
  const usedBefore = sharedCompression.usedBytes
  const inflate = rules.mayCompress ? inflateOptions(reading) : undefined
  const reader = new MessageReader(rules, inflate)
  const messages: JudgedMessage[] = []
  const parts: Buffer[] = []
  let isInside = false
  let partBytes = 0
  for (const chunk of pieces(input, cuts)) {
    const wasStopped = reader.frames.isStopped
    reader.frames.feed(chunk)
    while (reader.next()) {
      const { opcode, payload } = reader
      demand(!wasStopped, 'something was read behind the end')
      if (opcode >= 8) {
        messages.push({ opcode, payload: Buffer.from(payload) })
        continue
      }
      demand(reader.isFirst === !isInside, 'a message begins elsewhere')
      demand(payload.length <= Math.max(outputBytes, chunk.length + wholeBytes), 'a piece too long')
      isInside = !reader.isLast
      partBytes += payload.length
      demand(partBytes <= rules.messageBytes, 'more of a message than it may have')
      parts.push(Buffer.from(payload))
      if (!reader.isLast) continue
      messages.push({ opcode, payload: Buffer.concat(parts.splice(0)) })
      partBytes = 0
    }
    demand(!reader.next(), 'there was more')
    demand(reader.payload.length + reader.frames.payload.length === 0, 'a piece is kept')
    const { isStopped, violation, closeCode } = reader.frames
    demand(isStopped === ((violation ?? closeCode) !== undefined), 'stopped without a reason')
  }
  reader.release()
  demand(sharedCompression.usedBytes === usedBefore, 'memory was not given back')
  demand(!reader.next(), 'something was read behind its release')
  const { violation, closeCode } = reader.frames
  return { messages, closeCode, violation }
}

/** Reads the input in one piece, and cut. @throws Error where an outcome is not the oracle's. */
export function readAsOracle(input: Buffer, reading: Reading, cuts: Cuts = []): MessageVerdict {
  const judged = judgeMessages(input, reading.rules, reading.isTakeover ?? false)
  for (const each of cuts.length === 0 ? [[]] : [[], cuts]) {
    const read = readMessages(input, reading, each)
    if (isSame(read, judged)) continue
    throw new Error(`cut at ${each.join()}: reader ${told(read)}, oracle ${told(judged)}`)
  }
  return judged
}

function isSame(read: ReadMessages, judged: MessageVerdict): boolean {
  const code = read.violation?.code
  const isAsBad = judged.isAmbiguous && code !== undefined && inflating.has(code)
  return (
    read.messages.length === judged.messages.length &&
    read.messages.every(({ opcode, payload }, index) => {
      const other = judged.messages[index]
      return opcode === other?.opcode && payload.equals(other.payload)
    }) &&
    read.closeCode === judged.closeCode &&
    (code === judged.violation || isAsBad)
  )
}

function told({ messages, closeCode, violation }: ReadMessages | MessageVerdict): string {
  const each = messages.map(({ opcode, payload }) => `${opcode}:${payload.toString('hex', 0, 40)}`)
  const end = typeof violation === 'string' ? violation : violation?.code
  return [...each, closeCode, end].join(' ')
}

const inflating: ReadonlySet<FrameViolation['code']> = new Set([
  'INVALID_COMPRESSION',
  'MESSAGE_TOO_BIG',
  'INVALID_TEXT',
])

function demand(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what)
}
