// Where messages and control frames lie in well-formed frames: slow, and read by the oracle's own decoder.

import { decode } from './frame-oracle.ts'

export interface MessagePlaces {
  /** Where a data message, or a control frame outside of one, ends; and the data messages up to there. */
  readonly ends: readonly { readonly end: number; readonly messages: number }[]
  /** Control frames inside of messages. */
  readonly inner: readonly { readonly start: number; readonly end: number }[]
  /** Where frames end: the last of them may be cut. */
  readonly frameEnds: readonly number[]
}

export function placesIn(frames: Buffer): MessagePlaces {
  const ends = [{ end: 0, messages: 0 }]
  const inner: { start: number; end: number }[] = []
  const frameEnds = [0]
  let messages = 0
  let isInside = false
  for (let start = 0; ;) {
    const header = decode(frames.subarray(start))
    if (header === undefined) return { ends, inner, frameEnds }
    const end = start + header.headerBytes + Number(header.length)
    if (end > frames.length) return { ends, inner, frameEnds }
    frameEnds.push(end)
    if (header.opcode >= 8 && isInside) inner.push({ start, end })
    else {
      if (header.opcode < 8) isInside = !header.isFinal
      if (header.opcode < 8 && header.isFinal) messages++
      if (!isInside) ends.push({ end, messages })
    }
    start = end
  }
}

/** The last end within the limit. */
export function lastEnd({ ends }: MessagePlaces, limit: number): { end: number; messages: number } {
  return ends.findLast(({ end }) => end <= limit) ?? { end: 0, messages: 0 }
}
