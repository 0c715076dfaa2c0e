/**
 * Connections that are opened, refused and called off. What is taken over from Node is private to Bun: the
 * first test fails where that changes.
 */
import { describe, expect, test } from 'bun:test'
import { heapStats } from 'bun:jsc'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { connectTcp } from '../../src/net/connect.ts'
import { descriptors } from '../../src/net/descriptors.ts'
import { ignoreStream } from '../../src/core/byte-stream.ts'
import type { TcpStream } from '../../src/net/tcp-stream.ts'
import { holdPort } from '../../bench/chaos/held-port.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryPath } from '../support/temporary.ts'

const never = new AbortController().signal

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => (condition() ? resolve() : void setTimeout(look, 5))
    look()
  })
}

/** Sends back what it gets, and ends when the other side has. @param unix a path; else a free port. */
function startEcho(unix: string | undefined): { readonly port: number; stop(): void } {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  if (unix === undefined) server.listen(0, '127.0.0.1')
  else server.listen(unix)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, stop: () => void server.close() }
}

function functionsAlive(): number {
  return heapStats().objectTypeCounts['Function'] ?? 0
}

/** What comes until the other side has ended. */
function readAll(stream: TcpStream): Promise<string> {
  let text = ''
  return new Promise((resolve) => {
    stream.handler = {
      ...ignoreStream,
      streamOnData: (chunk) => void (text += chunk.toString()),
      streamOnClose: () => resolve(text),
    }
  })
}

describe('a connection', () => {
  test.each(['an address', 'a Unix socket'])('to %s is a stream like any other', async (kind) => {
    const unix = kind === 'an address' ? undefined : temporaryPath('echo.sock')
    const server = startEcho(unix)
    const { port } = server
    const sockets = descriptors.sockets
    const stream = await connectTcp({ address: '127.0.0.1', port, unix, signal: never })
    expect(descriptors.sockets).toBe(sockets + 1)
    const heard = readAll(stream)
    const text = 'x'.repeat(2_000_000)
    stream.write(Buffer.from(text))
    stream.end()
    expect(await heard).toBe(text)
    expect(descriptors.sockets).toBe(sockets)
    server.stop()
  })

  // Node's socket is known to the handle by a property of Bun's own, and lived as long as the connection.
  test('keeps nothing of what it began as', async () => {
    // Its own side has no closures.
    const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const place = { address: '127.0.0.1', port: server.port, signal: never }
    const open = async (count: number) => {
      const streams: TcpStream[] = []
      for (let index = 0; index < count; index++) streams.push(await connectTcp(place))
      Bun.gc(true)
      return streams
    }
    const [some, functions] = [await open(20), functionsAlive()]
    const many = await open(500)
    // One closure for each would be 500 more.
    expect(functionsAlive() - functions).toBeLessThan(250)
    for (const stream of [...some, ...many]) stream.destroy()
    server.stop(true)
  })

  test('that is refused throws what the system says, and leaves nothing', async () => {
    const [sockets, files] = [descriptors.sockets, openFiles()]
    const dial = connectTcp({ address: '127.0.0.1', port: await freePort(), signal: never })
    expect(dial).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await dial.catch(() => {})
    const missing = { address: '', port: 0, unix: temporaryPath('none.sock'), signal: never }
    expect(connectTcp(missing)).rejects.toMatchObject({ code: 'ENOENT' })
    await connectTcp(missing).catch(() => {})
    expect(descriptors.sockets).toBe(sockets)
    await until(() => openFiles() <= files)
  })

  // Of one that `Bun.connect` has begun the kernel keeps the descriptor for two minutes.
  test('that is called off while nobody answers leaves no descriptor behind', async () => {
    const { port, swallow } = holdPort()
    await swallow()
    const [sockets, files] = [descriptors.sockets, openFiles()]
    const attempt = new AbortController()
    const dials = Array.from({ length: 20 }, () =>
      connectTcp({ address: '127.0.0.1', port, signal: attempt.signal }).catch(
        (error: unknown) => error,
      ),
    )
    await until(() => openFiles() === files + 20)
    expect(descriptors.sockets).toBe(sockets + 20)
    const reason = new Error('nobody wants it any more')
    attempt.abort(reason)
    expect(await Promise.all(dials)).toEqual(Array(20).fill(reason))
    expect(descriptors.sockets).toBe(sockets)
    await until(() => openFiles() === files)
  })

  test('that is called off while it fails is counted down once', async () => {
    const sockets = descriptors.sockets
    const places = [
      { address: '', port: 0, unix: temporaryPath('none.sock') },
      { address: '255.255.255.255', port: 9 },
    ]
    for (const place of places) {
      for (const wait of [
        () => undefined,
        () => Promise.resolve(),
        () => new Promise(setImmediate),
      ]) {
        const attempt = new AbortController()
        const dial = connectTcp({ ...place, signal: attempt.signal })
        const outcome = dial.catch((error: unknown) => error)
        await wait()
        attempt.abort(new Error('nobody wants it'))
        expect(await outcome).toBeInstanceOf(Error)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(descriptors.sockets).toBe(sockets)
  })

  test('that was called off before is not begun', async () => {
    const dial = connectTcp({ address: '127.0.0.1', port: 1, signal: AbortSignal.abort('late') })
    expect(await dial.catch((reason: unknown) => reason)).toBe('late')
  })
})
