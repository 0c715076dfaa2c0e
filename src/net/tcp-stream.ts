/**
 * A Bun socket as a `ByteStream`: keeps what the kernel does not take, and ends without losing it.
 * With `secure` it speaks TLS, which changes nothing for its owner.
 *
 * Bun's `write` keeps nothing, `end` closes at once and drops the tail while the peer still sends, and
 * `drain` comes without need; this file is where that stops being anybody else's concern.
 * A socket is attached when it opens, so that a stream can exist before its connection does.
 */
import type { Socket, TLSOptions } from 'bun'
import {
  ignoreStream,
  type ByteStream,
  type ByteStreamHandler,
  type StreamClose,
} from '../core/byte-stream.ts'
import { descriptors } from './descriptors.ts'

/** How long a peer may take to close after our FIN. The kernel's own time-wait does the rest. */
const defaultLingerMs = 2_000
/** What a stream waits for a stalled peer until its owner says otherwise; nginx's send_timeout. */
const defaultSendTimeoutMs = 60_000
/** Probes on a silent connection, on both sides: what finds a peer that vanished without a word. */
const keepAliveMs = 30_000

export type TcpSocket = Socket<TcpStream>

/** How TLS is begun on an open connection. */
export interface TlsStart {
  /** What a server has read so far, which its handshake begins with; undefined for a client. */
  readonly hello: Buffer | undefined
  readonly options: TLSOptions
  /** Called once, unless the connection closes before. Application data comes after it. */
  readonly onHandshake: (handshake: TlsHandshake) => void
}

export interface TlsHandshake {
  /** Of a client: the server's certificate is valid, too. */
  readonly isDone: boolean
  /** Why it is not, or what is wrong with the peer's certificate or the lack of one. */
  readonly error: (Error & { readonly code?: string }) | null
  readonly socket: TcpSocket
}

export class TcpStream implements ByteStream {
  handler: ByteStreamHandler = ignoreStream
  sendTimeoutMs = defaultSendTimeoutMs

  #socket: TcpSocket | undefined
  #queue: Uint8Array[] | undefined
  #queuedBytes = 0
  /** Runs while something is queued: see `checkProgress`. */
  #stallTimer: Timer | undefined
  /** Whether the peer took anything since the stall timer was set. */
  #hasProgressed = false
  #lingerTimer: Timer | undefined
  /** `end` was called: FIN goes out behind the queue, and nothing more is written. */
  #isEnding = false
  #isPeerDone = false
  #isPaused = false
  #lingerMs = Infinity
  #closeReason: StreamClose = 'ended'
  #onHandshake: TlsStart['onHandshake'] | undefined
  #isTls = false

  get bufferedBytes(): number {
    return this.#queuedBytes
  }

  get remoteAddress(): string {
    const address = this.#socket?.remoteAddress ?? ''
    return address.startsWith('::ffff:') ? address.slice(7) : address
  }

  /** The socket is open. Whoever opened it has counted it as a descriptor; closing takes it off. */
  attach(socket: TcpSocket): void {
    this.#socket = socket
    socket.setKeepAlive(true, keepAliveMs)
  }

