/**
 * What passes between the gateway and one server, as seen from the gateway's end: which messages the server was
 * given whole, and which the gateway has got whole from it. This is what a session is held to.
 */
import { FrameInput } from './frame-input.ts'
import { readMessage, type Label } from './message.ts'
import type { ServerConnection } from './server-connection.ts'
import type { SimulatedStream } from './simulated-stream.ts'

export interface LinkOptions {
  readonly number: number
  readonly url: string
  /** The gateway's end. */
  readonly stream: SimulatedStream
  readonly connection: ServerConnection
  readonly onFault: (fault: string) => void
  /** The server's kernel has taken the end of a message of the client's. */
  readonly onHanded: (label: Label) => void
}

export class Link {
  readonly options: LinkOptions
  /** Of the client's messages, in order, those of which the server's kernel has taken every byte. */
  readonly handed: number[] = []
  /** Of the server's messages, echoes or not, in order, those of which the gateway has read every byte. */
  readonly heard: Label[] = []
  /** Whether the session went on here. */
  isJoined = false
  #request = ''
  #answer = ''
  #given: FrameInput | undefined
  #got: FrameInput | undefined

  constructor(options: LinkOptions) {
    this.options = options
    options.stream.onTaken = (bytes) => this.#taken(bytes)
    options.stream.onRead = (bytes) => this.#read(bytes)
  }

  /** The id of the session it was dialled for, once the server was asked. */
  get session(): string | undefined {
    return /^sluice-session: *(\S+)\r$/im.exec(this.#request)?.[1]
  }

  get url(): string {
    return this.options.url
  }

  get connection(): ServerConnection {
    return this.options.connection
  }

  /** Of a message that the gateway has got only in part. */
  get unfinishedBytes(): number {
    return this.#got?.isInMessage === true ? this.#got.unfinishedBytes : 0
  }

  release(): void {
    this.#given?.close()
    this.#got?.close()
  }

  #taken(bytes: Buffer): void {
    if (this.#given !== undefined) return this.#given.feed(bytes)
    this.#request += bytes.toString('latin1')
    const end = this.#request.indexOf('\r\n\r\n')
    if (end >= 0 && end + 4 < this.#request.length)
      this.options.onFault(`link ${this.options.number}: bytes before the answer`)
  }

  #read(bytes: Buffer): void {
    if (this.#got !== undefined) return this.#got.feed(bytes)
    this.#answer += bytes.toString('latin1')
    const end = this.#answer.indexOf('\r\n\r\n')
    if (end < 0) return
    const rest = Buffer.from(this.#answer.slice(end + 4), 'latin1')
    this.#answer = this.#answer.slice(0, end)
    if (this.#answer.startsWith('HTTP/1.1 101 ')) this.#open(rest)
  }

  #open(rest: Buffer): void {
    const isCompressed = this.#answer.includes('permessage-deflate')
    const takeover = (parameter: string) =>
      isCompressed ? { isTakeover: !this.#answer.includes(parameter) } : undefined
    const { number, url } = this.options
    const onFault = (from: string) => (fault: string) =>
      this.options.onFault(`link ${number} to ${url}, from the ${from}: ${fault}`)
    const onControl = () => {}
    this.#given = new FrameInput({
      isMasked: true,
      deflate: takeover('client_no_context_takeover'),
      onMessage: (opcode, payload) => this.#hand(opcode, payload),
      onControl,
      onFault: onFault('gateway'),
    })
    this.#got = new FrameInput({
      isMasked: false,
      deflate: takeover('server_no_context_takeover'),
      onMessage: (opcode, payload) => this.#hear(opcode, payload),
      onControl,
      onFault: onFault('server'),
    })
    if (rest.length > 0) this.#got.feed(rest)
  }

  #hand(opcode: number, payload: Buffer): void {
    const label = readMessage(opcode, payload)
    if (typeof label === 'string') return this.options.onFault(`to ${this.url}: ${label}`)
    this.handed.push(label.number)
    this.options.onHanded(label)
  }

  #hear(opcode: number, payload: Buffer): void {
    const label = readMessage(opcode, payload)
    if (typeof label === 'string') this.options.onFault(`from ${this.url}: ${label}`)
    else this.heard.push(label)
  }
}
