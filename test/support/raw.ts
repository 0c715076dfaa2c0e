/**
 * WebSocket peers made of bare sockets, for tests that must do what no library does: read nothing,
 * send halves, vanish.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { switchAnswer, upgradeRequest } from './websocket.ts'

export interface RawServer extends AsyncDisposable {
  readonly port: number
}

/**
 * Answers every upgrade, then hands the socket over. Whatever else is asked is answered with a short page.
 *
 * @param more further header lines of the 101.
 */
export async function startRawServer(
  onUpgrade: (socket: Socket, target: string) => void,
  more: Readonly<Record<string, string>> = {},
): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    readHead(socket, (head) => {
      const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1]
      const target = head.split(' ')[1] ?? ''
      if (key === undefined)
        return void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      const answer = switchAnswer({ 'Sec-WebSocket-Accept': acceptFor(key), ...more })
      socket.write(answer.replaceAll('\n', '\r\n'))
      onUpgrade(socket, target)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/**
 * Opens a WebSocket. Resolves with the socket when it is answered with 101; rejects otherwise.
 *
 * @param more further header lines of the request.
 */
export function rawConnect(
  port: number,
  target = '/',
  more: Readonly<Record<string, string>> = {},
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed before it was answered')))
    socket.write(upgradeHead(target, more))
    readHead(socket, (head) => {
      if (head.startsWith('HTTP/1.1 101 ')) resolve(socket)
      else reject(new Error(head))
    })
  })
}

export function upgradeHead(target = '/', more: Readonly<Record<string, string>> = {}): string {
  return upgradeRequest(target, more).replaceAll('\n', '\r\n')
}

/** Takes one head from the socket, and puts back what came behind it. */
export function readHead(socket: Socket, onHead: (head: string) => void): void {
  let bytes = Buffer.alloc(0)
  const onData = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return
    socket.off('data', onData)
    socket.pause()
    if (bytes.length > end + 4) socket.unshift(bytes.subarray(end + 4))
    onHead(bytes.toString('latin1', 0, end + 2))
  }
  socket.on('data', onData)
}

/** Writes the same bytes again and again as fast as the other side takes them, up to a total. */
export function flood(
  socket: Socket,
  bytes: Buffer,
  totalBytes: number,
): { readonly sentBytes: number } {
  const progress = { sentBytes: 0 }
  const more = () => {
    while (progress.sentBytes < totalBytes && !socket.destroyed) {
      progress.sentBytes += bytes.length
      if (!socket.write(bytes)) return void socket.once('drain', more)
    }
  }
  more()
  return progress
}
