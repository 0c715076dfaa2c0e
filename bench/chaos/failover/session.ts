// A client's connection: its handshake, its messages and their echoes, and how it ended.
import { offerOf, readAnswer, type DeflateTerms } from '../../../src/wire/deflate-agreement.ts'
import { parseExtensions } from '../../../src/wire/extension-header.ts'
import { Opcode } from '../../../src/wire/opcode.ts'
import { acceptFor } from '../../../src/wire/websocket-handshake.ts'
import { Ledger, type Sent } from './ledger.ts'
import { fragmentsOf, messageOf, readMessage } from './message.ts'
import { nowMs, Outgoing } from './outgoing.ts'
import { Peer } from './peer.ts'

export interface End {
  /** Of the Close; undefined: there was none. */
  code: number | undefined
  reason: string
  /** Why there was no 101. */
  refusal: string | undefined
  /** What came of a message that is not whole; undefined: there is none. */
  part: Buffer | undefined
}

export interface SessionEvents {
  onOpen: () => void
  /** A message has come back, or it will not: one after it has. */
  onEcho: (sent: Sent, isMissing: boolean) => void
  /** Something that must not happen. */
  onFault: (words: string) => void
  onEnd: (end: End) => void
}

export interface SessionOptions extends SessionEvents {
  id: number
  port: number
  /** Undefined: it offers no compression. */
  terms: DeflateTerms | undefined
}

/** Between the first and the second frame of some messages. */
const pauseMs = 20

