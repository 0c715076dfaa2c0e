/**
 * TcpStream on real sockets: what Bun's sockets do not do by themselves.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import type { TCPSocketListener } from 'bun'
import type { ByteStreamHandler, StreamClose } from '../../src/core/byte-stream.ts'
import { connectTcp } from '../../src/net/connect.ts'
import { descriptors } from '../../src/net/descriptors.ts'
import { resolveHost } from '../../src/net/resolve.ts'
import { streamHandlers, TcpStream, type TcpSocket } from '../../src/net/tcp-stream.ts'

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

/** Two joined streams, each with an ear. */
async function pair() {
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
    onSettled() {},
  })
  const far = await accepted.promise
  const [nearEar, farEar] = [new Ear(), new Ear()]
  near.handler = nearEar
  far.handler = farEar
  return { near, far, nearEar, farEar }
}

const big = Buffer.alloc(16 * 1024 * 1024, 'x')
big.write('the end!', big.length - 8)

describe('TcpStream', () => {
  test('keeps what the kernel does not take, and says when all of it has gone', async () => {
    const { near, far, nearEar, farEar } = await pair()
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
    const { near, far, farEar, nearEar } = await pair()
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
    const { near, far, nearEar, farEar } = await pair()
    near.end(50)
    await farEar.ended.promise
    expect(await nearEar.closed.promise).toBe('ended')
    far.destroy()
  })

  test('loses nothing of what the kernel has taken when a slow reader outlasts its patience', async () => {
    const { near, far, nearEar, farEar } = await pair()
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
    const { near, far, nearEar } = await pair()
    near.sendTimeoutMs = 50
    far.pause()
    near.write(big)
    expect(await nearEar.closed.promise).toBe('stalled')
    far.destroy()
  })

  test('a peer that takes a little now and then is not stalled', async () => {
    const { near, far, nearEar, farEar } = await pair()
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
    const { near, nearEar, farEar } = await pair()
    const before = descriptors.sockets
    near.destroy()
    near.destroy()
    expect(descriptors.sockets).toBe(before - 1)
    expect(await nearEar.closed.promise).toBe('destroyed')
    expect(await farEar.closed.promise).toBe('reset')
  })

  test('a write after the end is dropped, not thrown', async () => {
    const { near, nearEar } = await pair()
    near.destroy()
    expect(near.write(Buffer.from('late'))).toBe(0)
    expect(await nearEar.closed.promise).toBe('destroyed')
  })
})

describe('connectTcp', () => {
  test('rejects with the system error when nobody listens, and settles once', async () => {
    const { near, far } = await pair()
    const port = server?.port ?? 0
    server?.stop(true)
    near.destroy()
    far.destroy()
    const before = descriptors.sockets
    let settled = 0
    const dial = connectTcp({
      address: '127.0.0.1',
      port,
      signal: never,
      onSettled: () => settled++,
    })
    expect(dial).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await dial.catch(() => {})
    expect([settled, descriptors.sockets]).toEqual([1, before])
  })

  test('a dial that was given up settles later, and its connection is cut', async () => {
    const { near, far } = await pair()
    const control = new AbortController()
    const settled = Promise.withResolvers<void>()
    const dial = connectTcp({
      address: '127.0.0.1',
      port: server?.port ?? 0,
      signal: control.signal,
      onSettled: () => settled.resolve(),
    })
    control.abort(new Error('given up'))
    expect(dial).rejects.toThrow('given up')
    await settled.promise
    near.destroy()
    far.destroy()
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
