// Compressed messages as senders make them, and readers that are asked for all there is.

import { constants, deflateRawSync } from 'node:zlib'
import { expect } from 'bun:test'
import { Compression } from '../../src/wire/compression.ts'
import { MessageReader, type InflateOptions } from '../../src/wire/message-reader.ts'
import { inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { frame, type FrameParts } from './frames.ts'
import { Random } from './random.ts'
import { fromServer } from './scanning.ts'

export const deflating = { ...fromServer, mayCompress: true }
/** Bytes that cannot be made smaller. */
export const noise = noiseOf(100_000)

/** As senders make them. @param window what the sender said before. */
export function deflated(payload: Buffer | string, window: Buffer | string = ''): Buffer {
  const dictionary = window.length > 0 ? { dictionary: Buffer.from(window) } : {}
  const options = { finishFlush: constants.Z_SYNC_FLUSH, ...dictionary }
  return deflateRawSync(payload, options).subarray(0, -4)
}

export function compressed(payload: Uint8Array, opcode = 2): Buffer {
  return frame({ opcode, reserved: 4, payload })
}

export function join(...parts: readonly FrameParts[]): Buffer {
  return Buffer.concat(parts.map(frame))
}

export interface Given {
  readonly rules?: typeof fromServer
  readonly limitBytes?: number
  readonly isTakeover?: boolean
  readonly windowBits?: number
}

export function open({ rules = deflating, limitBytes = 1e6, ...how }: Given = {}) {
  const { isTakeover = false, windowBits = 15 } = how
  const compression = new Compression(limitBytes)
  const inflate: InflateOptions = { compression, windowBits, isTakeover }
  if (isTakeover) expect(compression.take(inflaterBytes(windowBits), true)).toBe(true)
  return { compression, reader: new MessageReader(rules, inflate) }
}

/** Of each message how long it is, of each control frame its opcode as a negative number. */
export function read(reader: MessageReader, ...chunks: readonly Buffer[]): number[] {
  const lengths: number[] = []
  let length = 0
  for (const chunk of chunks) {
    reader.frames.feed(Buffer.from(chunk))
    while (reader.next()) {
      if (reader.opcode >= 8) lengths.push(-reader.opcode)
      else length += reader.payload.length
      if (reader.opcode >= 8 || !reader.isLast) continue
      lengths.push(length)
      length = 0
    }
  }
  return lengths
}

function noiseOf(length: number): Buffer {
  const random = new Random(5)
  return Buffer.from(Array.from({ length }, () => random.below(256)))
}
