/**
 * A port that accepts clients. Holds their connections until a request takes one over, and never
 * more of them than the process has descriptors for.
 */
import type { ClientInfo } from '../core/client-info.ts'
import type { ErrorCode } from '../core/errors.ts'
import { descriptors } from '../net/descriptors.ts'
import { streamHandlers, TcpStream, type TcpSocket } from '../net/tcp-stream.ts'
import type { ClientRequest, Refusal } from './client-request.ts'
import { encodeRefusal } from './refuse.ts'
import { RequestReader, type ReaderOptions } from './request-reader.ts'

export interface ListenerOptions {
  readonly name: string
  readonly address: string
  /** 0 for any free one. */
  readonly port: number
  /** Whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[]
  readonly limits: {
    readonly headBytes: number
    readonly headers: number
    /** Open client connections; undefined for what the descriptor limit allows. */
    readonly clients: number | undefined
  }
  readonly timeout: { readonly headMs: number; readonly bodyMs: number; readonly idleMs: number }
}

export interface ListenerEvents {
  onRequest(request: ClientRequest): void
  onRefuse(refusal: Refusal): void
}

export interface Listener {
  readonly name: string
  readonly address: string
  readonly port: number
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

/** @throws the system's error, with its `code`, if the address cannot be bound. */
export function listen(options: ListenerOptions, events: ListenerEvents): Listener {
  const readers = new Set<RequestReader>()
  /** Clients of this listener, those whose stream is a session's now included. */
  let clients = 0
  let onEmpty: (() => void) | undefined
  const mostClients = options.limits.clients ?? Infinity

  const isTrusted = (address: string) => options.trustedProxies.includes(address)
  const readerOptions: ReaderOptions = {
    listener: options.name,
    limits: options.limits,
    headTimeoutMs: options.timeout.headMs,
    bodyTimeoutMs: options.timeout.bodyMs,
    idleTimeoutMs: options.timeout.idleMs,
    onRequest: (request) => events.onRequest(request),
    onRefuse: (refusal) => events.onRefuse(refusal),
    onRelease(reader) {
      readers.delete(reader)
      if (readers.size === 0) onEmpty?.()
    },
  }

  function open(socket: TcpSocket): void {
    descriptors.sockets++
    descriptors.clients++
    clients++
    const stream = new TcpStream()
    stream.attach(socket)
    socket.data = stream
    if (descriptors.areClientsTooMany || clients > mostClients) return refuse(socket)
    const client: ClientInfo = {
      address: stream.remoteAddress,
      isTls: false,
      serverName: undefined,
      certificate: undefined,
      isTrustedProxy: isTrusted(stream.remoteAddress),
      isTrusted,
    }
    readers.add(new RequestReader(stream, client, readerOptions))
  }

  /** Without lingering: at the limit no descriptor is kept for those who get none. */
  function refuse(socket: TcpSocket): void {
    const code: ErrorCode = 'TOO_MANY_CONNECTIONS'
    events.onRefuse({
      code,
      detail: undefined,
      address: socket.data.remoteAddress,
      head: undefined,
    })
    socket.write(
      encodeRefusal(code, { detail: undefined, isKeptAlive: false, isHeadRequest: false }),
    )
    socket.end()
  }

  function close(socket: TcpSocket, error?: Error): void {
    descriptors.clients--
    clients--
    streamHandlers.close(socket, error)
  }

  const server = Bun.listen<TcpStream>({
    hostname: options.address,
    port: options.port,
    allowHalfOpen: true,
    socket: { ...streamHandlers, open, close },
  })

  return {
    name: options.name,
    address: options.address,
    port: server.port,
    get clients() {
      return clients
    },
    async leave() {
      server.stop()
      if (readers.size === 0) return
      const emptied = new Promise<void>((resolve) => (onEmpty = resolve))
      for (const reader of readers) reader.leave()
      await emptied
    },
    destroy() {
      server.stop()
      for (const reader of readers) reader.destroy()
    },
  }
}
