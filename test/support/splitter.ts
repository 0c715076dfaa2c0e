/**
 * Something like a load balancer that knows nothing but TCP: each new connection goes to the next of its
 * targets.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Splitter extends Disposable {
  readonly port: number
  /** `127.0.0.1:port`, to put behind `http://` or `ws://`. */
  readonly host: string
  /** How many connections each target got, in their order. */
  readonly connections: readonly number[]
}

export async function startSplitter(targets: readonly number[]): Promise<Splitter> {
  const connections = targets.map(() => 0)
  const open = new Set<Socket>()
  let next = 0
  const server = createServer((client) => {
    const index = next++ % targets.length
    connections[index] = (connections[index] ?? 0) + 1
    const target = connect({ port: targets[index] ?? 0, host: '127.0.0.1' })
    for (const [side, other] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(side)
      side.pipe(other)
      side.on('error', () => other.destroy())
      side.on('close', () => {
        open.delete(side)
        other.destroySoon()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    host: `127.0.0.1:${port}`,
    connections,
    [Symbol.dispose]() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