export class Session {
  readonly id: number
  readonly ledger = new Ledger()
  readonly outgoing = new Outgoing((bytes) => this.#socket?.write(bytes) ?? 0)
  isOpen = false
  readonly #options: SessionOptions
  readonly #key = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64')
  readonly #pings = new Set<string>()
  #socket: Bun.Socket | undefined
  #head: Buffer | undefined = Buffer.alloc(0)
  #peer: Peer | undefined
  #code: number | undefined
  #reason = ''
  #isOver = false

  constructor(options: SessionOptions) {
    this.id = options.id
    this.#options = options
    const socket = {
      open: (opened: Bun.Socket) => this.#open(opened),
      data: (_: Bun.Socket, chunk: Buffer) => this.#read(chunk),
      drain: () => this.outgoing.flush(),
      end: () => this.#end('ended'),
      close: (_: Bun.Socket, error?: Error) => this.#end(error ? 'reset' : 'ended'),
      error() {}, // `close` follows
      connectError: () => this.#end('refused'),
    }
    Bun.connect({ hostname: '127.0.0.1', port: options.port, socket }).catch(() =>
      this.#end('refused'),
    )
  }

  /** @returns its bytes. */
  send(): number {
    const peer = this.#peer
    if (peer === undefined) return 0
    const sent = this.ledger.send()
    const { opcode, payload } = messageOf(this.id, sent.number)
    const fragments = fragmentsOf(this.id, sent.number)
    const frames = peer.write(opcode, payload, fragments)
    const isSlow = fragments % 2 === 1
    if (fragments > 1 && isSlow) frames.splice(1, 0, ...this.#ping(peer, sent.number))
    this.outgoing.send(frames, sent, isSlow ? pauseMs : 0)
    return payload.length
  }

  /** In order, with 1000. */
  close(): void {
    if (this.#peer === undefined) return this.#end('left')
    this.outgoing.send(this.#peer.write(Opcode.close, Buffer.from([1000 >> 8, 1000 & 255]), 1))
  }

  #ping(peer: Peer, number: number): Buffer[] {
    const payload = Buffer.from(`ping ${number}`)
    this.#pings.add(payload.toString())
    return peer.write(Opcode.ping, payload, 1)
  }

  #open(socket: Bun.Socket): void {
    if (this.#isOver) return socket.terminate()
    this.#socket = socket
    const { terms } = this.#options
    const lines = [
      // By its number a server knows it again, whichever gateway is in between.
      `GET /chat?session=${this.id} HTTP/1.1`,
      'Host: chat.example.com',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${this.#key}`,
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: echo.v1',
      ...(terms ? [`Sec-WebSocket-Extensions: ${offerOf(terms)}`] : []),
    ]
    this.outgoing.send([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)])
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return
    let rest: Buffer | undefined = chunk
    if (this.#head !== undefined) rest = this.#readHead(this.#head, chunk)
    const peer = this.#peer
    if (rest === undefined || peer === undefined) return
    peer.read(rest, (opcode, payload) => this.#receive(peer, opcode, payload))
    if (peer.violation !== undefined && !this.#isOver) {
      this.#options.onFault(peer.violation)
      this.#end('protocol error')
    }
  }

  /** @returns what follows the head. */
  #readHead(before: Buffer, chunk: Buffer): Buffer | undefined {
    const received = Buffer.concat([before, chunk])
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) {
      this.#head = received
      return undefined
    }
    this.#head = undefined
    const head = received.toString('latin1', 0, end + 2)
    const fieldOf = (name: string) => new RegExp(`^${name}: *(.*)\r$`, 'im').exec(head)?.[1]
    const { terms } = this.#options
    const [extension] = parseExtensions(fieldOf('sec-websocket-extensions') ?? '') ?? []
    const agreement = extension && terms ? readAnswer(extension, terms) : undefined
    const isAgreed =
      head.startsWith('HTTP/1.1 101 ') &&
      fieldOf('sec-websocket-accept') === acceptFor(this.#key) &&
      fieldOf('sec-websocket-protocol') === 'echo.v1' &&
      (agreement !== undefined) === (terms !== undefined)
    if (!isAgreed || typeof agreement === 'string') {
      this.#end(head.slice(9, 12))
      return undefined
    }
    this.#peer = new Peer('client', agreement)
    this.isOpen = true
    this.#options.onOpen()
    return received.subarray(end + 4)
  }

  #receive(peer: Peer, opcode: number, payload: Buffer): void {
    if (opcode === Opcode.ping) this.outgoing.send(peer.write(Opcode.pong, payload, 1))
    else if (opcode === Opcode.pong) {
      // It may come twice: a ping inside a message is sent again with it.
      if (!this.#pings.has(payload.toString()))
        this.#options.onFault(`a pong without a ping: ${payload.toString('hex')}`)
    } else if (opcode === Opcode.close) {
      this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005
      this.#reason = payload.toString('utf8', 2)
      this.outgoing.send(peer.write(Opcode.close, payload, 1))
      this.#end('closed')
    } else this.#receiveMessage(opcode, payload)
  }

  #receiveMessage(opcode: number, payload: Buffer): void {
    const { onFault, onEcho } = this.#options
    const message = readMessage(opcode, payload)
    if (typeof message === 'string') return onFault(message)
    if (message.session !== this.id) return onFault('a message of another session')
    const echo = this.ledger.echoed(message.number, onEcho)
    if (echo !== 'in order') onFault(`an echo ${echo === 'late' ? 'out of order' : echo}`)
  }

  #end(how: string): void {
    if (this.#isOver) return
    this.#isOver = true
    const isRefused = this.#peer === undefined
    const part = this.#peer?.partialMessage
    this.isOpen = false
    this.outgoing.stop()
    this.#peer?.release()
    // The answer to a Close is under way; what ends the connection is the gateway's.
    if (how === 'closed') setTimeout(() => this.#socket?.terminate(), 500)
    else this.#socket?.terminate()
    const reason = this.#code === undefined ? how : this.#reason
    const refusal = isRefused ? how : undefined
    this.#options.onEnd({ code: this.#code, reason, refusal, part })
  }

  /** How long the oldest message has been waiting, if one is, counted from a moment on. */
  waitSince(atMs: number): number {
    const { oldest } = this.ledger
    return oldest === undefined || oldest.beganAtMs === Infinity
      ? 0
      : nowMs() - Math.max(oldest.beganAtMs, atMs)
  }
}
