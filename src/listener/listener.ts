/**
 * A port or Unix socket that accepts clients. Holds their connections until a request takes one over,
 * and never more of them than the process has descriptors for.
 */
import type { ErrorCode } from '../core/errors.ts'
import type { CertificateEvent } from '../core/events.ts'
import { AddressRanges } from '../net/address-ranges.ts'
import { bind, type AcceptHandlers, type BoundSocket } from '../net/bind.ts'
import { descriptors } from '../net/descriptors.ts'
import type { InheritedSocket } from '../net/inherited-sockets.ts'
import { streamHandlers, TcpStream, type TcpSocket } from '../net/tcp-stream.ts'
import { hostName } from '../wire/host-name.ts'
import type { ClientRequest, Refusal } from './client-request.ts'
import { ListenError } from './listen-error.ts'
import {
  Opening,
  plainSecurity,
  type ListenerClient,
  type OpenedClient,
  type OpeningOptions,
} from './opening.ts'
import { encodeRefusal } from './refuse.ts'
import { RequestReader, type ReaderOptions } from './request-reader.ts'
import { ServerCertificates, type CertificateOptions } from './server-certificates.ts'

export interface ListenerOptions {
  readonly name: string
  readonly address: string
  /** 0 for any free one. */
  readonly port: number
  /** The path of a Unix socket to listen on instead. */
  readonly unix: string | undefined
  readonly tls: readonly CertificateOptions[] | undefined
  readonly proxyProtocol: boolean
  /** IP addresses and ranges. Who comes by a Unix socket is trusted without. */
  readonly trustedProxies: readonly string[]
  readonly limits: {
    readonly headBytes: number
    readonly headers: number
    /** Open client connections; undefined for what the descriptor limit allows. */
    readonly clients: number | undefined
  }
  readonly timeout: {
    readonly tlsMs: number
    readonly headMs: number
    readonly bodyMs: number
    readonly idleMs: number
  }
}

export interface ListenerEvents {
  onRequest(request: ClientRequest): void
  onRefuse(refusal: Refusal): void
  onCertificate(event: CertificateEvent): void
}

export interface Listener {
  readonly name: string
  /** Empty for a Unix socket, with a port of 0. */
  readonly address: string
  readonly port: number
  readonly unix: string | undefined
  /** Open client connections, those of sessions included. */
  readonly clients: number
  /**
   * Accepts nobody any more, and ends each connection after the request it is busy with. Resolves
   * when none is left, those of sessions aside.
   */
  leave(): Promise<void>
  /** Cuts what is left. */
  destroy(): void
}

/**
 * @param inherited a socket that listens already, for this listener.
 * @throws the system's error, with its `code`, if the address cannot be bound; Error with a sentence
 * if a certificate cannot be served or a path is not ours to take.
 */
export function listen(
  options: ListenerOptions,
  events: ListenerEvents,
  binding: Binding = {},
): Listener {
  return new BoundListener(options, events, binding)
}

export interface Binding {
  readonly inherited?: InheritedSocket | undefined
  readonly isShared?: boolean
}

class BoundListener implements Listener {
  readonly #options: ListenerOptions
  readonly #events: ListenerEvents
  readonly #certificates: ServerCertificates | undefined
  readonly #isTrusted: (address: string) => boolean
  readonly #openingOptions: OpeningOptions
  readonly #readerOptions: ReaderOptions
  readonly #socket: BoundSocket
  /** Connections before their first request, and those between and in requests. */
  readonly #connections = new Set<Opening | RequestReader>()
  /** Clients of this listener, those whose stream is a session's now included. */
  #clients = 0
  #onEmpty: (() => void) | undefined

  constructor(
    options: ListenerOptions,
    events: ListenerEvents,
    { inherited, isShared = false }: Binding,
  ) {
    this.#options = options
    this.#events = events
    const trustedProxies = new AddressRanges(options.trustedProxies)
    this.#isTrusted = (address) => trustedProxies.includes(address)
    this.#certificates =
      options.tls && new ServerCertificates(options.tls, (event) => events.onCertificate(event))
    this.#openingOptions = this.#makeOpeningOptions()
    this.#readerOptions = this.#makeReaderOptions()
    try {
      this.#socket = bind({ ...options, isShared }, inherited, this.#makeHandlers())
    } catch (error) {
      this.#certificates?.stop()
      throw new ListenError(options, error)
    }
  }

  get name(): string {
    return this.#options.name
  }

  get address(): string {
    return this.#socket.address
  }

