// A Socket.IO 4 server with the namespace /peers. Events: `echo` (any values) and `binary` (a Buffer) are
// acknowledged with what came; `shout` goes to everybody; `counts` is acknowledged with
// {clients, shouts, transports, name, pid}.
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { announce, readArguments } from './peer.mjs'

const { name, port } = readArguments({ name: 'socket-io-server', port: '0' })
const server = createServer()
const io = new Server(server, { maxHttpBufferSize: 4 << 20, cors: { origin: true } })
const namespace = io.of('/peers')
let shouts = 0

io.engine.on('headers', (headers) => (headers['x-peer'] = name))

namespace.on('connection', (socket) => {
  socket.on('echo', (...values) => {
    const acknowledge = values.pop()
    acknowledge(...values)
  })
  socket.on('binary', (bytes, acknowledge) => acknowledge(bytes, Buffer.isBuffer(bytes)))
  socket.on('shout', (value) => {
    shouts++
    namespace.emit('shout', value)
  })
  socket.on('counts', (acknowledge) => {
    const transports = {}
    for (const { conn } of namespace.sockets.values()) {
      transports[conn.transport.name] = (transports[conn.transport.name] ?? 0) + 1
    }
    acknowledge({ clients: namespace.sockets.size, shouts, transports, name, pid: process.pid })
  })
})

announce(server, port)
