/**
 * A client that sends numbered messages, reads as fast or as slowly as it likes, and holds whatever it gets
 * against the protocol: any fault is one of whoever is between it and the servers.
 */
import type { StreamClose } from '../../src/core/byte-stream.ts'
import { FrameInput } from './frame-input.ts'
import { FrameOutput } from './frame-output.ts'
import { messageOf, opcodeOf, readMessage, type Label } from './message.ts'
import type { Network } from './network.ts'
import type { SimulatedStream } from './simulated-stream.ts'

export interface ClientOptions {
  readonly network: Network
  readonly stream: SimulatedStream
  readonly number: number
  /** What was agreed with it: whether it, and whoever sends to it, keeps a window. */
  readonly deflate: { readonly keepsWindow: boolean; readonly isTakeover: boolean } | undefined
  readonly slowness: number
  /** A message that is of no server; undefined: there is none. */
  readonly notice: string | undefined
  /** Whether its connection may end inside a frame: where whoever is between lets it end as the server's. */
  readonly mayBeCut: boolean
  readonly onFault: (fault: string) => void
  /** A Close has come, or the end of the connection. */
  readonly onClose?: () => void
}

/** How a client goes. */
export type Departure = 'close' | 'end' | 'reset' | 'vanish'

/** What it got, in order; `notice` is the gateway's own message. */
export type Heard = Label | 'notice'

export class SimulatedClient {
  readonly stream: SimulatedStream
  readonly number: number
  readonly heard: Heard[] = []
  /** Numbers of the messages that were written to their end, and how many bytes each took. */
  readonly sent: number[] = []
  /** How it left, if it was the first. */
  departure: Departure | undefined
  /** The Close it got; 1005 for one without a code. */
  closeCode: number | undefined
  closeReason = ''
  /** Of a message it had only in part when the Close came. */
  unfinishedBytes = 0
  /** How the connection ended. */
  closed: StreamClose | undefined
  hasEnded = false
  #began = 0
  #pings = 0
  readonly #options: ClientOptions
  readonly #input: FrameInput
  readonly #output: FrameOutput
  readonly #asked = new Set<string>()

  constructor(options: ClientOptions) {
    const { network, stream, deflate, slowness } = options
    this.stream = stream
    this.number = options.number
    this.#options = options
    this.#input = new FrameInput({
      isMasked: false,
      deflate: deflate && { isTakeover: deflate.isTakeover },
      onMessage: (opcode, payload) => this.#hear(opcode, payload),
      onControl: (opcode, payload) => this.#control(opcode, payload),
      onFault: (fault) => this.#fail(fault),
    })
    const sending = deflate && { isTakeover: deflate.keepsWindow }
    this.#output = new FrameOutput({ network, stream, isMasked: true, deflate: sending, slowness })
    stream.handler = this
  }

  /** Whether it neither left nor was sent away. */
  get isHere(): boolean {
    return this.departure === undefined && this.closeCode === undefined && this.closed === undefined
  }

  /** The number of the message that was begun last. */
  get lastNumber(): number {
    return this.#began
  }

  get isIdle(): boolean {
    return this.#output.isIdle
  }

  say(size: number): number {
    const label: Label = { from: 'client', sender: this.number, number: ++this.#began }
    const { number } = label
    this.#output.message(opcodeOf(label), messageOf(label, size), () => this.sent.push(number))
    return number
  }

  ping(): void {
    const payload = `ping ${++this.#pings}`
    this.#asked.add(payload)
    this.#output.control(9, Buffer.from(payload))
  }

  leave(how: Departure): void {
    if (!this.isHere) return
    this.departure = how
    if (how === 'close') return this.#output.close(1000, true, () => {})
    this.#output.stop()
    if (how === 'end') this.stream.end()
    else if (how === 'reset') this.stream.destroy()
    else this.stream.cut()
  }

  /** Frees what it holds, once nobody looks at it any more. */
  release(): void {
    this.#output.stop()
    this.#input.close()
  }

  streamOnData(chunk: Buffer): void {
    this.#input.feed(chunk)
  }

  streamOnDrain(): void {
    this.#output.drained()
  }

  streamOnEnd(): void {
    this.hasEnded = true
    if (!this.#input.isAtBoundary && !this.#options.mayBeCut)
      this.#fail('the connection ended inside a frame')
    this.stream.end()
  }

  streamOnClose(reason: StreamClose): void {
    this.closed = reason
    this.#options.onClose?.()
    this.#output.stop()
  }

  #hear(opcode: number, payload: Buffer): void {
    const { notice } = this.#options
    if (notice !== undefined && opcode === 1 && payload.toString() === notice)
      return void this.heard.push('notice')
    const label = readMessage(opcode, payload)
    if (typeof label === 'string') return this.#fail(label)
    if (label.from === 'client' && label.sender !== this.number)
      return this.#fail(`it got an answer to client ${label.sender}`)
    this.heard.push(label)
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === 9) this.#output.control(10, payload)
    else if (opcode === 10) {
      // One may come twice: a ping that the last server may have got is sent to the next one, too.
      if (!this.#asked.has(payload.toString()))
        this.#fail(`a pong it did not ask for: ${JSON.stringify(payload.toString())}`)
    } else {
      this.closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE(0)
      this.#options.onClose?.()
      this.closeReason = payload.subarray(2).toString()
      if (this.#input.isInMessage) this.unfinishedBytes = Math.max(1, this.#input.unfinishedBytes)
      const code = payload.length < 2 ? undefined : payload.readUInt16BE(0)
      this.#output.close(code, false, () => {})
    }
  }

  #fail(fault: string): void {
    this.#options.onFault(`client ${this.number}: ${fault}`)
  }
}
