// Runs frames through a message reader whose sender compresses, and says what came of them.

import { expect } from 'bun:test'
import { Compression } from '../../src/wire/compression.ts'
import type { FrameRules } from '../../src/wire/frame-header.ts'
import { MessageReader } from '../../src/wire/message-reader.ts'
import { inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { frame, type FrameParts } from './frames.ts'
import { pieces } from './pieces.ts'
import { fromServer } from './scanning.ts'

const rules: FrameRules = { ...fromServer, mayCompress: true }
const rooms = 10_000_000

/** A reader whose sender compresses; with takeover its memory is taken, as whoever makes one must. */
export function readerOf({
  isTakeover = false,
  limitBytes = rooms,
  windowBits = 15,
  messageBytes = 1_048_576,
}) {
  const compression = new Compression(limitBytes)
  if (isTakeover) compression.take(inflaterBytes(windowBits), true)
  const inflate = { compression, windowBits, isTakeover }
  return { compression, reader: new MessageReader({ ...rules, messageBytes }, inflate) }
}

/** Opcode and payload, and whether it is the first and the last of its message. */
export type Told = [opcode: number, payload: string, isFirst?: boolean, isLast?: boolean]

export function readAll(reader: MessageReader, ...chunks: readonly Buffer[]): Told[] {
  const told: Told[] = []
  for (const chunk of chunks) {
    reader.frames.feed(chunk)
    while (reader.next()) {
      const { opcode, payload, isFirst, isLast } = reader
      expect(payload.length).toBeLessThanOrEqual(65_536)
      const text = payload.toString('latin1')
      told.push(opcode >= 8 ? [opcode, text] : [opcode, text, isFirst, isLast])
    }
  }
  return told
}

/** The messages that were told whole; it is an error if one does not begin and end. */
export function messagesIn(told: readonly Told[]): string[] {
  const messages: string[] = []
  let isUnderWay = false
  for (const [opcode, text, isFirst, isLast] of told) {
    if (opcode >= 8) continue
    expect(isFirst).toBe(!isUnderWay)
    messages.push(isUnderWay ? (messages.pop() ?? '') + text : text)
    isUnderWay = isLast !== true
  }
  expect(isUnderWay).toBe(false)
  return messages
}

export function join(...parts: readonly FrameParts[]): Buffer {
  return Buffer.concat(parts.map(frame))
}

/** The frames of one compressed message, cut at these offsets. */
export function compressed(
  deflated: Buffer,
  cuts: readonly number[] = [],
  opcode = 2,
): FrameParts[] {
  return pieces(deflated, cuts).map((payload, index) => ({
    opcode: index === 0 ? opcode : 0,
    reserved: index === 0 ? 4 : 0,
    isFinal: index === cuts.length,
    payload,
  }))
}
