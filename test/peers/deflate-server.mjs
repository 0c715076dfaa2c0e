// A `ws` server that echoes, and speaks permessage-deflate as each URL's query asks it to, in the words of
// ws: /?serverNoContextTakeover=true&serverMaxWindowBits=9. With ?fragments=true echoes come in two frames.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { announce, readArguments } from './peer.mjs'

const { port } = readArguments({ port: '0' })
const server = createServer((_, response) => response.writeHead(426).end('WebSocket only'))

server.on('upgrade', (request, socket, head) => {
  const { searchParams } = new URL(request.url, 'ws://peer')
  const { fragments, ...asked } = Object.fromEntries(
    [...searchParams].map(([name, value]) => [name, JSON.parse(value)]),
  )
  const perMessageDeflate = { threshold: 0, ...asked }
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate, maxPayload: 64 << 20 })
  sockets.handleUpgrade(request, socket, head, (peer) => {
    peer.on('message', (data, binary) => {
      if (!fragments) return peer.send(data, { binary })
      const half = data.length >> 1
      peer.send(data.subarray(0, half), { binary, fin: false })
      peer.send(data.subarray(half), { binary, fin: true })
    })
  })
})

announce(server, port)
