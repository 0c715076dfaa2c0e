// The server that comes with y-websocket 2.1, over `ws`: documents by path, kept in memory.
import { createServer } from 'node:http'
import { setupWSConnection } from 'y-websocket/bin/utils'
import { WebSocketServer } from 'ws'
import { announce, readArguments } from './peer.mjs'

const { port } = readArguments({ port: '0' })
const server = createServer()
new WebSocketServer({ server }).on('connection', (socket, request) => {
  setupWSConnection(socket, request)
})

announce(server, port)