  get port(): number {
    return this.#socket.port
  }

  get unix(): string | undefined {
    return this.#socket.unix
  }

  async leave(): Promise<void> {
    this.#stop()
    if (this.#connections.size === 0) return
    const emptied = new Promise<void>((resolve) => (this.#onEmpty = resolve))
    for (const connection of this.#connections) connection.leave()
    await emptied
  }

  get clients(): number {
    return this.#clients
  }

  destroy(): void {
    this.#stop()
    for (const connection of this.#connections) connection.destroy()
  }

  #stop(): void {
    this.#socket.stop()
    this.#certificates?.stop()
  }

  // What is lent to connections and sockets, made once for all of them.

  #makeHandlers(): AcceptHandlers {
    return {
      ...streamHandlers,
      open: (socket) => this.#open(socket),
      close: (socket, error) => {
        descriptors.clients--
        this.#clients--
        streamHandlers.close(socket, error)
      },
    }
  }

  #makeOpeningOptions(): OpeningOptions {
    return {
      proxyProtocol: this.#options.proxyProtocol,
      certificates: this.#certificates,
      timeoutMs: this.#options.timeout.tlsMs,
      onOpen: (stream, client, rest) => this.#read(stream, client, rest),
      onRefuse: (refusal) => this.#events.onRefuse(refusal),
      onRelease: (opening) => this.#release(opening),
    }
  }

  #makeReaderOptions(): ReaderOptions {
    const { name, limits, timeout } = this.#options
    return {
      listener: name,
      limits,
      headTimeoutMs: timeout.headMs,
      bodyTimeoutMs: timeout.bodyMs,
      idleTimeoutMs: timeout.idleMs,
      onRequest: (request, client) => {
        if (this.#isMisdirected(request, client)) request.refuse('MISDIRECTED')
        else this.#events.onRequest(request)
      },
      onRefuse: (refusal) => this.#events.onRefuse(refusal),
      onRelease: (reader) => this.#release(reader),
    }
  }

  // The life of a connection.

  #open(socket: TcpSocket): void {
    descriptors.sockets++
    descriptors.clients++
    this.#clients++
    const stream = new TcpStream()
    stream.attach(socket)
    socket.data = stream
    const isFull = this.#clients > (this.#options.limits.clients ?? Infinity)
    if (isFull || descriptors.areClientsTooMany) return this.#refuse(socket)
    if (!this.#isOpenedAtOnce)
      return void this.#connections.add(new Opening(stream, this.#openingOptions))
    this.#read(stream, { address: stream.remoteAddress, ...plainSecurity }, undefined)
  }

  #read(stream: TcpStream, opened: OpenedClient, rest: Buffer | undefined): void {
    const isTrustedProxy = this.#isTrustedProxy(opened.address)
    const client: ListenerClient = { ...opened, isTrustedProxy, isTrusted: this.#isTrusted }
    const reader = new RequestReader(stream, client, this.#readerOptions)
    this.#connections.add(reader)
    if (rest !== undefined) reader.streamOnData(rest)
  }

  #release(connection: Opening | RequestReader): void {
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#onEmpty?.()
  }

  /** Without lingering: at the limit no descriptor is kept for those who get none. */
  #refuse(socket: TcpSocket): void {
    const code: ErrorCode = 'TOO_MANY_CONNECTIONS'
    const address = socket.data.remoteAddress
    this.#events.onRefuse({ code, detail: undefined, address, head: undefined })
    // Where a PROXY header or TLS comes first, an answer would not be understood.
    if (this.#isOpenedAtOnce) {
      const options = { detail: undefined, isKeptAlive: false, isHeadRequest: false }
      socket.write(encodeRefusal(code, options))
    }
    socket.end()
  }

  // What is asked of each.

  get #isOpenedAtOnce(): boolean {
    return this.#certificates === undefined && !this.#options.proxyProtocol
  }

  /** A peer without address came by the Unix socket, whose permissions say who may. */
  #isTrustedProxy(address: string): boolean {
    return address === '' ? this.unix !== undefined : this.#isTrusted(address)
  }

  /**
   * Whether the request is for a host whose certificate asks something else of clients than this
   * connection was asked: else whoever has no client certificate came in by another host's name.
   */
  #isMisdirected(request: ClientRequest, client: ListenerClient): boolean {
    if (this.#certificates?.hasDemands !== true) return false
    return this.#certificates.select(hostName(request.head.host)).demand !== client.demand
  }
}
