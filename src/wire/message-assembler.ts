/**
 * Puts whole messages together, for whoever is an end of the connection. What is kept of a message is
 * bounded by the rules for its size.
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

export class MessageAssembler {
  readonly #reader: MessageReader
  #pieces: Buffer[] = []

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
      const { opcode, frames } = reader
      const payload = Buffer.from(reader.payload)
      if (opcode >= Opcode.close) messages.push({ opcode, payload, deflatedBytes: undefined })
      else {
        this.#pieces.push(payload)
        if (!reader.isLast) continue
        const deflatedBytes = frames.isCompressed ? frames.messageBytes : undefined
        messages.push({ opcode, payload: Buffer.concat(this.#pieces), deflatedBytes })
        this.#pieces = []
      }
    }
    return messages
  }

  /** Gives back the memory of its window. */
  release(): void {
    this.#reader.release()
  }
}
