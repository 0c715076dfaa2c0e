/**
 * Puts whole messages together, for whoever is an end of the connection. What is kept of a message is at
 * most twice its bytes, which the rules bound, however many frames they come in.
 */
import type { FrameRules, FrameViolation } from './frame-header.ts'
import { MessageReader, type InflateOptions } from './message-reader.ts'
import { Opcode } from './opcode.ts'

export interface WholeMessage {
  /** Text, binary, or a control opcode. */
  readonly opcode: number
  readonly payload: Buffer
  /** What it took on the wire if it was compressed, without headers. */
  readonly deflatedBytes: number | undefined
}

const nothing = Buffer.alloc(0)

export class MessageAssembler {
  readonly #reader: MessageReader
  /** Of the message under way. */
  #gathered: Buffer = nothing
  #end = 0

  constructor(rules: FrameRules, inflate?: InflateOptions) {
    this.#reader = new MessageReader(rules, inflate)
  }

  /** What the peer did wrong, once it has; nothing is read after it. */
  get violation(): FrameViolation | undefined {
    return this.#reader.frames.violation
  }

  /** @returns the messages and control frames that are complete with this chunk, in order. */
  assemble(chunk: Buffer): WholeMessage[] {
    const reader = this.#reader
    const messages: WholeMessage[] = []
    reader.frames.feed(chunk)
    while (reader.next()) {
      const { opcode, payload, isLast, frames } = reader
      if (opcode >= Opcode.close)
        messages.push({ opcode, payload: Buffer.from(payload), deflatedBytes: undefined })
      else {
        this.#gather(payload)
        const deflatedBytes = frames.isCompressed ? frames.messageBytes : undefined
        if (isLast) messages.push({ opcode, payload: this.#takeGathered(), deflatedBytes })
      }
    }
    return messages
  }

  /** Gives back the memory of its window. */
  release(): void {
    this.#reader.release()
  }

  #gather(piece: Buffer): void {
    const needed = this.#end + piece.length
    if (needed > this.#gathered.length) {
      const roomier = Buffer.allocUnsafe(Math.max(needed, this.#gathered.length * 2))
      roomier.set(this.#gathered.subarray(0, this.#end))
      this.#gathered = roomier
    }
    this.#gathered.set(piece, this.#end)
    this.#end = needed
  }

  #takeGathered(): Buffer {
    const message = this.#gathered.subarray(0, this.#end)
    this.#gathered = nothing
    this.#end = 0
    return message
  }
}
