// A `ws` server that echoes. By query: ?close=4001&reason=x closes at once, ?close= without a code;
// ?flood=BYTES sends that much as fast as it is taken; ?deaf=1 never reads. It takes the first subprotocol
// offered.
// Reports {"event":"open"|"close"|"flood",…} lines, to see what arrived behind whatever stands between.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { announce, readArguments, report } from './peer.mjs'

const floodMessageBytes = 64 * 1024
const { deflate, name, port } = readArguments({ deflate: false, name: 'ws-server', port: '0' })
const server = createServer((_, response) => response.writeHead(426).end('WebSocket only'))
const sockets = new WebSocketServer({ server, perMessageDeflate: deflate, maxPayload: 64 << 20 })

sockets.on('headers', (headers) => headers.push(`x-peer: ${name}`))

sockets.on('connection', (socket, request) => {
  const { searchParams } = new URL(request.url, 'ws://peer')
  const { url, headers } = request
  report({ event: 'open', url, headers, subprotocol: socket.protocol })
  socket.on('close', (code, reason) =>
    report({ event: 'close', url, code, reason: String(reason) }),
  )
  socket.on('error', (error) => report({ event: 'error', url, error: error.message }))
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))

  if (searchParams.has('close')) {
    const code = searchParams.get('close')
    if (code) socket.close(Number(code), searchParams.get('reason') ?? '')
    else socket.close()
  }
  if (searchParams.has('deaf')) socket._socket.pause()
  if (searchParams.has('flood')) flood(socket, url, Number(searchParams.get('flood')))
})

/** The next message leaves when the one before is out: `sentBytes` stands still when nobody reads. */
function flood(socket, url, totalBytes) {
  let sentBytes = 0
  const timer = setInterval(() => report({ event: 'flood', url, sentBytes, isDone: false }), 100)
  socket.on('close', () => clearInterval(timer))

  function sendNext() {
    if (sentBytes >= totalBytes) {
      clearInterval(timer)
      return report({ event: 'flood', url, sentBytes, isDone: true })
    }
    const message = Buffer.alloc(Math.min(floodMessageBytes, totalBytes - sentBytes), 'flood')
    if (message.length >= 4) message.writeUInt32BE(sentBytes / floodMessageBytes)
    socket.send(message, (error) => {
      if (error) return clearInterval(timer)
      sentBytes += message.length
      sendNext()
    })
  }
  sendNext()
}

announce(server, port)
