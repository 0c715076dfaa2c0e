/** What a client may send in a second: what comes too fast waits, or ends the session. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:tls'
import { relayTo, startGateway } from '../support/gateway.ts'
import { heardIn } from '../support/heard.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { makeCertificate } from '../support/certificates.ts'
import { rawConnect, readHead, startRawServer, upgradeHead } from '../support/raw.ts'
import { encodeClose, encodeFrame, Opcode, openWebSocket } from '../support/websocket.ts'

let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

async function flooded(limits: string, texts: readonly string[], path = '/') {
  const gateway = startGateway(relayTo(`ws://${server.host}`, `limits: ${limits}`))
  const client = await openWebSocket(`ws://${gateway.host}${path}`)
  const startedAtMs = performance.now()
  for (const text of texts) client.socket.send(text)
  return { gateway, client, startedAtMs }
}

describe('messages that come too fast', () => {
  const texts = Array.from({ length: 40 }, (_, index) => `message ${index}`)

  test('wait with over: delay, and arrive all of them, in order, no faster than the rate', async () => {
    const limits = '{ messages: { rate: 50/s, burst: 10, over: delay } }'
    const { gateway, client, startedAtMs } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    const heard: string[] = []
    client.socket.addEventListener('message', ({ data }) => heard.push(String(data)))
    await client.message((text) => text === 'message 39')
    // Ten at once, thirty at fifty a second.
    expect(performance.now() - startedAtMs).toBeGreaterThan(500)
    expect(heard.filter((text) => text.startsWith('message'))).toEqual(texts)
  })

  test('end the session with 4429 and over: close, behind as many as there may be', async () => {
    const limits = '{ messages: { rate: 1/s, burst: 10, over: close } }'
    const { gateway, client } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    expect(await client.closed).toEqual({ code: 4429, reason: 'more than 1 messages a second' })
    const { end, inbound } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'client', code: 4429, reason: 'RATE_EXCEEDED' })
    expect(inbound.messages).toBeGreaterThanOrEqual(10)
    expect(inbound.messages).toBeLessThan(20) // one more for each second this machine slept
  })

  test('do not hold up a ping that comes behind the last one there is room for', async () => {
    const limits = '{ messages: { rate: 1/s, burst: 1, over: delay } }'
    const { gateway, client } = await flooded(limits, ['first'])
    await using _ = gateway
    using __ = client
    await client.message((text) => text === 'first')
    client.socket.ping('x')
    const ponged = new Promise((resolve) => client.socket.addEventListener('pong', resolve))
    await ponged
  })

  test('which still wait when the gateway closes the session do not hold up its Close', async () => {
    const limits = '{ messages: { rate: 1/s, burst: 1, over: delay } }'
    const { gateway, client } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    await client.message((text) => text === 'message 0')
    void gateway.gateway.leave()
    expect((await client.closed).code).toBe(1012)
  }, 20_000)
})

describe('bytes that come too fast', () => {
  // Noise, since it is bytes as they are sent that count, and the client may compress.
  const texts = Array.from({ length: 8 }, () => randomBytes(50_000).toString('base64'))

  test('wait with over: delay, and arrive whole', async () => {
    const limits = '{ bytes: { rate: 500KB/s, burst: 100KB, over: delay } }'
    const { gateway, client, startedAtMs } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    for (const text of texts) await client.message((heard) => heard === text)
    expect(performance.now() - startedAtMs).toBeGreaterThan(450)
  })

  test('end the session with 4429 and over: close, at the end of a frame', async () => {
    const limits = '{ bytes: { rate: 1KB/s, burst: 120KB, over: close } }'
    const { gateway, client } = await flooded(limits, texts, '/bytes-too-fast')
    await using _ = gateway
    using __ = client
    expect((await client.closed).code).toBe(4429)
    // The server got whole messages and a proper Close: 1011, not 1006.
    const heard = await server.line(
      ({ event, url }) => event === 'close' && url === '/bytes-too-fast',
    )
    expect(heard).toMatchObject({ code: 1011 })
  })
})

describe('what waits for its rate', () => {
  const messages = Array.from({ length: 30 }, (_, index) =>
    encodeFrame(Opcode.text, `message ${index}`, { isMasked: true }),
  )
  const bytes = Buffer.concat(messages)

  test('arrives even where the client has ended in the same write, over TLS', async () => {
    const { promise: received, resolve } = Promise.withResolvers<Buffer>()
    await using upstream = await startRawServer((socket) => {
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.on('end', () => resolve(Buffer.concat(chunks)))
      socket.resume()
    })
    const { cert, key } = makeCertificate()
    await using gateway = startGateway(`
listeners: [{ address: 127.0.0.1, port: 0, tls: { cert: ${cert}, key: ${key} } }]
routes:
  - upstream: ws://127.0.0.1:${upstream.port}
    limits: { messages: { rate: 100/s, burst: 5 } }
`)
    const client = connect({ port: gateway.port, host: '127.0.0.1', rejectUnauthorized: false })
    client.on('error', () => {})
    client.write(upgradeHead('/'))
    readHead(client, () => client.end(bytes))
    expect(heardIn(await received)).toEqual(heardIn(bytes))
  })

  test('goes on at once when the server has said its Close, with the client’s own behind it', async () => {
    const { promise: heard, resolve } = Promise.withResolvers<Buffer>()
    await using upstream = await startRawServer((socket) => {
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (chunks.length === 1) socket.write(encodeClose(1000, 'bye', { isMasked: false }))
        if (Buffer.concat(chunks).length >= bytes.length + 8) resolve(Buffer.concat(chunks))
      })
      socket.resume()
    })
    await using gateway = startGateway(
      relayTo(`ws://127.0.0.1:${upstream.port}`, 'limits: { messages: { rate: 1/s, burst: 1 } }'),
    )
    const client = await rawConnect(gateway.port)
    const close = encodeClose(1000, '', { isMasked: true })
    client.on('data', () => client.write(close))
    client.resume()
    client.write(bytes)
    expect(heardIn(await heard)).toEqual(heardIn(Buffer.concat([bytes, close])))
    client.destroy()
  })
})
