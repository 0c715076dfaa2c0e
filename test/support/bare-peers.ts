/**
 * WebSocket peers of bare sockets: they say exactly what a test has them say, break off wherever it wants
 * them to, and tell what they have heard. A server's end is one connection; a failover brings a new one.
 */
import {
  connect,
  createServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { frame, someKey } from './frames.ts'
import { readFrame } from './heard.ts'
import { Journal } from './journal.ts'
import { readHead, upgradeHead } from './raw.ts'
import { Opcode, switchAnswer } from './websocket.ts'
import { SeenHead } from './witness.ts'

/** What an end does by itself, as every library does. */
export interface Manners {
  readonly answersPings?: boolean
  readonly answersCloses?: boolean
}

const longestShown = 60

/** What was heard, in words: `text hello`, `close 1012`; of something long its length and its hash. */
export function saying(opcode: number, payload: Uint8Array | string): string {
  const bytes = Buffer.from(payload)
  const name = Object.entries(Opcode).find(([, code]) => code === opcode)?.[0] ?? `opcode ${opcode}`
  if (opcode === Opcode.close) return bytes.length < 2 ? name : `${name} ${bytes.readUInt16BE(0)}`
  const isLong = bytes.length > longestShown
  return `${name} ${isLong ? `of ${bytes.length} B, ${Bun.hash(bytes)}` : bytes.toString('latin1')}`
}

export class BareEnd implements Disposable {
  readonly socket: Socket
  /** Of the request, at a server's end; of the answer, at a client's. */
  readonly head: SeenHead
  /** When the other side has ended, or the connection is gone. */
  readonly farewell: Promise<void>
  readonly #isClient: boolean
  readonly #manners: Required<Manners>
  /** Whole messages and control frames so far, in words. */
  readonly heard: string[] = []
  /** Behind the last whole frame. */
  #rest = Buffer.alloc(0)
  /** The message whose end has not come. */
  #begun: { readonly opcode: number; readonly pieces: Buffer[] } | undefined
  #isOver = false
  #onChange = () => {}

  constructor(socket: Socket, head: string, isClient: boolean, manners: Manners) {
    this.socket = socket
    this.head = new SeenHead(head)
    this.#isClient = isClient
    this.#manners = { answersPings: true, answersCloses: true, ...manners }
    socket.on('error', () => socket.destroy())
    this.farewell = new Promise((resolve) => {
      socket.on('end', resolve)
      socket.on('close', () => resolve())
    })
    void this.farewell.then(() => {
      this.#isOver = true
      this.#onChange()
    })
    socket.on('end', () => socket.end())
    socket.on('data', (chunk: Buffer) => this.#hear(chunk))
    socket.resume()
  }

  /** Bytes that have come of a message whose end has not. */
  get begunBytes(): number {
    const whole = this.#begun?.pieces.reduce((sum, { length }) => sum + length, 0) ?? 0
    const last = readFrame(this.#rest)
    return whole + (last === undefined || isControl(last.first) ? 0 : last.payload.length)
  }

  /** The first so many. @throws if the connection ends before. */
  async hears(count: number): Promise<readonly string[]> {
    await this.until(() => this.heard.length >= count)
    return this.heard.slice(0, count)
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.#isOver) throw new Error(`It is over; heard: ${this.heard.join(' | ')}`)
      await new Promise<void>((resolve) => (this.#onChange = resolve))
    }
  }

  /** A text message. */
  say(text: string): void {
    this.send(Opcode.text, text)
  }

  /** A frame. */
  send(opcode: number, payload: Uint8Array | string, isFinal = true): void {
    this.write(this.frame(opcode, payload, isFinal))
  }

  /** As bytes, masked if this is a client's end. */
  frame(opcode: number, payload: Uint8Array | string, isFinal = true): Buffer {
    return frame({ opcode, payload, isFinal, key: this.#isClient ? someKey : undefined })
  }

  close(code: number): void {
    this.send(Opcode.close, Buffer.from([code >> 8, code & 255]))
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** FIN, without a Close. */
  end(): void {
    this.socket.end()
  }

  /** RST: what has not been read by the other side is lost. */
  cut(): void {
    this.socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #hear(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (;;) {
      const next = readFrame(this.#rest)
      if (next?.isComplete !== true) break
      this.#rest = this.#rest.subarray(next.bytes)
      this.#take(next.first, next.payload)
    }
    this.#onChange()
  }

  #take(first: number, payload: Buffer): void {
    const opcode = first & 0x0f
    if (isControl(first)) {
      this.heard.push(saying(opcode, payload))
      return this.#answer(opcode, payload)
    }
    this.#begun ??= { opcode, pieces: [] }
    this.#begun.pieces.push(payload)
    if (first < 0x80) return
    this.heard.push(saying(this.#begun.opcode, Buffer.concat(this.#begun.pieces)))
    this.#begun = undefined
  }

  #answer(opcode: number, payload: Buffer): void {
    if (opcode === Opcode.ping && this.#manners.answersPings) this.send(Opcode.pong, payload)
    if (opcode !== Opcode.close || !this.#manners.answersCloses || this.socket.writableEnded) return
    this.send(Opcode.close, payload.subarray(0, 2))
    // RFC 6455 §7.1.1: the server ends first.
    if (!this.#isClient) this.end()
  }
}

function isControl(first: number): boolean {
  return (first & 0x0f) >= 8
}

export interface BareServerOptions {
  readonly port?: number
  /** The path of a Unix socket instead. */
  readonly path?: string
  readonly tls?: TlsOptions
  /** Headers of the 101, or the status with which it refuses. */
  readonly answer?: (head: SeenHead) => Readonly<Record<string, string>> | number
  readonly manners?: Manners
}

export interface BareServer extends AsyncDisposable {
  readonly port: number
  /** As the gateway has it, unless it listens on a Unix socket. */
  readonly url: string
  /** Connections that became WebSockets, in their order, whether they still are. */
  readonly ends: readonly BareEnd[]
  /** The connection of this number, from 0, once it is there. */
  end(index?: number): Promise<BareEnd>
  /** Nobody listens there any more, and its connections are reset. */
  kill(): void
}

export async function startBareServer(options: BareServerOptions = {}): Promise<BareServer> {
  const { port = 0, path, tls, answer = () => ({}), manners = {} } = options
  const ends = new Journal<BareEnd>()
  const sockets = new Set<Socket>()
  const serve = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    readHead(socket, (head) => {
      const answered = answer(new SeenHead(head))
      if (typeof answered === 'number')
        return void socket.end(`HTTP/1.1 ${answered} No\r\nContent-Length: 0\r\n\r\n`)
      const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1] ?? ''
      const headers = { 'Sec-WebSocket-Accept': acceptFor(key), ...answered }
      socket.write(switchAnswer(headers).replaceAll('\n', '\r\n'))
      ends.add(new BareEnd(socket, head, false, manners))
    })
  }
  const server: TcpServer =
    tls === undefined
      ? createServer({ allowHalfOpen: true }, serve)
      : createTlsServer({ ...tls, allowHalfOpen: true }, serve)
  const place = path === undefined ? { port, host: '127.0.0.1' } : { path }
  await new Promise<void>((resolve) => server.listen(place, resolve))
  const own = path === undefined ? (server.address() as AddressInfo).port : 0
  const kill = () => {
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: own,
    url: `${tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${own}`,
    ends: ends.items,
    end: (index = 0) => ends.find((end) => ends.items.indexOf(end) === index),
    kill,
    [Symbol.asyncDispose]: async () => kill(),
  }
}

export interface BareClientOptions {
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly manners?: Manners
  /** One that is connected already, with TLS say. */
  readonly socket?: Socket
}

/** @throws the head of the answer, if it is no 101. */
export function openBareClient(
  { port }: { readonly port: number },
  options: BareClientOptions = {},
): Promise<BareEnd> {
  const { target = '/', headers = {}, manners = {} } = options
  const socket = options.socket ?? connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  return new Promise((resolve, reject) => {
    socket.on('error', () => socket.destroy())
    socket.on('close', () => reject(new Error('closed before it was answered')))
    socket.write(upgradeHead(target, headers))
    readHead(socket, (head) => {
      if (head.startsWith('HTTP/1.1 101 ')) resolve(new BareEnd(socket, head, true, manners))
      else reject(new Error(head))
    })
  })
}
