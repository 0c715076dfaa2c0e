/**
 * Begins to listen: on a port, on a Unix socket, or on a socket that listens already and was handed to
 * this process.
 */
import type { InheritedSocket } from './inherited-sockets.ts'
import type { TcpSocket, TcpStream } from './tcp-stream.ts'
import { freeUnixPath, stopperFor } from './unix-path.ts'

export interface BindTarget {
  readonly address: string
  /** 0 for any free one. */
  readonly port: number
  /** The path of a Unix socket instead. */
  readonly unix: string | undefined
  readonly isShared?: boolean
}

export interface BoundSocket {
  /** Empty for a Unix socket, with a port of 0. */
  readonly address: string
  readonly port: number
  readonly unix: string | undefined
  /** Accepts nobody any more; connections go on. The path of a Unix socket that was made here is removed. */
  stop(): void
}

export interface AcceptHandlers {
  open(socket: TcpSocket): void
  data(socket: TcpSocket, chunk: Buffer): void
  drain(socket: TcpSocket): void
  end(socket: TcpSocket): void
  close(socket: TcpSocket, error?: Error): void
  error(socket: TcpSocket, error: Error): void
}

/** @throws the system's error, with its `code`, or one with a sentence where a path is not ours to take. */
export function bind(
  target: BindTarget,
  inherited: InheritedSocket | undefined,
  handlers: AcceptHandlers,
): BoundSocket {
  const options = { allowHalfOpen: true, socket: handlers }
  if (inherited !== undefined) {
    const { fd, address, port, unix } = inherited
    // `fd` is missing in Bun's types; `port` and `hostname`, which they want, it then goes without.
    const server = Bun.listen<TcpStream>(
      Object.assign({ hostname: address, port }, options, { fd }),
    )
    return { address, port, unix, stop: () => server.stop() }
  }
  const { address, unix } = target
  if (unix !== undefined) {
    freeUnixPath(unix)
    const stop = stopperFor(unix, Bun.listen<TcpStream>({ unix, ...options }))
    return { address: '', port: 0, unix, stop }
  }
  const shared = { reusePort: target.isShared === true }
  const server = Bun.listen<TcpStream>(
    Object.assign({ hostname: address, port: target.port, ...options }, shared),
  )
  return { address, port: server.port, unix, stop: () => server.stop() }
}

/** Whether a place is free, for processes that are to share it. @returns its port. @throws the system's error. */
export function claimPlace({ address, port }: Pick<BindTarget, 'address' | 'port'>): number {
  const server = Bun.listen({ hostname: address, port, socket: { data() {} } })
  const claimed = server.port
  server.stop(true)
  return claimed
}
