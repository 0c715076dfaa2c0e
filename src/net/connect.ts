/**
 * Opens connections to addresses and Unix sockets, never to names: Bun connects to all addresses of a
 * name at once.
 *
 * A connect under way cannot be called off in Bun: it is only left behind, and stays with the kernel
 * for about two minutes. So whoever dials MUST bound how many are under way (`upstream/dial-gate`),
 * and hears of each one's true end through `onSettled`.
 */
import { descriptors } from './descriptors.ts'
import { streamHandlers, TcpStream, type TcpSocket } from './tcp-stream.ts'

export interface ConnectTarget {
  /** An IP address. */
  readonly address: string
  readonly port: number
  /** The path of a Unix socket instead. */
  readonly unix?: string | undefined
  /** The caller stops waiting when this is aborted; the promise then rejects with its reason. Not aborted yet. */
  readonly signal: AbortSignal
  /** Called once, when the kernel has an answer: also long after the caller has stopped waiting. */
  readonly onSettled: () => void
}

const connectHandlers = {
  ...streamHandlers,
  open(socket: TcpSocket): void {
    socket.data.attach(socket)
  },
  connectError(): void {
    // The promise of Bun.connect rejects too; without this handler it would also count as unhandled.
  },
}

/** @throws the system's error, or the reason of the signal. */
export function connectTcp(target: ConnectTarget): Promise<TcpStream> {
  return new Promise((resolve, reject) => {
    const { signal } = target
    const stream = new TcpStream()
    const onAbort = () => reject(signal.reason)
    const settle = () => {
      signal.removeEventListener('abort', onAbort)
      target.onSettled()
    }
    if (signal.aborted) return (settle(), onAbort())
    signal.addEventListener('abort', onAbort)
    descriptors.sockets++
    const options = { allowHalfOpen: true, data: stream, socket: connectHandlers }
    const { address: hostname, port, unix } = target
    const dial =
      unix === undefined
        ? Bun.connect({ hostname, port, ...options })
        : Bun.connect({ unix, ...options })
    dial.then(
      () => {
        settle()
        if (signal.aborted) stream.destroy()
        else resolve(stream)
      },
      (error: unknown) => {
        descriptors.sockets--
        settle()
        reject(error)
      },
    )
  })
}
