// One end of a WebSocket connection: reads messages strictly, and writes them compressed where that was
// agreed, in as many frames as it is told.
import { inflateOptions } from '../../../src/wire/agreed-compression.ts'
import { Compression } from '../../../src/wire/compression.ts'
import type { DeflateAgreement } from '../../../src/wire/deflate-agreement.ts'
import { headerBytesOf, writeFrame } from '../../../src/wire/frame-encoder.ts'
import { FIN, RSV1 } from '../../../src/wire/frame-header.ts'
import { MessageReader } from '../../../src/wire/message-reader.ts'
import { Opcode } from '../../../src/wire/opcode.ts'
import { inflaterBytes, RawDeflate } from '../../../src/wire/raw-deflate.ts'

export type Role = 'client' | 'server'
type OnMessage = (opcode: number, payload: Buffer) => void

/** More than any message of the table, and than what a server begins to send before it is killed. */
const messageBytes = 2 * 1024 * 1024
const level = 1
/** Of the process: its bound is that of the machine. */
const compression = new Compression(Infinity)

export class Peer {
  readonly #role: Role
  readonly #agreement: DeflateAgreement | undefined
  readonly #reader: MessageReader
  readonly #deflater: RawDeflate | undefined
  #gathered: Buffer[] = []
  #completed = 0

  constructor(role: Role, agreement: DeflateAgreement | undefined) {
    const other = role === 'client' ? 'server' : 'client'
    this.#role = role
    this.#agreement = agreement
    const inflate = agreement && inflateOptions(agreement, other, compression)
    if (inflate?.isTakeover) compression.take(inflaterBytes(inflate.windowBits), true)
    const mayCompress = agreement !== undefined
    const rules = { isMasked: role === 'server', mayCompress, frameBytes: messageBytes }
    this.#reader = new MessageReader({ ...rules, messageBytes }, inflate)
    const takesOver = role === 'client' ? agreement?.clientTakeover : agreement?.serverTakeover
    this.#deflater = takesOver === true ? new RawDeflate(this.#windowBits, level) : undefined
  }

  /** What the other end did wrong; nothing is read after it. */
  get violation(): string | undefined {
    return this.#reader.frames.violation?.detail
  }

  /** What has come of a message that is not whole, as far as it can be read; undefined: there is none. */
  get partialMessage(): Buffer | undefined {
    return this.#reader.frames.begun > this.#completed ? Buffer.concat(this.#gathered) : undefined
  }

  /** @param onMessage is given whole messages and control frames, valid until it returns. */
  read(chunk: Buffer, onMessage: OnMessage): void {
    const reader = this.#reader
    reader.frames.feed(chunk)
    while (reader.next()) {
      const { opcode, payload, isFirst, isLast } = reader
      if (opcode >= Opcode.close) {
        onMessage(opcode, payload)
        continue
      }
      if (isLast) this.#completed++
      if (isFirst && isLast) {
        onMessage(opcode, payload)
        continue
      }
      this.#gathered.push(Buffer.from(payload))
      if (!isLast) continue
      onMessage(opcode, Buffer.concat(this.#gathered))
      this.#gathered = []
    }
  }

  /** @returns its frames. */
  write(opcode: number, payload: Buffer, fragments: number): Buffer[] {
    const isCompressed = this.#agreement !== undefined && opcode < Opcode.close
    const bytes = isCompressed ? this.#deflated(payload) : payload
    const frames: Buffer[] = []
    for (let index = 0; index < fragments; index++) {
      const [isFirst, isLast] = [index === 0, index === fragments - 1]
      const [from, to] = [index, index + 1].map((at) => Math.floor((bytes.length * at) / fragments))
      const bits = (isLast ? FIN : 0) | (isFirst && isCompressed ? RSV1 : 0)
      const first = bits | (isFirst ? opcode : Opcode.continuation)
      frames.push(this.#frame(first, bytes.subarray(from, to)))
    }
    return frames
  }

  release(): void {
    this.#reader.release()
    this.#deflater?.close()
  }

  #frame(first: number, payload: Buffer): Buffer {
    const isMasked = this.#role === 'client'
    const length = headerBytesOf(payload.length, isMasked) + payload.length
    const frame = Buffer.allocUnsafe(length)
    writeFrame(frame, 0, first, payload, isMasked)
    return frame
  }

  /** Valid until the next one. */
  #deflated(payload: Buffer): Buffer {
    if (this.#deflater === undefined)
      return compression.deflateOnce(payload, this.#windowBits, level)
    const flushed = this.#deflater.deflate(payload)
    return flushed.subarray(0, flushed.length - 4)
  }

  get #windowBits(): number {
    const { clientWindowBits = 15, serverWindowBits = 15 } = this.#agreement ?? {}
    return this.#role === 'client' ? clientWindowBits : serverWindowBits
  }
}
