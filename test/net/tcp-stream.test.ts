/**
 * TcpStream on real sockets, plain and with TLS: what Bun's sockets do not do by themselves.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import type { TCPSocketListener } from 'bun'
import { duplexPair } from 'node:stream'
import { connect } from 'node:tls'
import {
  ignoreStream,
  type ByteStreamHandler,
  type StreamClose,
} from '../../src/core/byte-stream.ts'
import { connectTcp } from '../../src/net/connect.ts'
import { descriptors } from '../../src/net/descriptors.ts'
import { resolveHost } from '../../src/net/resolve.ts'
import {
  streamHandlers,
  TcpStream,
  type TcpSocket,
  type TlsHandshake,
} from '../../src/net/tcp-stream.ts'
import { makeCertificate } from '../support/certificates.ts'

const never = new AbortController().signal

/** Keeps what a stream hears. */
class Ear implements ByteStreamHandler {
  bytes = 0
  drains = 0
  last: Buffer = Buffer.alloc(0)
  readonly ended = Promise.withResolvers<void>()
  readonly closed = Promise.withResolvers<StreamClose>()
  onData: (() => void) | undefined

  streamOnData(chunk: Buffer): void {
    this.bytes += chunk.length
    this.last = chunk.subarray(-8)
    this.onData?.()
  }
  streamOnDrain(): void {
    this.drains++
  }
  streamOnEnd(): void {
    this.ended.resolve()
  }
  streamOnClose(reason: StreamClose): void {
    this.closed.resolve(reason)
  }
}

let server: TCPSocketListener<TcpStream> | undefined
afterEach(() => server?.stop(true))

const kinds = ['plain', 'TLS'] as const
type Kind = (typeof kinds)[number]
const { certPem: cert, keyPem: key } = makeCertificate()

/** Two joined streams, each with an ear. */
async function pair(kind: Kind = 'plain') {
  const accepted = Promise.withResolvers<TcpStream>()
  server = Bun.listen<TcpStream>({
    hostname: '127.0.0.1',
    port: 0,
    allowHalfOpen: true,
    socket: {
      ...streamHandlers,
      open(socket: TcpSocket) {
        descriptors.sockets++
        socket.data = new TcpStream()
        socket.data.attach(socket)
        accepted.resolve(socket.data)
      },
    },
  })
  const near = await connectTcp({
    address: '127.0.0.1',
    port: server.port,
    signal: never,
  })
  const far = await accepted.promise
  if (kind === 'TLS') await secureBoth(near, far)
  const [nearEar, farEar] = [new Ear(), new Ear()]
  near.handler = nearEar
  far.handler = farEar
  return { near, far, nearEar, farEar }
}

/** The server begins with what it has read, as a listener does. */
async function secureBoth(client: TcpStream, served: TcpStream): Promise<void> {
  const hello = new Promise<Buffer>((resolve) => {
    served.handler = { ...ignoreStream, streamOnData: resolve }
  })
  const [clientSide, serverSide] = [
    Promise.withResolvers<TlsHandshake>(),
    Promise.withResolvers<TlsHandshake>(),
  ]
  client.secure({
    hello: undefined,
    options: { ca: cert, serverName: 'localhost' },
    onHandshake: clientSide.resolve,
  })
  served.secure({
    hello: await hello,
    options: { cert, key },
    onHandshake: serverSide.resolve,
  })
  const handshakes = await Promise.all([clientSide.promise, serverSide.promise])
  expect(handshakes.map(({ isDone }) => isDone)).toEqual([true, true])
}

const big = Buffer.alloc(16 * 1024 * 1024, 'x')
big.write('the end!', big.length - 8)

