/**
 * What `sluice connect` sends: messages, gathered until `flush`, and control frames, which leave at once.
 */
import type { ByteStream } from '../core/byte-stream.ts'
import { Opcode } from '../wire/opcode.ts'
import type { ClientCodec } from './client-codec.ts'
import { closePayload, type Farewell } from './farewell.ts'
import type { Passing } from './trace.ts'

export class MessageSender {
  readonly #stream: ByteStream
  readonly #codec: ClientCodec
  readonly #onSent: (passing: Passing) => void
  /** The Close that was sent; nothing but pongs may follow it. */
  farewell: Farewell | undefined

  constructor(stream: ByteStream, codec: ClientCodec, onSent: (passing: Passing) => void) {
    this.#stream = stream
    this.#codec = codec
    this.#onSent = onSent
  }

  message(opcode: number, payload: Buffer): void {
    const { writer, compression } = this.#codec
    const { deflatedMessages, deflatedBytes } = compression
    writer.data({ opcode, payload, isFirst: true, isLast: true }, payload.length)
    const isDeflated = compression.deflatedMessages > deflatedMessages
    const wireBytes = isDeflated ? compression.deflatedBytes - deflatedBytes : undefined
    this.#onSent({ opcode, payload, deflatedBytes: wireBytes })
  }

  control(opcode: number, payload: Buffer): void {
    this.#codec.writer.control(opcode, payload)
    this.#onSent({ opcode, payload })
    this.flush()
  }

  close(farewell: Farewell): void {
    if (this.farewell !== undefined) return
    this.farewell = farewell
    this.control(Opcode.close, closePayload(farewell))
  }

  /** @returns bytes the server has not taken. */
  flush(): number {
    const { writer } = this.#codec
    return writer.bytes === 0 ? this.#stream.bufferedBytes : this.#stream.write(writer.take())
  }
}
