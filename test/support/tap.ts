/** A TCP port that leads to another, and keeps what passes. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Tapped {
  /** From who came, and to it. */
  readonly sent: Buffer
  readonly received: Buffer
}

export interface Tap extends AsyncDisposable {
  readonly port: number
  readonly host: string
  /** The connections so far. */
  readonly connections: readonly Tapped[]
}

export async function startTap(port: number): Promise<Tap> {
  const connections: Tapped[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const sent = keep(near, far)
    const received = keep(far, near)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => [near, far].map((each) => each.destroy()))
      socket.on('close', () => sockets.delete(socket))
    }
    connections.push({
      get sent() {
        return Buffer.concat(sent)
      },
      get received() {
        return Buffer.concat(received)
      },
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo
  return {
    port: own,
    host: `127.0.0.1:${own}`,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function keep(from: Socket, to: Socket): Buffer[] {
  const chunks: Buffer[] = []
  from.on('data', (chunk: Buffer) => chunks.push(chunk))
  from.pipe(to)
  return chunks
}
