/**
 * An open WebSocket on which one ping is sent, and closed when its pong has come. Data is not looked at.
 *
 * What is read is bounded; every way to the end settles `run`, and so does the end of the stream.
 */
import { randomBytes } from 'node:crypto'
import type { ByteStream, ByteStreamHandler } from '../../core/byte-stream.ts'
import { CloseCode } from '../../core/close-codes.ts'
import { FrameDecoder } from '../../wire/frame-decoder.ts'
import { encodeClose, encodeFrame } from '../../wire/frame-encoder.ts'
import { Opcode } from '../../wire/opcode.ts'

/** What a server may send before the pong; many greet whoever comes. */
const maxBytes = 1024 * 1024
/** How long a server may take to answer our Close: it is well by then, and the next check is far. */
const closeWaitMs = 250

const masked = { isMasked: true } as const

export class PingExchange implements ByteStreamHandler {
  readonly #stream: ByteStream
  readonly #frames = new FrameDecoder({
    isMasked: false,
    mayCompress: false,
    frameBytes: maxBytes,
    messageBytes: maxBytes,
  })
  readonly #mark = randomBytes(8)
  readonly #pong = Promise.withResolvers<void>()
  /** The server has ended its side. */
  readonly #end = Promise.withResolvers<void>()
  #bytes = 0

  constructor(stream: ByteStream) {
    this.#stream = stream
    stream.handler = this
  }

  /**
   * @param first what came behind the 101. @param isOver the stream has ended already.
   * @returns how long the pong took, in ms. @throws Error with a clause if none came.
   */
  async run(first: Buffer | undefined, isOver: boolean): Promise<number> {
    const sentAtMs = performance.now()
    this.#stream.write(encodeFrame(Opcode.ping, this.#mark, masked))
    if (first !== undefined) this.streamOnData(first)
    if (isOver) this.streamOnEnd()
    // The connection stops reading when much came with the 101.
    this.#stream.resume()
    await this.#pong.promise
    const tookMs = performance.now() - sentAtMs
    await this.#close()
    return tookMs
  }

  /** RFC 6455 §7.1.1: the server ends the connection first. */
  async #close(): Promise<void> {
    this.#frames.stop()
    this.#stream.write(encodeClose(CloseCode.normal, '', masked))
    const timer = setTimeout(this.#end.resolve, closeWaitMs)
    await this.#end.promise
    clearTimeout(timer)
    this.#stream.end(0)
  }

  #read(): void {
    const { opcode, payload, closeCode } = this.#frames
    if (opcode === Opcode.pong && payload.equals(this.#mark)) this.#pong.resolve()
    else if (opcode === Opcode.ping) this.#stream.write(encodeFrame(Opcode.pong, payload, masked))
    else if (opcode === Opcode.close) {
      const code = closeCode === CloseCode.noStatus ? 'no code' : String(closeCode)
      this.#fail(`closed with ${code} before its pong`)
      this.#stream.write(encodeClose(CloseCode.normal, '', masked))
      this.#stream.end(0)
    }
  }

  /** After the pong this changes nothing. */
  #fail(fault: string): void {
    this.#pong.reject(new Error(fault))
  }

  streamOnData(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > maxBytes) return this.#fail('sent more than 1MB before its pong')
    this.#frames.feed(chunk)
    while (this.#frames.next()) this.#read()
    const { violation } = this.#frames
    if (violation !== undefined) this.#fail(`sent no proper WebSocket frames: ${violation.detail}`)
  }

  streamOnDrain(): void {}

  streamOnEnd(): void {
    this.#fail('ended the connection before its pong')
    this.#end.resolve()
  }

  streamOnClose(): void {
    this.#fail('reset the connection before its pong')
    this.#end.resolve()
  }
}
