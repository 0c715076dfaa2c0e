// A node:https server that answers `ok` and echoes on WebSockets. --cert, --key: files; --ca: asks
// clients for a certificate of these authorities.
// Reports {"event":"request","name":…,"client":…,"connection":…} lines: the name the client asked for,
// whose certificate it showed, and which connection it came on, from 1.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { WebSocketServer } from 'ws'
import { announce, readArguments, report } from './peer.mjs'

const { ca, cert, key, port } = readArguments({ ca: '', cert: '', key: '', port: '0' })
const asking = ca === '' ? {} : { ca: readFileSync(ca), requestCert: true }
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key), ...asking })
const connections = new Map()

server.on('request', ({ socket }, response) => {
  if (!connections.has(socket)) connections.set(socket, connections.size + 1)
  report({
    event: 'request',
    name: socket.servername || undefined,
    client: socket.getPeerCertificate().subject?.CN,
    connection: connections.get(socket),
  })
  response.end('ok')
})

new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data, binary) => socket.send(data, { binary }))
})

announce(server, port)
