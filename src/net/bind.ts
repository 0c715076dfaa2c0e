/**
 * Begins to listen: on a port, on a Unix socket, or on a socket that listens already and was handed to
 * this process. Where somebody else listens already it fails, unless the place is to be shared.
 */
import type { InheritedSocket } from './inherited-sockets.ts'
import type { TcpSocket, TcpStream } from './tcp-stream.ts'
import { listenOnPath, releaserOf } from './unix-path.ts'

export interface BindTarget {
  readonly address: string
  /** 0 for any free one. */
  readonly port: number
  /** The path of a Unix socket instead. */
  readonly unix: string | undefined
}

/** What is there already. */
export interface Binding {
  /** A socket that listens, instead of a new one. */
  readonly inherited?: InheritedSocket | undefined
  /**
   * Others of ours listen at the same place. A port is listened on beside them, and each client comes to one
   * of the processes; a path leads to this one from now on; a socket that was handed over is theirs, too.
   */
  readonly isShared?: boolean
}

export interface BoundSocket {
  /** Empty for a Unix socket, with a port of 0. */
  readonly address: string
  readonly port: number
  readonly unix: string | undefined
  /** For another process to listen on, too; undefined once this one has stopped. */
  readonly fd: number | undefined
  /**
   * Accepts nobody any more; connections go on. The path of a Unix socket is removed by who made it, or has
   * taken it over from who did.
   * @param isTakenOver another process has this very socket and serves whoever comes, or waits in it.
   */
  stop(isTakenOver?: boolean): void
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
  { inherited, isShared = false }: Binding,
  handlers: AcceptHandlers,
): BoundSocket {
  const options = { allowHalfOpen: true, socket: handlers }
  if (inherited !== undefined) {
    const { fd, address, port, unix, isTakenOver = false } = inherited
    // `fd` is missing in Bun's types; `port` and `hostname`, which they want, it then goes without.
    const server = Bun.listen<TcpStream>(
      Object.assign({ hostname: address, port }, options, { fd }),
    )
    const isOurs = isTakenOver && !isShared
    return bound(server, inherited, isOurs && unix !== undefined ? releaserOf(unix) : undefined)
  }
  const { address, port, unix } = target
  if (unix !== undefined) {
    const { server, release } = listenOnPath(unix, isShared, (path) =>
      Bun.listen<TcpStream>({ unix: path, ...options }),
    )
    return bound(server, { address: '', port: 0, unix }, release)
  }
  const server = Bun.listen<TcpStream>(
    // Missing in Bun's types.
    Object.assign({ hostname: address, port }, options, { reusePort: isShared }),
  )
  return bound(server, { address, port: server.port, unix }, undefined)
}

/**
 * Makes sure that nobody listens at an address, by listening there for a moment: those who share it from
 * then on would not notice. @returns its port, which is one that was free where 0 was asked for.
 * @throws the system's error, with its `code`.
 */
export function claimPlace({ address, port }: Omit<BindTarget, 'unix'>): number {
  const server = Bun.listen({ hostname: address, port, socket: { data() {} } })
  const claimed = server.port
  server.stop(true)
  return claimed
}

/** @param release removes the path. */
function bound(
  server: { stop(): void },
  { address, port, unix }: BindTarget,
  release: (() => void) | undefined,
): BoundSocket {
  let isStopped = false
  return {
    address,
    port,
    unix,
    get fd() {
      return descriptorOf(server)
    },
    stop(isTakenOver = false) {
      if (isStopped) return
      isStopped = true
      server.stop()
      if (!isTakenOver) release?.()
    },
  }
}

/** Missing in Bun's types; -1 once it is closed. */
function descriptorOf(server: object): number | undefined {
  return 'fd' in server && typeof server.fd === 'number' && server.fd >= 0 ? server.fd : undefined
}
