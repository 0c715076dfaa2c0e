/**
 * A TCP connection in a test's own hands, for what no library would send: bytes out, and what comes in
 * taken off piece by piece. It stands for a client, or on `listenTcp` for a server.
 */
import { connect, createServer, type Socket } from 'node:net'
import {
  connect as connectTls,
  createServer as createTlsServer,
  type ConnectionOptions,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls'

/** How the other side left: with FIN, or with RST. */
export type Farewell = 'ended' | 'reset'

export interface HttpMessage {
  readonly startLine: string
  /** 0 for a request. */
  readonly status: number
  /** Names in lower case; several lines of one name are joined with ", ". */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

export class TcpConnection implements Disposable {
  /** Resolves when the other side is gone. */
  readonly farewell: Promise<Farewell>
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #isOver = false
  #onChange: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    this.farewell = new Promise((resolve) => {
      socket.on('end', () => resolve('ended'))
      socket.on('error', () => resolve('reset'))
      socket.on('close', () => resolve('ended'))
    })
    void this.farewell.then(() => {
      this.#isOver = true
      this.#onChange?.()
    })
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#onChange?.()
    })
  }

  /** What came and was not taken. */
  get received(): string {
    return this.#received.toString('latin1')
  }

  /** Text goes out as latin1, lines ended by "\n" as "\r\n". */
  send(bytes: string | Uint8Array): void {
    const isText = typeof bytes === 'string'
    this.#socket.write(isText ? Buffer.from(bytes.replace(/\r?\n/g, '\r\n'), 'latin1') : bytes)
  }

  /** Sends bytes. @returns when the system has taken them. */
  async sendWhole(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Takes everything up to the end of the first match. */
  async until(pattern: RegExp): Promise<string> {
    const end = await this.#when(() => {
      const match = pattern.exec(this.received)
      return match === null ? undefined : match.index + match[0].length
    })
    return this.#take(end).toString('latin1')
  }

  /** Takes a head, and the body if its length is given. */
  async message(): Promise<HttpMessage> {
    const [startLine = '', ...lines] = (await this.until(/\r\n\r\n/)).trimEnd().split('\r\n')
    const headers: Record<string, string> = {}
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? []
      const key = name.toLowerCase()
      headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
    }
    const length = Number(headers['content-length'] ?? 0)
    await this.#when(() => (this.#received.length >= length ? length : undefined))
    const status = Number(/^HTTP\/1\.\d (\d+)/.exec(startLine)?.[1] ?? 0)
    return { startLine, status, headers, body: this.#take(length).toString() }
  }

  /** Takes a frame with a short payload, unmasked if need be. */
  async frame(): Promise<Frame> {
    const size = await this.#when(() => {
      const second = this.#received[1]
      if (second === undefined) return undefined
      const total = 2 + (second >> 7) * 4 + (second & 0x7f)
      return this.#received.length >= total ? total : undefined
    })
    const bytes = this.#take(size)
    const opcode = bytes[0]! & 0x0f
    if ((bytes[1]! & 0x80) === 0) return { opcode, payload: bytes.subarray(2) }
    const payload = bytes.subarray(6).map((byte, index) => byte ^ bytes[2 + (index & 3)]!)
    return { opcode, payload: Buffer.from(payload) }
  }

  /** Reads nothing until `resume`, as a receiver that is busy with something else. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Reads and forgets from now on. */
  discard(): void {
    this.#socket.removeAllListeners('data')
    this.#received = Buffer.alloc(0)
    this.#socket.resume()
  }

  /** FIN. */
  end(): void {
    this.#socket.end()
  }

  /** RST. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  async #when<Result>(look: () => Result | undefined): Promise<Result> {
    for (;;) {
      const result = look()
      if (result !== undefined) return result
      if (this.#isOver) throw new Error(`the connection is over; untaken: "${this.received}"`)
      await new Promise<void>((resolve) => (this.#onChange = resolve))
    }
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return taken
  }
}

/** @throws the system's error, with its `code`. */
export function dialTcp(target: number | string, host = '127.0.0.1'): Promise<TcpConnection> {
  return new Promise((resolve, reject) => {
    const place = typeof target === 'string' ? { path: target } : { port: target, host }
    const socket = connect({ ...place, allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => resolve(new TcpConnection(socket)))
  })
}

/** A connection whose TLS is the runtime's; what is sent and received is what goes inside. */
export class TlsConnection extends TcpConnection {
  readonly socket: TLSSocket

  constructor(socket: TLSSocket) {
    super(socket)
    this.socket = socket
  }
}

/** @param options `ca` and `servername` at least; the certificate of the server is verified. @throws the handshake's error. */
export function dialTls(port: number, options: ConnectionOptions): Promise<TlsConnection> {
  return new Promise((resolve, reject) => {
    const whole = { port, host: '127.0.0.1', allowHalfOpen: true, ...options }
    const socket = connectTls(whole)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed during the handshake')))
    socket.once('secureConnect', () => resolve(new TlsConnection(socket)))
  })
}

/** Why it failed. @throws Error if it did not. */
export async function failureOf(attempt: Promise<unknown>): Promise<string> {
  const failure = await attempt.then(
    () => undefined,
    (error: unknown) => String(error),
  )
  if (failure === undefined) throw new Error('it succeeded')
  return failure
}

export interface TcpServer extends Disposable {
  /** 0 for a Unix socket. */
  readonly port: number
  readonly host: string
  /** Connections accepted so far. */
  readonly accepted: number
}

export interface ListenOptions {
  /** 127.0.0.1 by default. */
  readonly host?: string
  /** The path of a Unix socket instead. */
  readonly path?: string | undefined
  /** With it the connections are of TLS. */
  readonly tls?: TlsOptions | undefined
}

/** A server whose every connection is served by `serve`, which knows its number, from 1. */
export async function listenTcp(
  serve: (connection: TcpConnection, index: number, socket: Socket) => Promise<void> | void,
  { host = '127.0.0.1', path, tls }: ListenOptions = {},
): Promise<TcpServer> {
  const open = new Set<TcpConnection>()
  let accepted = 0
  const accept = (socket: Socket) => {
    const connection = new TcpConnection(socket)
    open.add(connection)
    // A gateway that leaves in the middle is not this server's concern; the test sees what it saw.
    void Promise.resolve(serve(connection, ++accepted, socket)).catch(() => connection.end())
  }
  const server =
    tls === undefined
      ? createServer({ allowHalfOpen: true }, accept)
      : createTlsServer({ ...tls, allowHalfOpen: true }, accept)
  const place = path === undefined ? { port: 0, host } : { path }
  await new Promise<void>((resolve) => server.listen(place, resolve))
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  return {
    port,
    host: `${host}:${port}`,
    get accepted() {
      return accepted
    },
    [Symbol.dispose]() {
      server.close()
      for (const connection of open) connection[Symbol.dispose]()
    },
  }
}
