/**
 * A conversation with a WebSocket server: lines of standard input become messages, messages become lines
 * of standard output, and everything else is told on standard error.
 *
 * Invariant: a side that takes nothing stops the other. The server is not read while standard output is
 * full, the input not while the server takes nothing.
 */
import type { ByteStream, ByteStreamHandler, StreamClose } from '../core/byte-stream.ts'
import { CloseCode } from '../core/close-codes.ts'
import { errorRow } from '../core/errors.ts'
import type { DeflateAgreement } from '../wire/deflate-agreement.ts'
import type { FrameViolation } from '../wire/frame-header.ts'
import type { WholeMessage } from '../wire/message-assembler.ts'
import { Opcode } from '../wire/opcode.ts'
import { clientCodec, type ClientCodec } from './client-codec.ts'
import { closeText, type Farewell } from './farewell.ts'
import { readStandardInput } from './line-input.ts'
import { LineOutput } from './line-output.ts'
import { MessageSender } from './message-sender.ts'
import { PingWatch } from './ping-watch.ts'
import { tell } from './tell.ts'
import { messageLine, roundTripText, traceLine, type Passing } from './trace.ts'
import { readTypedLine, type LineMode } from './typed-line.ts'

export interface ConversationOptions extends LineMode {
  /** Whether what passes is told. */
  readonly isVerbose: boolean
  /** undefined: pings are sent only by command. */
  readonly pingIntervalMs: number | undefined
  /** Ends after so many messages of the server; fewer are a failure. */
  readonly messageCount: number
  /** How long answers are awaited once the input has ended. */
  readonly waitMs: number
  readonly farewell: Farewell
  /** For the answer to a ping, and to a Close. */
  readonly timeoutMs: number
}

/** A bound for what is kept of one message, of one line, and of what the server has not taken. */
const messageBytes = 16 * 1024 * 1024
/** What is said of a connection that was over before a Close came. */
const endings: Readonly<Record<StreamClose, string>> = {
  ended: 'the server ended the connection without a Close',
  reset: 'the server reset the connection',
  stalled: 'the server took nothing more of what was sent',
  destroyed: 'the connection was cut',
}

export class Conversation implements ByteStreamHandler {
  readonly #stream: ByteStream
  readonly #options: ConversationOptions
  readonly #codec: ClientCodec
  readonly #sender: MessageSender
  readonly #pings: PingWatch
  readonly #output: LineOutput
  readonly #closed = Promise.withResolvers<void>()
  #exitCode = 1
  /** Messages the server has sent, and lines that were read. */
  #messages = 0
  #lines = 0
  /** How this ended has been said. */
  #isExplained = false
  /** Something that was piped in was not sent. */
  #isIncomplete = false

