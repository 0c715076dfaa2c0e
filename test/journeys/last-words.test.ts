/**
 * What is still on its way when something ends: a slow reader's tail, a handshake, the next request.
 */
import { expect, test } from 'bun:test'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { encodeClose, encodeFrame } from '../../src/wire/frame-encoder.ts'
import { Opcode } from '../../src/wire/opcode.ts'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { relayTo, startGateway } from '../support/gateway.ts'
import { heardIn } from '../support/heard.ts'
import { flood, rawConnect, readHead, startRawServer, upgradeHead } from '../support/raw.ts'

/** Less than the kernel's buffers take, so that nothing of it waits in the gateway. */
const body = Buffer.alloc(1_500_000, 'x')

async function startServer(onRequest: (socket: Socket, head: string) => void) {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    readHead(socket, (head) => onRequest(socket, head))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return {
    url: `ws://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Everything a socket still gets, or how it broke. */
function rest(socket: Socket): Promise<Buffer | string> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks)))
    socket.on('error', (error) => resolve(error.message))
    socket.resume()
  })
}

// Regression: when its linger ended a stream was reset, and the kernel threw away what it still held.
test('a client that reads late gets all of an answer that ends its connection', async () => {
  await using server = await startServer((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`)
    socket.end(body)
  })
  await using gateway = startGateway(relayTo(server.url))
  const client = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
  client.pause()
  client.write('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n')
  await gateway.event('request-answered')
  // Longer than the gateway waits for the client to end.
  await Bun.sleep(2_500)
  const bytes = await rest(client)
  expect(bytes.length).toBeGreaterThan(body.length)
  expect(bytes.slice(-body.length).toString()).toBe(body.toString())
  client.destroy()
}, 20_000)

test('a client that reads late gets the last message and the Close of its server', async () => {
  const message = encodeFrame(Opcode.binary, body, { isMasked: false })
  const close = encodeClose(4000, 'bye', { isMasked: false })
  await using server = await startRawServer(
    (socket) => void socket.write(Buffer.concat([message, close])),
  )
  await using gateway = startGateway(
    relayTo(
      `ws://127.0.0.1:${server.port}`,
      'limits: { message: 2MB, frame: 2MB }\n    timeout: { close: 200ms }',
    ),
  )
  const client = await rawConnect(gateway.port)
  client.pause()
  await gateway.event('session-closed')
  expect(heardIn(Buffer.from(await rest(client)))).toEqual([
    { opcode: Opcode.binary, payload: body, isWhole: true },
    { opcode: Opcode.close, payload: close.subarray(2), isWhole: true },
  ])
  client.destroy()
}, 20_000)

// Regression: the connection stayed paused for the upload that nobody read, and its next request with it.
test('behind an early answer to an upload the connection ends, whatever was paused', async () => {
  await using server = await startServer((socket) => {
    socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')
    socket.pause()
  })
  await using gateway = startGateway(relayTo(server.url))
  const client = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
  const size = 8_000_000
  client.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${size}\r\n\r\n`)
  client.write(Buffer.alloc(size))
  client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  const answer = await new Promise<string>((resolve) =>
    client.once('data', (chunk) => resolve(chunk.toString())),
  )
  expect(answer).toStartWith('HTTP/1.1 413 ')
  await new Promise((resolve) =>
    client
      .on('close', resolve)
      .on('error', () => {})
      .on('end', () => client.destroy()),
  )
}, 20_000)

// Regression: with no session open the gateway thought everybody had left, and cut this one.
test('a handshake that ends while the gateway leaves gets a Close, not a reset', async () => {
  const asked = Promise.withResolvers<() => void>()
  await using server = await startServer((socket, head) => {
    const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1] ?? ''
    asked.resolve(() => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}\r\n\r\n`,
      )
    })
  })
  await using gateway = startGateway(relayTo(server.url, 'timeout: { close: 500ms }'))
  const client = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
  client.write(upgradeHead())
  const answer = await asked.promise
  const left = gateway.gateway.leave()
  answer()
  const bytes = Buffer.from(await rest(client))
  expect(bytes.toString('latin1')).toStartWith('HTTP/1.1 101 ')
  const frame = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
  expect([frame[0], frame.readUInt16BE(2)]).toEqual([0x88, 1012])
  client.destroy()
  await left
}, 20_000)

test('destroy() ends every wait of leave()', async () => {
  await using gateway = startGateway(`${relayTo('ws://127.0.0.1:1')}leave: { delay: 10m }\n`)
  const left = gateway.gateway.leave()
  gateway.gateway.destroy()
  await left
  expect(gateway.events.at(-1)?.type).toBe('left')
})

// Regression: whatever the server sent after that was read and thrown away, gigabytes of it.
test('a client that is gone stops a server that keeps sending', async () => {
  const ended = Promise.withResolvers<number>()
  await using server = await startRawServer((socket) => {
    const progress = flood(
      socket,
      encodeFrame(Opcode.binary, body, { isMasked: false }),
      10_000_000_000,
    )
    socket.on('close', () => ended.resolve(progress.sentBytes))
  })
  await using gateway = startGateway(
    relayTo(
      `ws://127.0.0.1:${server.port}`,
      'limits: { message: 2MB, frame: 2MB }\n    timeout: { close: 10m }',
    ),
  )
  const client = await rawConnect(gateway.port)
  client.once('data', () => client.resetAndDestroy()).resume()
  expect(await ended.promise).toBeLessThan(200_000_000)
  expect((await gateway.event('session-closed')).end).toMatchObject({
    by: 'client',
    code: 1006,
  })
}, 20_000)