describe.each(kinds)('a %s stream', (kind) => {
  test('keeps what the kernel does not take, and says when all of it has gone', async () => {
    const { near, far, nearEar, farEar } = await pair(kind)
    far.pause()
    expect(near.write(big)).toBeGreaterThan(0)
    expect(near.bufferedBytes).toBeGreaterThan(0)
    const arrived = new Promise<void>((resolve) => {
      farEar.onData = () => farEar.bytes === big.length && resolve()
    })
    far.resume()
    await arrived
    expect([farEar.last.toString(), near.bufferedBytes, nearEar.drains]).toEqual(['the end!', 0, 1])
    near.destroy()
  })

  test('end() loses nothing while the peer is still sending', async () => {
    const { near, far, farEar, nearEar } = await pair(kind)
    nearEar.onData = () => far.write(Buffer.alloc(1000))
    farEar.onData = () => far.write(Buffer.alloc(1000))
    far.write(Buffer.alloc(1000))
    near.write(big)
    near.end()
    await farEar.ended.promise
    expect([farEar.bytes, farEar.last.toString()]).toEqual([big.length, 'the end!'])
    far.end()
    expect(await nearEar.closed.promise).toBe('ended')
  })

  test('closes on a peer that does not end after our FIN, when it has lingered long enough', async () => {
    const { near, far, nearEar, farEar } = await pair(kind)
    near.end(50)
    await farEar.ended.promise
    expect(await nearEar.closed.promise).toBe('ended')
    far.destroy()
  })

  test('loses nothing of what the kernel has taken when a slow reader outlasts its patience', async () => {
    const { near, far, nearEar, farEar } = await pair(kind)
    far.pause()
    const some = big.subarray(big.length - 1024 * 1024)
    expect(near.write(some)).toBe(0)
    near.end(50)
    expect(await nearEar.closed.promise).toBe('ended')
    far.resume()
    await farEar.ended.promise
    expect([farEar.bytes, farEar.last.toString()]).toEqual([some.length, 'the end!'])
    far.end()
  })

  test('closes itself as stalled when the peer takes nothing for sendTimeoutMs', async () => {
    const { near, far, nearEar } = await pair(kind)
    near.sendTimeoutMs = 50
    far.pause()
    near.write(big)
    expect(await nearEar.closed.promise).toBe('stalled')
    far.destroy()
  })

  test('a peer that takes a little now and then is not stalled', async () => {
    const { near, far, nearEar, farEar } = await pair(kind)
    near.sendTimeoutMs = 100
    // Pieces so small that the kernel does not report room for many of them.
    farEar.onData = () => {
      far.pause()
      setTimeout(() => far.resume(), 40)
    }
    near.write(big)
    near.write(big)
    const done = new Promise<string>((resolve) => {
      const look = setInterval(() => {
        if (farEar.bytes < 2 * big.length) return
        clearInterval(look)
        resolve('all taken')
      }, 20)
    })
    expect(await Promise.race([done, nearEar.closed.promise])).toBe('all taken')
    near.destroy()
  }, 20_000)

  test('destroy() tells its owner before it returns, once, and the peer sees a reset', async () => {
    const { near, nearEar, farEar } = await pair(kind)
    const before = descriptors.sockets
    near.destroy()
    near.destroy()
    expect(descriptors.sockets).toBe(before - 1)
    expect(await nearEar.closed.promise).toBe('destroyed')
    expect(await farEar.closed.promise).toBe('reset')
  })

  test('a peer that has ended is still written to, and hears everything', async () => {
    const { near, far, nearEar, farEar } = await pair(kind)
    near.end(10_000)
    await farEar.ended.promise
    far.write(big)
    far.end()
    expect(await nearEar.closed.promise).toBe('ended')
    expect([nearEar.bytes, nearEar.last.toString()]).toEqual([big.length, 'the end!'])
    expect(await farEar.closed.promise).toBe('ended')
  })

  test('hears nothing while it is paused, and all of it afterwards, the end last', async () => {
    const { near, far, nearEar, farEar } = await pair(kind)
    far.pause()
    near.write(Buffer.from('one'))
    // What comes back shows that the far side's turn has been and gone.
    const echo = new Promise<void>((resolve) => (nearEar.onData = resolve))
    far.write(Buffer.from('two'))
    await echo
    near.end()
    expect(farEar.bytes).toBe(0)
    far.resume()
    await farEar.ended.promise
    expect(farEar.bytes).toBe(3)
    far.end()
  })

  test('a write after the end is dropped, not thrown', async () => {
    const { near, nearEar } = await pair(kind)
    near.destroy()
    expect(near.write(Buffer.from('late'))).toBe(0)
    expect(await nearEar.closed.promise).toBe('destroyed')
  })
})

describe('a TLS stream', () => {
  test('is cut, as reset, when what comes cannot be deciphered', async () => {
    const { near: wire, far, farEar } = await pair()
    const hello = Promise.withResolvers<Buffer>()
    far.handler = { ...ignoreStream, streamOnData: hello.resolve }
    // The client's TLS is Node's, on a stream of its own, so that bytes can be put beside it.
    const [inner, outer] = duplexPair()
    outer.on('data', (bytes: Buffer) => wire.write(bytes))
    wire.handler = { ...ignoreStream, streamOnData: (bytes) => void outer.write(bytes) }
    connect({ socket: inner, rejectUnauthorized: false }).on('error', () => {})
    const done = Promise.withResolvers<TlsHandshake>()
    far.secure({ hello: await hello.promise, options: { cert, key }, onHandshake: done.resolve })
    expect((await done.promise).isDone).toBe(true)
    far.handler = farEar
    // A record of application data that nobody has encrypted.
    wire.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 32]), Buffer.alloc(32)]))
    expect(await farEar.closed.promise).toBe('reset')
    expect(farEar.bytes).toBe(0)
    wire.destroy()
  })

  test('counts as one socket, and as none when it is closed', async () => {
    const before = descriptors.sockets
    const { near, farEar } = await pair('TLS')
    expect(descriptors.sockets).toBe(before + 2)
    near.destroy()
    await farEar.closed.promise
    expect(descriptors.sockets).toBe(before)
  })
})

describe('resolveHost', () => {
  test('leaves addresses as they are', () => {
    expect(resolveHost('127.0.0.1')).toEqual(['127.0.0.1'])
    expect(resolveHost('::1')).toEqual(['::1'])
  })

  test('gives every address of a name, and asks once for a burst', async () => {
    const [first, second] = [resolveHost('localhost'), resolveHost('localhost')]
    expect(first).toBe(second)
    expect(await first).toContain('127.0.0.1')
  })

  test('says so when a name has never resolved', async () => {
    expect(resolveHost('nowhere.invalid')).rejects.toThrow()
    await Promise.resolve(resolveHost('nowhere.invalid')).catch(() => {})
  })
})
