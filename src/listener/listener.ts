/**
 * A port or Unix socket that accepts clients. Holds their connections until a request takes one over,
 * and never more of them than the process has descriptors for.
 *
 * The socket stays for as long as the listener; on which terms clients are accepted may change.
 */
import { isDeepStrictEqual } from 'node:util'
import type { ErrorCode } from '../core/errors.ts'
import type { Prepared } from '../core/reload.ts'
import { bind, type AcceptHandlers, type Binding, type BoundSocket } from '../net/bind.ts'
import { descriptors } from '../net/descriptors.ts'
import type { InheritedSocket } from '../net/inherited-sockets.ts'
import { streamHandlers, TcpStream, type TcpSocket } from '../net/tcp-stream.ts'
import { ListenError } from './listen-error.ts'
import type { ListenerEvents, ListenerOptions } from './listener-options.ts'
import type { Opening } from './opening.ts'
import { encodeRefusal } from './refuse.ts'
import type { RequestReader } from './request-reader.ts'
import { ServerCertificates } from './server-certificates.ts'
import { Terms, type TermsOwner } from './terms.ts'

export interface Listener {
  /** As it is configured now. */
  readonly name: string
  /** Empty for a Unix socket, with a port of 0. */
  readonly address: string
  readonly port: number
  readonly unix: string | undefined
  /** Open client connections, those of sessions included. */
  readonly clients: number
  /** Of the listening socket; undefined once it is closed. */
  readonly fd: number | undefined
  /** The listening socket, for a process that is to take over; undefined once it is closed. */
  readonly inheritance: InheritedSocket | undefined
  /**
   * It is to stay: clients are served, its certificates are told of and looked after from now on. Whoever came
   * before has waited for that.
   */
  start(): void
  /**
   * Makes ready to serve the connections to come by these options, at the place where it listens already:
   * where the options say so is not looked at. Open connections keep what they came in by. Of several that
   * are ready the last one committed counts.
   * @throws Error with a sentence if a certificate cannot be served.
   */
  prepare(options: ListenerOptions): Prepared
  /**
   * Accepts nobody any more, and ends each connection after the request it is busy with. Resolves
   * when none is left, those of sessions aside.
   */
  leave(options?: {
    /**
     * Another process has the socket: it goes on there. Who was accepted here a moment ago must not notice, so
     * a connection that has not made its first request yet is ended after that.
     */
    readonly isTakenOver: boolean
  }): Promise<void>
  /**
   * Cuts what is left. The path of a Unix socket that was handed over stays, unless the listener has left
   * before: the process it came from may have to go on.
   */
  destroy(): void
}

/**
 * @param binding what is at its place already.
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

class BoundListener implements Listener, TermsOwner {
  readonly events: ListenerEvents
  readonly connections = new Set<Opening | RequestReader>()
  readonly #inherited: InheritedSocket | undefined
  readonly #socket: BoundSocket
  /** For connections to come. */
  #terms: Terms
  /** Clients of this listener, those whose stream is a session's now included. */
  #clients = 0
  /** Who came before its start. */
  #early: Set<TcpStream> | undefined = new Set()
  #isStopped = false
  #left: PromiseWithResolvers<void> | undefined

  constructor(options: ListenerOptions, events: ListenerEvents, binding: Binding) {
    this.events = events
    this.#inherited = binding.inherited
    this.#terms = new Terms(options, this.#certificatesFor(options), this)
    try {
      this.#socket = bind(options, binding, this.#makeHandlers())
    } catch (error) {
      throw new ListenError(options, error)
    }
  }

  get name(): string {
    return this.#terms.options.name
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

  get isUnix(): boolean {
    return this.unix !== undefined
  }

  get isLeaving(): boolean {
    return this.#left !== undefined
  }

  get clients(): number {
    return this.#clients
  }

  get fd(): number | undefined {
    return this.#socket.fd
  }

  get inheritance(): InheritedSocket | undefined {
    const { name, address, port, unix, fd } = this
    if (fd === undefined) return undefined
    // systemd's stays systemd's, with the name that it gave.
    const isOurs = this.#inherited === undefined || this.#inherited.isTakenOver === true
    return isOurs
      ? { fd, name, address, port, unix, isTakenOver: true }
      : { ...this.#inherited, fd }
  }

  start(): void {
    this.#terms.certificates?.start()
    const early = this.#early ?? []
    this.#early = undefined
    for (const stream of early) {
      stream.resume()
      this.#terms.accept(stream)
    }
  }

  prepare(options: ListenerOptions): Prepared {
    const { certificates, options: current } = this.#terms
    const isSameTls = isDeepStrictEqual(options.tls, current.tls)
    const terms = new Terms(
      options,
      isSameTls ? certificates : this.#certificatesFor(options),
      this,
    )
    // Nothing was begun that would have to be ended.
    return { commit: () => this.#take(terms), abandon() {} }
  }

  leave({ isTakenOver } = { isTakenOver: false }): Promise<void> {
    this.#stop(isTakenOver)
    if (this.#left === undefined) {
      this.#left = Promise.withResolvers()
      for (const connection of this.connections) connection.leave(isTakenOver)
      if (this.connections.size === 0) this.#left.resolve()
    }
    return this.#left.promise
  }

  destroy(): void {
    this.#stop(this.#inherited !== undefined)
    for (const stream of this.#early ?? []) stream.destroy()
    for (const connection of this.connections) connection.destroy()
  }

  onEmpty(): void {
    this.#left?.resolve()
  }

  #stop(isTakenOver: boolean): void {
    this.#isStopped = true
    this.#socket.stop(isTakenOver)
    this.#terms.certificates?.stop()
  }

  #take(terms: Terms): void {
    const { certificates: before } = this.#terms
    this.#terms = terms
    if (terms.certificates === before || this.#isStopped) return
    before?.stop()
    terms.certificates?.start()
  }

  #certificatesFor({ tls }: ListenerOptions): ServerCertificates | undefined {
    return tls && new ServerCertificates(tls, (event) => this.events.onCertificate(event))
  }

  /** What is lent to sockets, made once for all of them. */
  #makeHandlers(): AcceptHandlers {
    return {
      ...streamHandlers,
      open: (socket) => this.#open(socket),
      close: (socket, error) => {
        descriptors.clients--
        this.#clients--
        this.#early?.delete(socket.data)
        streamHandlers.close(socket, error)
      },
    }
  }

  #open(socket: TcpSocket): void {
    descriptors.sockets++
    descriptors.clients++
    this.#clients++
    const stream = new TcpStream()
    stream.attach(socket)
    socket.data = stream
    const isFull = this.#clients > (this.#terms.options.limits.clients ?? Infinity)
    if (isFull || descriptors.areClientsTooMany) this.#refuse(socket)
    else if (this.#early === undefined) this.#terms.accept(stream)
    else {
      stream.pause()
      this.#early.add(stream)
    }
  }

  /** Without lingering: at the limit no descriptor is kept for those who get none. */
  #refuse(socket: TcpSocket): void {
    const code: ErrorCode = 'TOO_MANY_CONNECTIONS'
    const address = socket.data.remoteAddress
    this.events.onRefuse({ code, detail: undefined, address, head: undefined })
    // Where a PROXY header or TLS comes first, an answer would not be understood.
    if (this.#terms.isOpenedAtOnce) {
      const options = { detail: undefined, isKeptAlive: false, isHeadRequest: false }
      socket.write(encodeRefusal(code, options))
    }
    socket.end()
  }
}
