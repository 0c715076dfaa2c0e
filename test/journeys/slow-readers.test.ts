/** A side that does not read holds the other back, and both get everything once it reads. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { relayTo, startGateway, type RunningGateway } from '../support/gateway.ts'
import { runPeer, startPeer, type Line, type Peer } from '../support/peer.ts'
import { dialTcp, listenTcp, type TcpConnection } from '../support/tcp.ts'
import { upgradeRequest } from '../support/websocket.ts'

const MB = 1024 * 1024

describe('a WebSocket', () => {
  let server: Peer
  beforeAll(async () => {
    server = await startPeer('ws-server.mjs')
  })
  afterAll(() => server.stop())

  test('whose client does not read stops its server until it reads again', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest(`/out?flood=${64 * MB}`))
    await client.until(/\r\n\r\n/)
    client.pause()
    const reports: Line[] = []
    // The server reports ten times a second; five reports alike are a standstill.
    const last = await server.line((line) => {
      if (line['event'] !== 'flood') return false
      reports.push(line)
      return line['isDone'] === true || line['sentBytes'] === reports.at(-5)?.['sentBytes']
    })
    expect(last).toMatchObject({ isDone: false })
    client.discard()
    await server.line(({ isDone }) => isDone === true)
  }, 20_000)

  test('whose server does not read stops its client', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `ws://${gateway.host}/in?deaf=1`
    const result = await runPeer('ws-flood-client.mjs', url, '--send', `--bytes=${256 * MB}`)
    expect(result).toMatchObject({ ok: true, isStalled: true })
  }, 30_000)

  test('whose client reads late gets every message, in order', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `ws://${gateway.host}/late?flood=${32 * MB}`
    const late = ['--deaf-ms=200', `--bytes=${32 * MB}`]
    const result = await runPeer('ws-flood-client.mjs', url, ...late)
    expect(result).toMatchObject({ ok: true, bytes: 32 * MB })
  }, 20_000)
})

/**
 * Resolves when a number does not grow any more. Gateway, client and server of the tests below run on
 * one event loop, on which twenty answers of the gateway leave time for everything that has no obstacle.
 */
async function standstill(gateway: RunningGateway, progress: () => number): Promise<void> {
  for (let quiet = 0, before = -1; quiet < 20; quiet++) {
    if (progress() !== before) quiet = 0
    before = progress()
    await fetch(`http://${gateway.host}/ping`)
  }
}

function pagesFrom(host: string): string {
  return `
listeners: ["127.0.0.1:0"]
routes:
  - { path: /page, upstream: "http://${host}", limits: { pending: 4KB } }
  - { path: /ping, respond: {} }
`
}

describe('a body of 64 MB', () => {
  const piece = Buffer.alloc(256 * 1024)
  const pieces = 256
  const length = `Content-Length: ${pieces * piece.length}`

  /** Sends the body, and tells how much of it has been taken. */
  async function sendPieces(connection: TcpConnection, onTaken: (count: number) => void) {
    for (let count = 1; count <= pieces; count++) {
      await connection.sendWhole(piece)
      onTaken(count)
    }
  }

  test('whose client does not read stops the server that sends it', async () => {
    let taken = 0
    const { promise: isSent, resolve } = Promise.withResolvers<void>()
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(`HTTP/1.1 200 OK\n${length}\n\n`)
      await sendPieces(connection, (count) => (taken = count))
      resolve()
    })
    await using gateway = startGateway(pagesFrom(upstream.host))
    using client = await dialTcp(gateway.port)
    client.pause()
    client.send('GET /page HTTP/1.1\nHost: gateway.test\n\n')
    await standstill(gateway, () => taken)
    expect(taken).toBeLessThan(pieces)
    client.discard()
    await isSent
  }, 15_000)

  // The answer to an upgrade had the minute that a connection has until a route says otherwise.
  test('that refuses an upgrade is cut when its client takes nothing for timeout.send', async () => {
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(`HTTP/1.1 403 Forbidden\n${length}\n\n`)
      connection.send(Buffer.alloc(pieces * piece.length))
    })
    await using gateway = startGateway(relayTo(`ws://${upstream.host}`, 'timeout: { send: 200ms }'))
    using client = await dialTcp(gateway.port)
    client.pause()
    client.send(upgradeRequest('/'))
    expect(await gateway.event('handshake-rejected')).toMatchObject({ status: 403 })
  }, 10_000)

  test('whose server does not read stops the client that sends it', async () => {
    let taken = 0
    const { promise: accepted, resolve } = Promise.withResolvers<TcpConnection>()
    using upstream = await listenTcp((connection) => {
      connection.pause()
      resolve(connection)
    })
    await using gateway = startGateway(pagesFrom(upstream.host))
    using client = await dialTcp(gateway.port)
    client.send(`POST /page HTTP/1.1\nHost: gateway.test\n${length}\n\n`)
    const isSent = sendPieces(client, (count) => (taken = count))
    const connection = await accepted
    await standstill(gateway, () => taken)
    expect(taken).toBeLessThan(pieces)
    connection.discard()
    await isSent
  }, 15_000)
})

describe('a client that sends its requests ahead and reads the answers late', () => {
  const page = 'x'.repeat(40_000) // one chunk on its way through
  const requests = 400

  // The server's connection was paused for the sake of the client when an answer ended, and put back
  // among the idle ones like that: the next answer on it was never heard.
  test('gets all of them', async () => {
    let asked = 0
    using upstream = await listenTcp(async (connection) => {
      for (;;) {
        await connection.until(/\r\n\r\n/)
        asked++
        connection.send(`HTTP/1.1 200 OK\nContent-Length: ${page.length}\n\n${page}`)
      }
    })
    await using gateway = startGateway(pagesFrom(upstream.host))
    using client = await dialTcp(gateway.port)
    client.pause()
    client.send('GET /page HTTP/1.1\nHost: gateway.test\n\n'.repeat(requests))
    await standstill(gateway, () => asked)
    expect(asked).toBeLessThan(requests) // otherwise nothing was ever held back
    client.resume()
    for (let index = 0; index < requests; index++)
      expect((await client.message()).body).toHaveLength(page.length)
  }, 15_000)
})
