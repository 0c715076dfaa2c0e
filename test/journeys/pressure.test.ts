/**
 * A side that does not read: the other is stopped, the gateway keeps little, and a deadline ends it.
 */
import { describe, expect, test } from 'bun:test'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Opcode } from '../../src/wire/opcode.ts'
import { encodeMessage, extensions } from '../support/compressing.ts'
import {
  startGatewayProcess,
  type GatewayProcess,
  type Holdings,
} from '../support/gateway-process.ts'
import { flood, rawConnect, startRawServer } from '../support/raw.ts'

const MB = 1024 * 1024
const pendingBytes = MB / 4
const total = 1024 * MB
/** Passes once before anything is measured, so that the process has the memory it works with. */
const warmBytes = 64 * MB
const message = Buffer.alloc(64 * 1024)
/** Compressed, where there is compression, to almost nothing: whoever inflates it ahead of its reader holds much. */
const fromServer = encodeMessage(Opcode.binary, message, { isMasked: false })
const fromClient = encodeMessage(Opcode.binary, message, { isMasked: true })
const warmMessages = warmBytes / message.length

interface Progress {
  readonly sentBytes: number
}

const yaml = (port: number) => `
listeners: ["127.0.0.1:0"]
routes:
  - upstream: ws://127.0.0.1:${port}
    limits: { pending: 256KB }
    timeout: { send: 3s, close: 1s }
log: { level: off }
`

/** Waits until nothing has been sent for a while: the pressure has arrived. */
async function stalled(progress: Progress): Promise<number> {
  for (let before = -1; before !== progress.sentBytes;) {
    before = progress.sentBytes
    await Bun.sleep(400)
  }
  return progress.sentBytes
}

/** What is held once nobody is there any more. */
async function quiet(gateway: GatewayProcess): Promise<Holdings> {
  let holdings = await gateway.holdings()
  while (holdings.sockets > 0) holdings = await gateway.holdings()
  return holdings
}

/** Lets the same bytes through once with a reader, so that the process has its working memory. */
async function warmUp(socket: Socket, byteCount: number): Promise<void> {
  let received = 0
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      received += chunk.length
      if (received >= byteCount) resolve()
    })
    socket.resume()
  })
  socket.destroy()
}

async function expectStall(gateway: GatewayProcess, before: number, progress: Progress) {
  const sentBytes = await stalled(progress)
  const most = before + pendingBytes + MB
  let during = await gateway.holdings()
  // What has passed may be a reference on the stack of who collects, until something else has run there.
  for (let looks = 1; looks < 4 && during.live >= most; looks++) during = await gateway.holdings()
  // Kernel buffers on both sides of the gateway take some megabytes before anybody is stopped.
  expect(sentBytes).toBeLessThan(64 * MB)
  expect(during.live).toBeLessThan(most)
  // Not since the pressure was over.
  expect(during.sockets).toBeGreaterThan(1)
}

async function expectEnd(gateway: GatewayProcess, files: number): Promise<void> {
  let after = await gateway.holdings()
  while (after.files > files || after.sessions > 0) after = await gateway.holdings()
  expect(after.sockets).toBe(0)
}

describe('pressure', () => {
  test('a client that never reads stops its server, costs little and is closed after timeout.send', async () => {
    let progress: Progress = { sentBytes: 0 }
    let seenEnd = Promise.withResolvers<void>()
    await using server = await startRawServer((socket, target) => {
      const isWarm = target === '/warm'
      progress = flood(socket, fromServer, isWarm ? warmMessages * fromServer.length : total)
      socket.on('end', () => seenEnd.resolve())
    }, extensions)
    await using gateway = await startGatewayProcess(yaml(server.port))
    await warmUp(await rawConnect(gateway.port, '/warm'), warmBytes)
    const { live, files } = await quiet(gateway)
    seenEnd = Promise.withResolvers()
    const client = await rawConnect(gateway.port)
    client.pause()
    await expectStall(gateway, live, progress)
    await seenEnd.promise
    await expectEnd(gateway, files)
  }, 60_000)

  test('a server that never reads stops its client, costs little and is closed after timeout.send', async () => {
    await using server = await startRawServer((socket, target) => {
      if (target === '/warm') socket.resume()
      else socket.pause()
    })
    await using gateway = await startGatewayProcess(yaml(server.port))
    const warm = await rawConnect(gateway.port, '/warm', extensions)
    const warmed = flood(warm, fromClient, warmMessages * fromClient.length)
    while (warmed.sentBytes < warmMessages * fromClient.length) await Bun.sleep(20)
    warm.destroy()
    const { live, files } = await quiet(gateway)
    const client = await rawConnect(gateway.port, '/', extensions)
    const seenEnd = new Promise((resolve) => client.on('end', resolve))
    client.resume()
    await expectStall(gateway, live, flood(client, fromClient, total))
    await seenEnd
    await expectEnd(gateway, files)
  }, 60_000)
})

describe('pressure on plain HTTP', () => {
  test('a client that never reads its download stops the server and is cut after timeout.send', async () => {
    let progress: Progress = { sentBytes: 0 }
    let seenEnd = Promise.withResolvers<void>()
    await using server = await startDownloads(total, (socket, begun) => {
      progress = begun
      socket.on('close', () => seenEnd.resolve())
    })
    await using gateway = await startGatewayProcess(yaml(server.port))
    await warmUp(download(gateway.port), warmBytes)
    const { live, files } = await quiet(gateway)
    seenEnd = Promise.withResolvers()
    const client = download(gateway.port)
    client.on('error', () => {})
    client.pause()
    await expectStall(gateway, live, {
      get sentBytes() {
        return progress.sentBytes
      },
    })
    await seenEnd.promise
    await expectEnd(gateway, files)
  }, 60_000)

  test('a server that never reads an upload stops the client and is cut after timeout.send', async () => {
    await using server = await startDeafServer()
    await using gateway = await startGatewayProcess(yaml(server.port))
    await upload(gateway.port, warmBytes)
    const { live, files } = await quiet(gateway)
    const client = connect(gateway.port, '127.0.0.1')
    const answer = new Promise<string>((resolve) => {
      let text = ''
      client.on('data', (chunk) => (text += chunk.toString('latin1')))
      client.on('error', () => resolve(text))
      client.on('close', () => resolve(text))
    })
    client.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${total}\r\n\r\n`)
    await expectStall(gateway, live, flood(client, message, total))
    expect(await answer).toStartWith('HTTP/1.1 504 ')
    await expectEnd(gateway, files)
  }, 60_000)
})

async function startDownloads(
  byteCount: number,
  onRequest: (socket: Socket, progress: Progress) => void,
) {
  const { createServer } = await import('node:net')
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${byteCount}\r\n\r\n`)
      onRequest(socket, flood(socket, message, byteCount))
    })
  })
  return listening(server)
}

/** Reads and answers the first upload, and nothing of any other. */
function startDeafServer() {
  let isFirst = true
  return listening(
    createServer((socket) => {
      socket.on('error', () => {})
      if (isFirst) readUpload(socket)
      else socket.pause()
      isFirst = false
    }),
  )
}

function readUpload(socket: Socket): void {
  let received = 0
  socket.on('data', (chunk) => {
    received += chunk.length
    if (received > warmBytes) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
}

function download(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  return socket
}

async function upload(port: number, byteCount: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: new Uint8Array(byteCount),
    headers: { connection: 'close' },
  })
  expect(response.status).toBe(200)
}

async function listening(server: Server): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