  constructor(
    stream: ByteStream,
    agreement: DeflateAgreement | undefined,
    options: ConversationOptions,
  ) {
    this.#stream = stream
    this.#options = options
    const codec = clientCodec(agreement, messageBytes)
    this.#codec = codec
    this.#sender = new MessageSender(stream, codec, (passing) => this.#trace('>', passing))
    this.#output = new LineOutput({
      onFull: () => stream.pause(),
      onRoom: () => stream.resume(),
      onGone: () => this.#leave(options.farewell),
    })
    this.#pings = new PingWatch({
      intervalMs: options.pingIntervalMs,
      answerMs: options.timeoutMs,
      send: (payload) => this.#sender.control(Opcode.ping, payload),
      onAnswer: (roundTripMs) => tell(`pong after ${roundTripText(roundTripMs)}`),
      onSilence: () => this.#onSilence(),
    })
  }

  /** @param early what the server sent behind its 101. @returns the exit code, once the connection is closed. */
  async run(early: Buffer | undefined): Promise<number> {
    this.#stream.handler = this
    process.once('SIGINT', () => this.#leave(this.#options.farewell))
    this.#stream.resume()
    if (early !== undefined) this.streamOnData(early)
    readStandardInput(messageBytes, {
      onLines: (lines) => this.#onLines(lines),
      onEnd: () =>
        this.#afterReading(this.#options.waitMs, () => this.#leave(this.#options.farewell)),
      onOverflow: () => this.#onOverflow(),
    })
    await this.#closed.promise
    await this.#output.flush()
    return this.#exitCode
  }

  // What comes from the server.

  streamOnData(chunk: Buffer): void {
    this.#pings.onSign()
    const { reader } = this.#codec
    for (const message of reader.assemble(chunk)) this.#onMessage(message)
    if (reader.violation !== undefined && !this.#isExplained) this.#onViolation(reader.violation)
  }

  streamOnDrain(): void {
    process.stdin.resume()
  }

  streamOnEnd(): void {
    this.#stream.end()
  }

  streamOnClose(reason: StreamClose): void {
    this.#pings.stop()
    process.stdin.pause()
    this.#codec.reader.release()
    this.#codec.writer.release()
    if (!this.#isExplained) this.#explain(endings[reason])
    this.#closed.resolve()
  }

  #onMessage(message: WholeMessage): void {
    const { opcode, payload } = message
    this.#trace('<', message)
    if (opcode === Opcode.ping) this.#onPing(payload)
    else if (opcode === Opcode.pong) this.#pings.onPong(payload)
    else if (opcode === Opcode.close) this.#onClose(payload)
    else if (this.#messages < this.#options.messageCount) {
      this.#messages++
      this.#output.print(messageLine(message, this.#options.isHex))
      if (this.#messages === this.#options.messageCount) this.#leave(this.#options.farewell)
    }
  }

  /** A server that takes nothing gets no more pongs either (RFC 6455 §5.5.3 lets earlier ones be left out). */
  #onPing(payload: Buffer): void {
    if (this.#stream.bufferedBytes <= messageBytes) this.#sender.control(Opcode.pong, payload)
  }

  #onClose(payload: Buffer): void {
    const code = payload.length === 0 ? CloseCode.noStatus : payload.readUInt16BE(0)
    const isGood =
      code === CloseCode.normal ||
      code === CloseCode.noStatus ||
      code === this.#sender.farewell?.code
    tell(`closed ${closeText(payload) || code}`)
    const hasFailed = this.#isExplained || this.#isIncomplete || this.#isShort()
    if (isGood && !hasFailed) this.#exitCode = 0
    this.#isExplained = true
    if (this.#sender.farewell === undefined)
      this.#sender.control(Opcode.close, payload.subarray(0, 2))
    this.#stream.end()
  }

  /** Whether fewer messages came than were asked for; then it is said. */
  #isShort(): boolean {
    const { messageCount } = this.#options
    if (messageCount === Infinity || this.#messages === messageCount || this.#output.isGone)
      return false
    this.#explain(`${this.#messages} of ${messageCount} messages came`)
    return true
  }

  #onViolation({ code, detail }: FrameViolation): void {
    const { closeCode = CloseCode.protocolError } = errorRow(code)
    const fault =
      code === 'MESSAGE_TOO_BIG' ? 'the server sent too much' : 'the server broke the protocol'
    this.#explain(`${fault}: ${detail}; closed with ${closeCode}`)
    this.#sender.close({ code: closeCode, reason: detail })
    this.#stream.end()
  }

  #onSilence(): void {
    // What was not read cannot have been heard.
    if (this.#stream.isPaused) return this.#pings.onSign()
    this.#explain(`nothing came for ${this.#options.timeoutMs / 1000} seconds after a ping`)
    this.#stream.destroy()
  }

  #explain(sentence: string): void {
    this.#isExplained = true
    console.error(`✖ ${sentence}`)
  }

  // What is typed.

  #onLines(lines: readonly Buffer[]): void {
    for (const line of lines) this.#obey(line)
    if (this.#sender.flush() > messageBytes) process.stdin.pause()
  }

  #obey(line: Buffer): void {
    if (this.#sender.farewell !== undefined) return
    this.#lines++
    const typed = readTypedLine(line, this.#options)
    if (typed.kind === 'mistake') this.#onMistake(typed.sentence)
    else if (typed.kind === 'close') this.#leave(typed.farewell ?? this.#options.farewell)
    else if (typed.kind === 'message') this.#sender.message(typed.opcode, typed.payload)
    else if (typed.opcode === Opcode.ping) this.#pings.ping(typed.payload)
    else this.#sender.control(typed.opcode, typed.payload)
  }

  /** A person types it again; a script has to know. */
  #onMistake(sentence: string): void {
    const isTyped = process.stdin.isTTY === true
    console.error(`✖ ${isTyped ? 'not sent' : `line ${this.#lines} was not sent`}: ${sentence}`)
    this.#isIncomplete ||= !isTyped
  }

  #onOverflow(): void {
    this.#explain(`line ${this.#lines + 1} was not sent: it is longer than ${messageBytes} bytes`)
    this.#leave(this.#options.farewell)
  }

  /** Says that this is all, and waits for the answer. */
  #leave(farewell: Farewell): void {
    if (this.#sender.farewell !== undefined) return
    this.#pings.stop()
    this.#sender.close(farewell)
    const { timeoutMs } = this.#options
    this.#afterReading(timeoutMs, () => {
      if (!this.#isExplained) this.#explain(`no Close came back for ${timeoutMs / 1000} seconds`)
      this.#stream.end(0)
    })
  }

  /** Time does not pass while the server is not read, because nobody reads what it has sent. */
  #afterReading(ms: number, action: () => void): void {
    if (ms === 0) return action()
    if (ms === Infinity) return
    const timer = setTimeout(() => {
      if (this.#stream.isPaused) timer.refresh()
      else action()
    }, ms)
  }

  #trace(direction: '<' | '>', passing: Passing): void {
    if (this.#options.isVerbose) tell(traceLine(direction, passing))
  }
}
