// A node:http server with the corners that a relay must carry: every kind of body, trailers, 100-continue,
// early answers, and WebSocket upgrades taken (/ws) and refused (/ws-refused).
import { createHash } from 'node:crypto'
import { createServer, STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WebSocketServer } from 'ws'
import { announce, readArguments, report } from './peer.mjs'

const { name, port } = readArguments({ name: 'http-server', port: '0' })
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })

sockets.on('headers', (headers) => headers.push(`x-peer: ${name}`))

/** By path; HEAD asks for the same as GET, and node:http leaves the body out. */
const pages = {
  '/hello': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 5 }).end('hello')
  },

  '/slow': (_, response, query) => {
    const { pieces = 10, every = 50 } = query // ms
    return pipeline(Readable.from(trickle(Number(pieces), every, (i) => `${i}\n`)), response)
  },

  '/sse': (_, response, query) => {
    const { events = 5, every = 50 } = query // ms
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    response.flushHeaders()
    return pipeline(
      Readable.from(trickle(Number(events), every, (i) => `data: ${i}\n\n`)),
      response,
    )
  },

  // Byte i is i modulo 251, a prime: a piece lost or doubled shifts all that follows.
  '/big': (_, response, { size = 1 << 20, chunked }) => {
    if (!chunked) response.setHeader('content-length', size)
    return pipeline(Readable.from(patterned(Number(size))), response)
  },

  '/upload': async (request, response) => {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of request) {
      hash.update(chunk)
      bytes += chunk.length
    }
    const framing = request.headers['transfer-encoding'] ?? 'content-length'
    const { method, trailers } = request
    sendJson(response, { method, bytes, sha256: hash.digest('hex'), framing, trailers })
  },

  '/early': (_, response) => {
    response.writeHead(413, { 'content-type': 'text/plain', connection: 'close' }).end('too large')
  },

  '/trailers': (_, response) => {
    response.writeHead(200, { trailer: 'x-checksum' })
    response.write('body')
    response.addTrailers({ 'x-checksum': 'abc' })
    response.end()
  },

  '/cookies': (_, response) => response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end(),

  // The remote port tells which connections are the same one.
  '/echo-headers': (request, response) => {
    const { method, url, httpVersion, rawHeaders } = request
    const { remotePort } = request.socket
    sendJson(response, { method, url, httpVersion, rawHeaders, remotePort })
  },
}

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://peer')
  response.setHeader('x-peer', name)
  const [, status] = /^\/status\/(\d{3})$/.exec(pathname) ?? []
  if (status) return response.writeHead(Number(status)).end(`status ${status}`) // 204, 304: no body
  const page = pages[pathname]
  if (!page) return response.writeHead(404).end('not found')
  await page(request, response, Object.fromEntries(searchParams))
}

function sendJson(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function* trickle(pieces, everyMs, piece) {
  for (let i = 0; i < pieces; i++) {
    yield piece(i)
    await new Promise((resolve) => setTimeout(resolve, Number(everyMs)))
  }
}

function* patterned(size) {
  const block = Buffer.alloc(251 * 256, Buffer.from(Array.from({ length: 251 }, (_, i) => i)))
  for (let left = size; left > 0; left -= block.length) {
    yield left < block.length ? block.subarray(0, left) : block
  }
}

function refuseUpgrade(socket) {
  const body = 'not for you'
  socket.end(
    `HTTP/1.1 403 ${STATUS_CODES[403]}\r\ncontent-type: text/plain\r\nx-reason: members only\r\n` +
      `set-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
}

// A client that goes away in the middle ends its pipeline with an error.
function handle(request, response) {
  return answer(request, response).catch((error) => {
    report({ event: 'error', url: request.url, error: error.message })
    response.destroy()
  })
}

const server = createServer((request, response) => void handle(request, response))
server.on('checkContinue', (request, response) => {
  if (!request.url.startsWith('/early')) response.writeContinue()
  void handle(request, response)
})
server.on('upgrade', (request, socket, head) => {
  socket.on('error', () => socket.destroy())
  if (!request.url.startsWith('/ws?') && request.url !== '/ws') return refuseUpgrade(socket)
  sockets.handleUpgrade(request, socket, head, (client) => {
    client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
  })
})

announce(server, port)