  /** Speaks TLS from here on. Nothing has been written, and the stream is not paused. */
  secure({ hello, options, onHandshake }: TlsStart): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#onHandshake = onHandshake
    this.#isTls = true
    // Bun goes on calling the plain socket's handlers, with the ciphertext.
    socket.data = nobody
    // `isServer` and `initialData` are missing in Bun's types; without them a server's handshake hangs.
    const upgrade = { tls: options, data: this, socket: tlsHandlers } as const
    if (hello === undefined) socket.upgradeTLS(upgrade)
    else socket.upgradeTLS(Object.assign(upgrade, { isServer: true, initialData: hello }))
  }

  write(bytes: Uint8Array): number {
    if (this.#socket === undefined) return 0
    if (this.#isEnding || bytes.length === 0) return this.#queuedBytes
    if (this.#queue !== undefined) {
      this.#queue.push(bytes)
      return (this.#queuedBytes += bytes.length)
    }
    // Less than nothing where the connection is gone, of which its owner hears in a moment.
    const taken = Math.max(0, this.#socket.write(bytes))
    if (taken === bytes.length) return 0
    this.#queue = [taken === 0 ? bytes : unpinned(bytes.subarray(taken))]
    this.#queuedBytes = bytes.length - taken
    if (this.#stallTimer === undefined) this.#watchProgress()
    return this.#queuedBytes
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket?.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#socket?.resume()
  }

  end(lingerMs = defaultLingerMs): void {
    this.#lingerMs = Math.min(this.#lingerMs, lingerMs)
    this.#isEnding = true
    if (this.#queue === undefined) this.#finish()
  }

  destroy(): void {
    this.#cut('destroyed')
  }

  /** Writes what is queued, in one piece. */
  #flush(): void {
    if (this.#queue === undefined || this.#socket === undefined) return
    const bytes = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue)
    const taken = Math.max(0, this.#socket.write(bytes))
    this.#queuedBytes = bytes.length - taken
    this.#queue = this.#queuedBytes === 0 ? undefined : [unpinned(bytes.subarray(taken))]
    if (taken > 0) this.#hasProgressed = true
  }

  // What Bun calls, by way of `streamHandlers`.

  socketOnDrain(): void {
    if (this.#queue === undefined) return
    this.#flush()
    if (this.#queue !== undefined) return
    if (this.#isEnding) this.#finish()
    else this.handler.streamOnDrain()
  }

  socketOnEnd(): void {
    this.#isPeerDone = true
    this.handler.streamOnEnd()
    if (this.#isEnding && this.#queue === undefined) this.#socket?.end()
  }

  socketOnHandshake(handshake: TlsHandshake): void {
    const onHandshake = this.#onHandshake
    this.#onHandshake = undefined
    onHandshake?.(handshake)
  }

  /** What came cannot be deciphered. */
  socketOnFault(): void {
    this.#cut('reset')
  }

  socketOnClose(error: Error | undefined): void {
    if (this.#socket === undefined) return
    descriptors.sockets--
    clearTimeout(this.#stallTimer)
    clearTimeout(this.#lingerTimer)
    this.#socket = undefined
    this.#queue = undefined
    this.handler.streamOnClose(
      error !== undefined && this.#closeReason === 'ended' ? 'reset' : this.#closeReason,
    )
    this.#queuedBytes = 0
  }

  /**
   * A kernel reports room only when a third of its buffer is free, which a slow reader may not reach
   * for minutes; it takes bytes long before. So this asks it by writing.
   */
  checkProgress(): void {
    this.#stallTimer = undefined
    this.socketOnDrain()
    if (this.#queue === undefined) return
    if (this.#hasProgressed) this.#watchProgress()
    else this.#cut('stalled')
  }

  #watchProgress(): void {
    this.#hasProgressed = false
    this.#stallTimer = setTimeout(checkProgress, this.sendTimeoutMs, this)
  }

  /**
   * FIN behind everything that was written; then the peer's FIN, or the end of our patience. The kernel
   * goes on delivering after the socket is closed: only a reset would lose what it still holds.
   */
  #finish(): void {
    if (this.#socket === undefined) return
    const isOver = this.#isPeerDone || this.#lingerMs === 0
    clearTimeout(this.#lingerTimer)
    // `end` of a TLS socket alone would wait for the peer, however long. A plain one whose peer has ended
    // needs no FIN of its own; with bytes unread its close would be an RST, so FIN goes first.
    if (this.#lingerTimer === undefined && (this.#isTls || !this.#isPeerDone))
      this.#socket.shutdown()
    if (isOver) return void this.#socket.end()
    // A paused socket would never see the peer's FIN.
    this.resume()
    this.#lingerTimer = setTimeout(closeStream, this.#lingerMs, this)
  }

  #cut(reason: StreamClose): void {
    if (this.#socket === undefined) return
    this.#closeReason = reason
    this.#socket.terminate()
  }
}

/** Stands where a stream was that speaks TLS now: hears the ciphertext, and is not counted. */
const nobody = new TcpStream()

/** A small rest of a large chunk, which a view would keep whole, as a copy. */
function unpinned(rest: Uint8Array): Uint8Array {
  return rest.length * 2 < rest.buffer.byteLength ? Buffer.from(rest) : rest
}

function checkProgress(stream: TcpStream): void {
  stream.checkProgress()
}

function closeStream(stream: TcpStream): void {
  stream.end(0)
}

/** The one handler object of all sockets; each socket's `data` is its stream. No handler is async or throws. */
export const streamHandlers = {
  data(socket: TcpSocket, chunk: Buffer): void {
    socket.data.handler.streamOnData(chunk)
  },
  drain(socket: TcpSocket): void {
    socket.data.socketOnDrain()
  },
  end(socket: TcpSocket): void {
    socket.data.socketOnEnd()
  },
  close(socket: TcpSocket, error?: Error): void {
    socket.data.socketOnClose(error)
  },
  /** A handler threw: the connection is over, and the mistake belongs to whoever watches the process. */
  error(socket: TcpSocket, error: Error): void {
    socket.terminate()
    queueMicrotask(() => {
      throw error
    })
  },
}

/** The same for what TLS carries. The socket of the connection closes before this one, with its own handlers. */
const tlsHandlers = {
  ...streamHandlers,
  open(socket: TcpSocket): void {
    socket.data.attach(socket)
  },
  handshake(socket: TcpSocket, isDone: boolean, error: Error | null): void {
    socket.data.socketOnHandshake({ isDone, error, socket })
  },
  error(socket: TcpSocket, error: Error & { readonly code?: string }): void {
    if (error.code === 'EPROTO') socket.data.socketOnFault()
    else streamHandlers.error(socket, error)
  },
}
