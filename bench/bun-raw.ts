/**
 * The platform alone: a tunnel on Bun's sockets that parses nothing, checks nothing, bounds nothing and
 * loses what a short write leaves. What Sluice costs above this row is Sluice; the row itself is Bun.
 */
import type { Socket } from 'bun'

interface Side {
  peer: Socket<Side> | undefined
  early: Buffer[]
  hasEnded: boolean
}

const [port, upstreamPort, chain, key] = process.argv.slice(2)
const newSide = (peer?: Socket<Side>): Side => ({ peer, early: [], hasEnded: false })

const handlers = {
  data(socket: Socket<Side>, chunk: Buffer) {
    if (socket.data.peer === undefined) socket.data.early.push(chunk)
    else socket.data.peer.write(chunk)
  },
  end(socket: Socket<Side>) {
    const { peer } = socket.data
    socket.data.hasEnded = true
    if (peer?.data.hasEnded === true) {
      peer.end()
      socket.end()
    } else peer?.shutdown()
  },
  close(socket: Socket<Side>) {
    const { peer } = socket.data
    socket.data.peer = undefined
    if (peer === undefined) return
    peer.data.peer = undefined
    peer.end()
  },
  error(socket: Socket<Side>) {
    socket.terminate()
  },
  drain() {},
  connectError() {},
}

const upstreamHandlers = {
  ...handlers,
  open(socket: Socket<Side>) {
    const client = socket.data.peer
    if (client === undefined) return
    client.data.peer = socket
    for (const chunk of client.data.early) socket.write(chunk)
  },
}

Bun.listen<Side>({
  hostname: '127.0.0.1',
  port: Number(port),
  allowHalfOpen: true,
  ...(chain !== undefined &&
    key !== undefined && { tls: { cert: Bun.file(chain), key: Bun.file(key) } }),
  socket: {
    ...handlers,
    open(client) {
      client.data = newSide()
      Bun.connect<Side>({
        hostname: '127.0.0.1',
        port: Number(upstreamPort),
        allowHalfOpen: true,
        data: newSide(client),
        socket: upstreamHandlers,
      }).catch(() => client.terminate())
    },
  },
})
