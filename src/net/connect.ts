/**
 * Opens connections to addresses and Unix sockets, never to names: those are resolved before.
 *
 * A connect of Bun's cannot be called off: to an endpoint that swallows packets its descriptor would stay for
 * two minutes. One of Node's can, so it begins as one of those. What lies beneath (`_handle`) is a socket
 * like those of `Bun.connect`, and is taken over the moment it is open: Node's stream would cost several
 * times as much for as long as the session lasts. See decisions/013.
 */
import { Socket } from 'node:net'
import { descriptors } from './descriptors.ts'
import { streamHandlers, TcpStream, type TcpSocket } from './tcp-stream.ts'

export interface ConnectTarget {
  /** An IP address. */
  readonly address: string
  readonly port: number
  /** The path of a Unix socket instead. */
  readonly unix?: string | undefined
  /** Calls it off: the descriptor is free at once, and the promise rejects with the reason. */
  readonly signal: AbortSignal
}

/** @throws the system's error, or the reason of the signal. */
export function connectTcp({ address, port, unix, signal }: ConnectTarget): Promise<TcpStream> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const dial = new Socket({ allowHalfOpen: true })
    descriptors.sockets++
    let isSettled = false
    const onAbort = () => fail(signal.reason)
    // It may tell an error still after it was called off, which must be heard and changes nothing.
    const fail = (error: unknown) => {
      if (isSettled) return
      isSettled = true
      signal.removeEventListener('abort', onAbort)
      dial.destroy()
      descriptors.sockets--
      reject(error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    dial.on('error', fail)
    dial.once('connect', () => {
      if (isSettled) return
      try {
        const stream = takeOver(dial)
        isSettled = true
        signal.removeEventListener('abort', onAbort)
        resolve(stream)
      } catch (error) {
        fail(error)
      }
    })
    dial.connect(unix === undefined ? { host: address, port } : { path: unix })
  })
}

/** Nothing has been read yet: Node reads when somebody listens, and nobody does. */
function takeOver(dial: Socket): TcpStream {
  const handle = handleOf(dial)
  const stream = new TcpStream()
  handle.reload({ socket: streamHandlers })
  handle.data = stream
  disown(handle, dial)
  stream.attach(handle)
  return stream
}

function handleOf(dial: Socket): TcpSocket {
  // Not in any types; test/net/connect.test.ts fails where Bun changes it.
  const { _handle: handle } = dial as unknown as { _handle: TcpSocket | null }
  if (handle === null) throw new TypeError('A socket that is connected has no handle')
  return handle
}

/** What a handle knows its Node socket by: a symbol of Bun's own. */
let ownerKey: PropertyKey | undefined

/** Else Node's socket would live as long as the connection, with all that it listens by: 2.4 KB. */
function disown(handle: TcpSocket, dial: Socket): void {
  ownerKey ??= Reflect.ownKeys(handle).find((key) => Reflect.get(handle, key) === dial)
  if (ownerKey !== undefined) Reflect.set(handle, ownerKey, undefined)
}
