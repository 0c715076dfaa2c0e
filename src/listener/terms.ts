/**
 * The terms on which clients are accepted: what a listener's options come to. They never change. A listener
 * that is told new options takes new terms for the connections to come, and each connection keeps those that
 * it came in on to its end.
 */
import { AddressRanges } from '../net/address-ranges.ts'
import type { TcpStream } from '../net/tcp-stream.ts'
import { hostName } from '../wire/host-name.ts'
import type { ClientRequest } from './client-request.ts'
import type { ListenerEvents, ListenerOptions } from './listener-options.ts'
import {
  Opening,
  plainSecurity,
  type ListenerClient,
  type OpenedClient,
  type OpeningOptions,
} from './opening.ts'
import { RequestReader, type ReaderOptions } from './request-reader.ts'
import type { ServerCertificates } from './server-certificates.ts'

/** Who serves by them. */
export interface TermsOwner {
  /** As it is called now, by which routes know it, whatever it was called when a client came. */
  readonly name: string
  readonly events: ListenerEvents
  /** Clients without an address came by the socket's path. */
  readonly isUnix: boolean
  /** Connections before their first request, and those between and in requests. */
  readonly connections: Set<Opening | RequestReader>
  /** Whoever is still being opened has one request. */
  readonly isLeaving: boolean
  /** The last of them is gone. */
  onEmpty(): void
}

export class Terms {
  readonly options: ListenerOptions
  /** undefined: no TLS. */
  readonly certificates: ServerCertificates | undefined
  readonly #owner: TermsOwner
  readonly #isTrusted: (address: string) => boolean
  readonly #openingOptions: OpeningOptions
  readonly #readerOptions: ReaderOptions

  constructor(
    options: ListenerOptions,
    certificates: ServerCertificates | undefined,
    owner: TermsOwner,
  ) {
    this.options = options
    this.certificates = certificates
    this.#owner = owner
    const trustedProxies = new AddressRanges(options.trustedProxies)
    this.#isTrusted = (address) => trustedProxies.includes(address)
    // What is lent to connections, made once for all of them.
    this.#openingOptions = this.#makeOpeningOptions()
    this.#readerOptions = this.#makeReaderOptions()
  }

  /** Without a PROXY header and TLS, so that an answer is understood from the start. */
  get isOpenedAtOnce(): boolean {
    return this.certificates === undefined && !this.options.proxyProtocol
  }

  /** Takes a client in. */
  accept(stream: TcpStream): void {
    if (this.isOpenedAtOnce)
      this.#read(stream, { address: stream.remoteAddress, ...plainSecurity }, undefined)
    else this.#owner.connections.add(new Opening(stream, this.#openingOptions))
  }

  #makeOpeningOptions(): OpeningOptions {
    const { proxyProtocol, timeout } = this.options
    const owner = this.#owner
    return {
      proxyProtocol,
      certificates: this.certificates,
      timeoutMs: timeout.tlsMs,
      onOpen: (stream, client, rest) => this.#read(stream, client, rest),
      onRefuse: (refusal) => owner.events.onRefuse(refusal),
      onRelease: (opening) => this.#release(opening),
    }
  }

  #makeReaderOptions(): ReaderOptions {
    const { limits, timeout } = this.options
    const owner = this.#owner
    return {
      get listener() {
        return owner.name
      },
      limits,
      headTimeoutMs: timeout.headMs,
      bodyTimeoutMs: timeout.bodyMs,
      idleTimeoutMs: timeout.idleMs,
      onRequest: (request, client) => {
        if (this.#isMisdirected(request, client)) request.refuse('MISDIRECTED')
        else owner.events.onRequest(request)
      },
      onRefuse: (refusal) => owner.events.onRefuse(refusal),
      onRelease: (reader) => this.#release(reader),
    }
  }

  #read(stream: TcpStream, opened: OpenedClient, rest: Buffer | undefined): void {
    const isTrustedProxy = this.#isTrustedProxy(opened.address)
    const client: ListenerClient = { ...opened, isTrustedProxy, isTrusted: this.#isTrusted }
    const reader = new RequestReader(stream, client, this.#readerOptions)
    this.#owner.connections.add(reader)
    if (this.#owner.isLeaving) reader.leave(true)
    if (rest !== undefined) reader.streamOnData(rest)
  }

  #release(connection: Opening | RequestReader): void {
    const { connections } = this.#owner
    connections.delete(connection)
    if (connections.size === 0) this.#owner.onEmpty()
  }

  /** A peer without address came by the Unix socket, whose permissions say who may. */
  #isTrustedProxy(address: string): boolean {
    return address === '' ? this.#owner.isUnix : this.#isTrusted(address)
  }

  /**
   * Whether the request is for a host whose certificate asks something else of clients than this
   * connection was asked: else whoever has no client certificate came in by another host's name.
   */
  #isMisdirected(request: ClientRequest, client: ListenerClient): boolean {
    if (this.certificates?.hasDemands !== true) return false
    return this.certificates.select(hostName(request.head.host)).demand !== client.demand
  }
}
